// How a viewer's offer meets the tracks of a stream: which line carries which track, in which payload type.
// Pure functions over the SDP model; any thread. They never refuse H.264 for its profile: decoders take more than they
// say, and the browser shows what it cannot.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "rtc/send/frame.h"
#include "rtc/wire/sdp.h"

namespace reallive::rtc {

/// What a stream has to send.
struct TrackDescription {
  CodecKind codec = CodecKind::kH264;
  std::string profile;  // as Payloader::profile() gives it; empty when not known yet
};

/// How one track goes to one viewer.
struct TrackPlan {
  size_t track = 0;  // index among the stream's tracks
  uint8_t payload_type = 0;
  std::optional<uint8_t> rtx_payload_type;
  uint32_t ssrc = 0;
  uint32_t rtx_ssrc = 0;  // meaningful with rtx_payload_type
  bool nack = false;
  // Header extension ids; 0: not agreed.
  uint8_t mid_id = 0;
  uint8_t abs_capture_time_id = 0;
  uint8_t playout_delay_id = 0;
  std::string mid;
};

struct ViewerPlan {
  sdp::Session answer;  // without transport: see finish_answer()
  std::string cname;
  std::vector<TrackPlan> tracks;  // never empty
};

/// Error code "no-common-codec" when no track can be sent, or a video track cannot though the offer asks for video;
/// "bad-offer" when nothing in the offer wants to receive.
Result<ViewerPlan> negotiate_viewer(const sdp::Session& offer, std::span<const TrackDescription> tracks);

/// The offered H.264 codec for a stream of `profile_level_id`: packetization-mode 1 before those that do not say, and
/// of those the exact profile and level, else the same profile, else the same profile_idc, else 42e01f, else the first.
/// nullptr: there is none, or only such as want mode 0.
const sdp::Codec* choose_h264(const sdp::Media& media, std::string_view profile_level_id);

/// The offered H.265 codec whose decoder takes a stream of this profile-id (empty: main): in transmission mode SRST,
/// the same profile before a higher one. nullptr: there is none; unlike H.264, decoders take no more than they say.
const sdp::Codec* choose_h265(const sdp::Media& media, std::string_view profile_id);

}  // namespace reallive::rtc
