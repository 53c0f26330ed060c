// Media: the only door from the orchestrator to GStreamer. Owns every source and output pipeline, starts them on
// demand, watches their buses and restarts them. Lives on the main loop's thread; callbacks and Listener calls
// come there too. It never blocks, never sees a buffer's bytes, never knows about users, HTTP or SQL.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/address_rule.h"
#include "pipeline/camera_source.h"

namespace reallive::media {

/// What the WebRTC endpoint takes at most.
struct RtcLimits {
  unsigned max_sessions = 1000;
  unsigned handshakes_per_second = 200;
  unsigned connect_timeout_ms = 10'000;
  unsigned max_sdp_bytes = 64 * 1024;  ///< of offers and trickle fragments
  unsigned max_packet_bytes = 2048;    ///< longer UDP packets are dropped
  bool operator==(const RtcLimits&) const = default;
};

struct Config {
  std::string webrtc_listen = ":8189";           ///< HOST:PORT of the shared UDP socket; port 0 picks a free one
  std::vector<std::string> announced_addresses;  ///< addresses put into answers instead of the interfaces' own
  RtcLimits limits = {};
  unsigned viewer_linger_ms = 10'000;  ///< how long an on-demand stream runs on after its last viewer
  unsigned start_limit_ms = 10'000;    ///< how long a view request waits for an on-demand source
  pipeline::AddressRule allow = {};    ///< which addresses cameras may have
  unsigned source_back_off_ms = 500;  ///< the first wait before a failed source is tried again; the longest is 60 times
  unsigned source_healthy_ms = 10'000;  ///< it begins with the first wait again once it has played for so long
  unsigned probe_ms = 60'000;           ///< how often an idle RTSP camera is asked for a sign; 0: never
  bool operator==(const Config&) const = default;
};

struct SourceSpec {
  std::string stream;             ///< the camera's id: the channel's name, stable when the short name changes
  pipeline::CameraSource source;  ///< parsed `source.url`
  bool on_demand = true;
  bool transcode = false;  ///< H.265 is made H.264 for viewers that cannot play it
  bool operator==(const SourceSpec&) const = default;
};

/// `idle`: it is there, and nothing flows as nobody watches; `online`: media flows.
enum class StreamState { offline, connecting, online, error, idle };

struct StreamStatus {
  StreamState state = StreamState::offline;
  std::string error;  ///< a sentence, when state is error or offline
  std::string video_codec, audio_codec;
  int width = 0, height = 0;
  double fps = 0, bitrate = 0;  ///< frames and bits a second over the last seconds
  unsigned viewers = 0;
  uint64_t bytes_in = 0;
  std::optional<unsigned> start_ms;      ///< from the source's start to its first picture, the last time
  std::vector<std::string> conversions;  ///< that run now: "H265 to H264", "AAC to Opus"
  std::string capture_time;              ///< whose clock: "sender", "arrival"; empty while nothing comes
  std::string note;                      ///< a sentence about what fails while the rest works; empty for none
  /// How old a picture was by its sender's clock when it came, the median of the last second; nothing when only the
  /// arrival is known. Of a clock that is more than ten seconds off: how much later than the quickest one it came.
  std::optional<double> latency_ms;
  std::optional<double> capture_age_s;  ///< since the newest picture was made, by the clock that `capture_time` names
  /// Pictures that were lost on their way here, or left out before a busy encoder, since the source started.
  uint64_t dropped_frames = 0;
  std::optional<bool> b_frames;  ///< of H.264 and H.265, once it is known
};

/// What a try of a source gave.
struct SourceTestResult {
  bool ok = false;
  std::string code;     ///< ok password_refused no_answer not_found no_video not_allowed unsupported failed
  std::string message;  ///< a sentence
  StreamStatus status;  ///< codecs, size and rate, as far as they were seen
  std::string picture;  ///< one picture as `data:image/jpeg;base64,…`; empty when there is none
  unsigned elapsed_ms = 0;
};
using SourceTestCallback = std::function<void(const SourceTestResult&)>;

struct SessionReply {
  std::string session;  ///< unguessable id of the viewer or publisher
  std::string sdp;      ///< the answer
};

struct SessionStats {
  std::string session, stream, kind;  ///< kind: "view" or "publish"
  std::string remote_address, srtp_profile, video_codec, audio_codec;
  bool connected = false;
  uint64_t packets = 0, bytes = 0, retransmissions = 0, lost = 0;
  double rtt_ms = 0;
  /// A viewer is shown pictures that came here more than a second ago, quickly one after another, until it is live: it
  /// begins with the last key frame, and the source has given no newer one.
  bool catching_up = false;
};

/// Told what happens, on the main loop.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void stream_changed(const std::string& stream, const StreamStatus& status) = 0;
  virtual void session_connected(const std::string& session) = 0;
  virtual void session_gone(const std::string& session, const std::string& reason) = 0;
};

/// Errors of view() and publish(), by code: `bad-offer` (the SDP cannot be used), `no-common-codec`, `not-live`
/// (known but nothing comes), `already-published`, `not-publishable` (this source pulls), `no-such-stream`,
/// `too-many-sessions`, `failed`.
using SessionCallback = std::function<void(base::Result<SessionReply>)>;

/// The UDP address of WebRTC media, open.
class RtcAnchor;

class Media {
 public:
  /// Error code `failed`: `webrtc_listen` cannot be listened on.
  static base::Result<std::unique_ptr<Media>> create(Config config, Listener& listener);
  virtual ~Media() = default;

  /// Opens `config`'s UDP address beside the one in use, which serves on; null when it is the same. It closes again
  /// unless reconfigure() gets it. Error code `failed`: it cannot be listened on, as another program does, or as this
  /// machine does not have it.
  virtual base::Result<std::shared_ptr<RtcAnchor>> open_address(const Config& config) = 0;
  /// Takes over another configuration, with what open_address() gave for it. Touches only what it changes: limits and
  /// waits count for what begins from now on; sources whose addresses are forbidden now end with their viewers; another
  /// `webrtc_listen` ends every session, and answers at the new address from its return on.
  virtual void reconfigure(Config config, std::shared_ptr<RtcAnchor> address) = 0;

  /// Adds a source or replaces the one of that stream; the same spec again changes nothing.
  virtual void set_source(const SourceSpec& spec) = 0;
  /// Ends the source and every session of it.
  virtual void remove_source(const std::string& stream) = 0;

  /// Plays a source once, within 12 s, apart from all streams. False when two are being tried already; else `done` is
  /// called later, unless the server stops.
  virtual bool test_source(const pipeline::CameraSource& source, SourceTestCallback done) = 0;

  virtual void view(const std::string& stream, const std::string& offer, SessionCallback done) = 0;
  virtual void publish(const std::string& stream, const std::string& offer, SessionCallback done) = 0;
  /// `application/trickle-ice-sdpfrag`; false when the session is unknown.
  virtual bool trickle(const std::string& session, const std::string& sdpfrag) = 0;
  /// New ufrag and password in `sdpfrag`; the answer's fragment. `no-such-session`, `bad-offer`.
  virtual base::Result<std::string> restart_ice(const std::string& session, const std::string& sdpfrag) = 0;
  virtual bool end_session(const std::string& session) = 0;

  virtual StreamStatus status(const std::string& stream) const = 0;
  virtual std::vector<SessionStats> sessions() const = 0;
  /// Of one session, at the cost of one; nothing when it is over.
  virtual std::optional<SessionStats> session(const std::string& session) const = 0;
  /// The UDP port that WebRTC media uses (port 0 in the configuration picks one).
  virtual uint16_t webrtc_port() const = 0;
  /// Says goodbye to every session (DTLS close_notify, RTCP BYE) and stops all pipelines; at most 2 s.
  virtual void shutdown() = 0;
};

}  // namespace reallive::media
