// CameraSource: where a camera's pictures come from, parsed from the text people write as `source.url`.
// A plain value and pure functions; any thread. It never resolves names, opens anything or puts a password into an
// error or a text for logs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reallive::pipeline {

struct CameraSource {
  enum class Kind {
    publish,  ///< `publish`: somebody sends it here (WHIP)
    test,     ///< `test`: a moving picture with a clock, and a tone
    rtsp,     ///< `rtsp://…`, `rtsps://…`: pulled from a camera or another server
    device,   ///< `device:NAME`: a camera of this machine
    launch    ///< `launch:…`: any GStreamer launch fragment. It runs with the server's rights: admins only
  };

  /// How media of an rtsp source travels. `automatic`: within the connection (TCP), by UDP when that is refused.
  enum class Transport { automatic, tcp, udp };

  Kind kind = Kind::publish;
  Transport transport = Transport::automatic;  ///< rtsp; not part of the text
  std::string url = {};                        ///< rtsp: the address without user, password and fragment; else empty
  std::string host = {};                       ///< rtsp: name or address, IPv6 without brackets, in lower case
  uint16_t port = 0;                           ///< rtsp: 554, 322 for rtsps, where the address names none
  std::string user = {};                       ///< rtsp: percent-decoded; empty when there is none
  std::string password = {};                   ///< rtsp: percent-decoded
  std::string device = {};                     ///< device: its name
  std::string fragment = {};                   ///< launch: what stands after the colon
  bool operator==(const CameraSource&) const = default;
};

/// VALIDATION_FAILED with field `source.url` and a sentence that says what is wrong and what would be right: more than
/// 500 characters, control characters, an unknown scheme, a URL without host, a bad port or percent sign.
base::Result<CameraSource> parse_camera_source(std::string_view text);

/// `auto`, `tcp` or `udp`; anything else is automatic.
CameraSource::Transport transport_of(std::string_view word);

/// rtsp: what is talked to, for sentences: `cam.lan:554`, `[fd00::1]:554`; else empty.
std::string place_of(const CameraSource& source);

/// rtsp: `url` with the host's numeric address in place of its name, so that who connects resolves nothing anew.
std::string url_by_address(const CameraSource& source, const std::string& address);

/// The source as it may be shown and logged: user and password appear as `***`, query values too.
std::string describe(const CameraSource& source);

}  // namespace reallive::pipeline
