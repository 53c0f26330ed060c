// Session descriptions (RFC 8866, RFC 8829) as a plain model: a bounded parser, a writer.
// Value types for any thread. It only describes: choosing codecs and transports belongs to who negotiates.
// Never takes more bytes than it may (64 KiB unless told), 4096 lines, 32 media and 128 payload types a media.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace reallive::rtc::sdp {

inline constexpr size_t kMaxBytes = 64 * 1024;  // unless told
inline constexpr size_t kMaxLines = 4096;
inline constexpr size_t kMaxMedia = 32;
inline constexpr size_t kMaxFormats = 128;

enum class Kind : uint8_t { kAudio, kVideo, kApplication, kOther };
enum class Direction : uint8_t { kSendRecv, kSendOnly, kRecvOnly, kInactive };
enum class Setup : uint8_t { kNone, kActPass, kActive, kPassive };

/// The direction as the other side sees it: sendonly becomes recvonly and so on.
Direction reversed(Direction direction);

/// RFC 8122. `algorithm` in lower case, `value` as upper-case pairs with colons.
struct Fingerprint {
  std::string algorithm;
  std::string value;
  bool operator==(const Fingerprint&) const = default;
};

/// What ICE and DTLS need; may stand at session or media level (see transport_of()).
struct Transport {
  std::string ufrag;
  std::string pwd;
  std::vector<std::string> ice_options;  // "trickle", "renomination"
  std::vector<Fingerprint> fingerprints;
  Setup setup = Setup::kNone;
  bool operator==(const Transport&) const = default;
};

/// RFC 8839 section 5.1 without the extensions but tcptype.
struct Candidate {
  std::string foundation;
  int component = 1;
  std::string protocol = "udp";  // lower case
  uint32_t priority = 0;
  std::string address;  // an address or a .local name
  uint16_t port = 0;
  std::string type = "host";
  std::string tcp_type;  // "active", "passive", "so"; empty for UDP
  bool operator==(const Candidate&) const = default;
};
/// The value after "a=candidate:" ("candidate:" in front is allowed); nothing when malformed.
std::optional<Candidate> parse_candidate(std::string_view value);
std::string write_candidate(const Candidate& candidate);

/// One payload type with all that belongs to it.
struct Codec {
  uint8_t payload_type = 0;
  std::string name;  // as written in rtpmap, or from the static table (RFC 3551) when there is none
  uint32_t clock_rate = 0;
  uint16_t channels = 1;
  std::string fmtp;                   // raw parameters, "" for none
  std::vector<std::string> feedback;  // "nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"; "*" is spread
  bool operator==(const Codec&) const = default;

  /// Case-insensitive comparison of the encoding name.
  bool is(std::string_view encoding) const;
  bool has_feedback(std::string_view value) const;
  /// The value of one fmtp parameter, names compared without case: "apt", "profile-level-id"; nothing when absent.
  std::optional<std::string> parameter(std::string_view name) const;
};

/// RFC 8285 section 5.
struct Extmap {
  uint16_t id = 0;  // 1 to 255 (and 4096 up while offering, kept)
  std::string uri;
  Direction direction = Direction::kSendRecv;
  bool operator==(const Extmap&) const = default;
};

/// RFC 5576.
struct Ssrc {
  uint32_t ssrc = 0;
  std::string cname;
  std::string msid;  // "STREAM TRACK"
  bool operator==(const Ssrc&) const = default;
};
struct SsrcGroup {
  std::string semantics;  // "FID", "SIM", "FEC-FR"
  std::vector<uint32_t> ssrcs;
  bool operator==(const SsrcGroup&) const = default;
};

/// RFC 8851.
struct Rid {
  std::string id;
  bool send = true;
  std::string parameters;
  bool operator==(const Rid&) const = default;
};

/// One m-line and its attributes. For kinds other than audio and video only transport, mid and the line survive.
struct Media {
  Kind kind = Kind::kOther;
  std::string type;  // "audio", "video", "application", as written
  uint16_t port = 9;
  std::string protocol = "UDP/TLS/RTP/SAVPF";
  std::vector<std::string> formats;  // as written; write() takes them from `codecs` when there are any
  std::string mid;
  Direction direction = Direction::kSendRecv;
  std::vector<Codec> codecs;  // in order of preference
  std::vector<Extmap> extmaps;
  std::vector<Ssrc> ssrcs;
  std::vector<SsrcGroup> ssrc_groups;
  std::string msid;  // "STREAM TRACK"
  bool rtcp_mux = false;
  bool rtcp_rsize = false;
  bool bundle_only = false;
  bool extmap_allow_mixed = false;
  Transport transport;
  std::vector<Candidate> candidates;
  bool end_of_candidates = false;
  std::vector<Rid> rids;
  std::string simulcast;  // raw: "send h;m;l"
  std::string sctp_port;  // raw, for m=application
  bool operator==(const Media&) const = default;

  /// Port 0 without bundle-only: the line was refused.
  bool rejected() const { return port == 0 && !bundle_only; }
  const Codec* codec(uint8_t payload_type) const;
  /// The RTX codec (RFC 4588) whose apt is `payload_type`; nullptr when there is none.
  const Codec* rtx_of(uint8_t payload_type) const;
  /// The id under which `uri` was mapped; 0 when absent.
  uint8_t extension_id(std::string_view uri) const;
  /// The repair SSRC that an FID group pairs with `primary`; nothing when there is none.
  std::optional<uint32_t> repair_of(uint32_t primary) const;
};

struct Session {
  std::string origin_user = "-";
  uint64_t id = 0;
  uint64_t version = 1;
  std::string name = "-";
  bool ice_lite = false;
  bool extmap_allow_mixed = false;
  Transport transport;
  std::vector<std::vector<std::string>> bundles;  // a=group:BUNDLE, mids
  std::string msid_semantic;                      // raw: "WMS *"
  std::vector<Candidate> candidates;
  bool end_of_candidates = false;
  std::vector<Media> media;
  bool operator==(const Session&) const = default;
};

/// Error code "bad-offer", with the line number in the message, or when it is longer than `max_bytes`.
Result<Session> parse(std::string_view text, size_t max_bytes = kMaxBytes);

/// Writes offer or answer with CRLF. Session-level transport values are written at session level, media-level ones
/// at each media; addresses are 0.0.0.0 (ICE carries the real ones).
std::string write(const Session& session);

/// The m-line's own ICE and DTLS values, each that is absent taken from session level, then (for members of a bundle)
/// from the first m-line of the bundle.
Transport transport_of(const Session& session, const Media& media);

/// A refused copy of an offered line, as an answer needs it: same type, protocol, formats and mid, port 0.
Media rejected_copy(const Media& offered);

/// application/trickle-ice-sdpfrag (RFC 8840 section 9) as WHIP and WHEP send it.
struct Fragment {
  struct Section {
    std::string line;  // the pseudo m-line's value, "audio 9 UDP/TLS/RTP/SAVPF 0"; may be empty
    std::string mid;
    Transport transport;
    std::vector<Candidate> candidates;
    bool end_of_candidates = false;
    bool operator==(const Section&) const = default;
  };
  bool ice_lite = false;
  Transport transport;                // session level
  std::vector<Candidate> candidates;  // before any m-line
  bool end_of_candidates = false;
  std::vector<Section> sections;
  bool operator==(const Fragment&) const = default;

  /// The ICE credentials, wherever they stand; empty when there are none.
  std::string ufrag() const;
  std::string pwd() const;
};
/// Error code "bad-offer", also when it is longer than `max_bytes`. Candidates that do not parse are left out.
Result<Fragment> parse_fragment(std::string_view text, size_t max_bytes = kMaxBytes);
std::string write_fragment(const Fragment& fragment);

}  // namespace reallive::rtc::sdp
