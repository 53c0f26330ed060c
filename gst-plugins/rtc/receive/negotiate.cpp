#include "rtc/receive/negotiate.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "rtc/transport/answer.h"

namespace reallive::rtc {

namespace {

constexpr std::string_view kSendTimeUri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
constexpr std::array kTakenUris = {extension_uri::kMid, extension_uri::kTransportCc, kSendTimeUri,
                                   extension_uri::kAbsCaptureTime};
constexpr std::array<std::string_view, 5> kTakenFeedback = {"nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"};
constexpr uint16_t kLargestExtensionId = 14;  // one-byte form

// RFC 6184 section 8.1, table 5: profile 42 with constraint_set1, or 4d/58 with constraint_set0 (and 1).
bool constrained_baseline(const sdp::Codec& codec) {
  const auto level = codec.parameter("profile-level-id");
  if (!level || level->size() != 6) return false;
  unsigned value = 0;
  if (std::from_chars(level->data(), level->data() + 6, value, 16).ptr != level->data() + 6) return false;
  const unsigned profile = value >> 16;
  const unsigned constraints = (value >> 8) & 0xff;
  if (profile == 0x42) return (constraints & 0x40) != 0;
  if (profile == 0x4d) return (constraints & 0x80) != 0;
  return profile == 0x58 && (constraints & 0xc0) == 0xc0;
}

// How gladly an offered codec is taken, more is better, 0 not at all. H.264 first: it alone goes into every output.
int preference(const sdp::Media& media, const sdp::Codec& codec) {
  if (media.kind == sdp::Kind::kAudio) return codec.is("opus") && codec.clock_rate == 48'000 ? 1 : 0;
  if (codec.clock_rate != 90'000) return 0;
  if (codec.is("VP8")) return 1;
  if (!codec.is("H264")) return 0;
  const std::string mode = codec.parameter("packetization-mode").value_or("0");
  if (mode == "2") return 0;  // interleaved: nobody sends it
  if (mode != "1") return 2;
  return constrained_baseline(codec) ? 4 : 3;
}

const sdp::Codec* choose(const sdp::Media& media) {
  const sdp::Codec* best = nullptr;
  int best_preference = 0;
  for (const sdp::Codec& codec : media.codecs) {
    const int value = preference(media, codec);
    if (value > best_preference) {
      best = &codec;
      best_preference = value;
    }
  }
  return best;
}

ReceiveTrack describe(const sdp::Media& media, const sdp::Codec& codec) {
  ReceiveTrack track;
  track.codec = codec.is("opus") ? ReceiveCodec::kOpus : codec.is("VP8") ? ReceiveCodec::kVp8 : ReceiveCodec::kH264;
  track.mid = media.mid;
  track.payload_type = codec.payload_type;
  track.clock_rate = codec.clock_rate;
  track.channels = codec.channels;
  track.fmtp = codec.fmtp;
  track.nack = codec.has_feedback("nack");
  if (track.video() && codec.has_feedback("nack pli")) {
    track.keyframes = KeyframeRequests::Means::kPictureLoss;
  } else if (track.video() && codec.has_feedback("ccm fir")) {
    track.keyframes = KeyframeRequests::Means::kFullIntra;
  }
  if (const sdp::Codec* rtx = media.rtx_of(codec.payload_type)) track.rtx_payload_type = rtx->payload_type;
  std::vector<uint32_t> repairs;
  for (const sdp::SsrcGroup& group : media.ssrc_groups) {
    if (group.semantics == "FID" && group.ssrcs.size() == 2) repairs.push_back(group.ssrcs[1]);
  }
  for (const sdp::Ssrc& ssrc : media.ssrcs) {
    const bool repair = std::find(repairs.begin(), repairs.end(), ssrc.ssrc) != repairs.end();
    (repair ? track.rtx_ssrcs : track.ssrcs).push_back(ssrc.ssrc);
  }
  return track;
}

// What the answer says of an accepted line: the chosen codec, its repair, and of the rest what we understand.
sdp::Media answer_line(const sdp::Media& offered, const sdp::Codec& codec) {
  sdp::Media answer = accepted_copy(offered, sdp::Direction::kRecvOnly);
  answer.extmap_allow_mixed = offered.extmap_allow_mixed;
  answer.codecs.push_back(codec);
  std::erase_if(answer.codecs.back().feedback, [](const std::string& value) {
    return std::find(kTakenFeedback.begin(), kTakenFeedback.end(), value) == kTakenFeedback.end();
  });
  if (const sdp::Codec* rtx = offered.rtx_of(codec.payload_type)) {
    answer.codecs.push_back(*rtx);
    answer.codecs.back().feedback.clear();
  }
  for (const sdp::Extmap& extension : offered.extmaps) {
    const bool taken = std::find(kTakenUris.begin(), kTakenUris.end(), extension.uri) != kTakenUris.end();
    if (!taken || extension.id == 0 || extension.id > kLargestExtensionId) continue;
    answer.extmaps.push_back({extension.id, extension.uri, sdp::Direction::kSendRecv});
  }
  return answer;
}

void take_extensions(const sdp::Media& answer, ReceiveExtensions& extensions) {
  const auto take = [&answer](uint8_t& id, std::string_view uri) {
    if (id == 0) id = answer.extension_id(uri);
  };
  take(extensions.mid, extension_uri::kMid);
  take(extensions.transport_sequence, extension_uri::kTransportCc);
  take(extensions.absolute_capture_time, extension_uri::kAbsCaptureTime);
}

}  // namespace

std::string_view to_string(ReceiveCodec codec) {
  switch (codec) {
    case ReceiveCodec::kH264:
      return "H264";
    case ReceiveCodec::kVp8:
      return "VP8";
    case ReceiveCodec::kOpus:
      return "OPUS";
  }
  return "";
}

Result<ReceiveNegotiation> negotiate_receive(const sdp::Session& offer) {
  ReceiveNegotiation result;
  result.answer = begin_answer(offer);
  bool sends = false;
  bool transport_wide = false;
  bool remb = false;
  for (const sdp::Media& media : offer.media) {
    const bool known = media.kind == sdp::Kind::kAudio || media.kind == sdp::Kind::kVideo;
    const bool sending = media.direction == sdp::Direction::kSendOnly || media.direction == sdp::Direction::kSendRecv;
    sends = sends || (known && sending && !media.rejected());
    const sdp::Codec* codec = known && !media.rejected() ? choose(media) : nullptr;
    if (!codec || !sending || result.tracks.size() == kMaxReceiveTracks) {
      result.answer.media.push_back(sdp::rejected_copy(media));
      continue;
    }
    result.tracks.push_back(describe(media, *codec));
    result.answer.media.push_back(answer_line(media, *codec));
    take_extensions(result.answer.media.back(), result.extensions);
    result.reduced_size = result.reduced_size && media.rtcp_rsize;
    transport_wide = transport_wide || codec->has_feedback("transport-cc");
    remb = remb || codec->has_feedback("goog-remb");
  }
  if (!sends) return fail("bad-offer", "The offer sends neither video nor audio (no sendonly or sendrecv line).");
  if (result.tracks.empty()) {
    return fail("no-common-codec", "None of the offered codecs can be taken: video H264 or VP8, audio opus.");
  }
  if (transport_wide && result.extensions.transport_sequence != 0) {
    result.feedback = CongestionFeedback::Mode::kTransportWide;
  } else if (remb) {
    result.feedback = CongestionFeedback::Mode::kRemb;
  }
  return result;
}

}  // namespace reallive::rtc
