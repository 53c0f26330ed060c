// Camera: what is known and wanted of one camera, and the rules for its fields. Plain values and pure functions.
// Any thread. It never checks what `source.url` means: that is the pipeline's business.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reallive::catalog {

struct Source {
  std::string url = "publish";      ///< a URL, `publish`, `test`, `device:NAME` or `launch:…`; at most 500 characters
  std::string transport = "auto";   ///< `auto`, `tcp` or `udp`, for rtsp
  bool on_demand = true;            ///< run only while somebody watches
  std::string transcode = "never";  ///< `never`, or `h264`: H.265 for viewers that cannot play it
  bool operator==(const Source&) const = default;
};

struct Camera {
  std::string id;      ///< UUID; the name of the media channel
  std::string name;    ///< for people, at most 100 characters
  std::string stream;  ///< short name in addresses: `[a-z0-9-]{1,64}`, unique on the server, never shaped like a UUID
  std::string company, model, serial_number;
  std::string location, place;
  std::string resolution = "1080p";
  Source source;
  bool is_active = true;  ///< false refuses publishing, pulling and viewing
  bool is_recording = false;
  bool is_public = false;
  std::string stream_status = "offline";  ///< `online offline connecting error`
  std::string status = "offline";         ///< `offline online streaming`
  std::string assigned_node;
  std::string stream_key;  ///< random UUID; shown to its owner and to admins only
  std::string owner_id;    ///< empty when the owner's account is gone
  std::string organization_id;
  std::string created_at, updated_at;  ///< RFC 3339
  bool operator==(const Camera&) const = default;
};

/// Fields that a request names; what is not given stays as it is (or takes its default in a new camera).
struct CameraFields {
  std::optional<std::string> name, stream, company, model, serial_number, location, place, resolution;
  std::optional<std::string> source_url, source_transport;
  std::optional<bool> source_on_demand;
  std::optional<std::string> source_transcode;
  std::optional<bool> is_active, is_recording, is_public;
  std::optional<std::string> owner_id;
};

/// Lengths in characters, not bytes. VALIDATION_FAILED with the field as the API names it (`serialNumber`,
/// `source.url`). `is_new`: name is required.
base::Result<void> check_fields(const CameraFields& fields, bool is_new);

/// `Front Door` → `front-door`, `Küche 2` → `kuche-2`; `camera` when nothing is left.
std::string short_name(std::string_view name);
/// The first of `base`, `base-2`, `base-3` … that is not taken, at most 64 characters.
base::Result<std::string> free_short_name(const std::string& base,
                                          const std::function<base::Result<bool>(const std::string&)>& taken);

}  // namespace reallive::catalog
