#include "rtc/send/negotiate.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <openssl/rand.h>
#include <set>
#include <stdexcept>

#include "rtc/transport/answer.h"

namespace reallive::rtc {

namespace {

uint32_t random_u32() {
  uint32_t value = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) != 1) {
    throw std::runtime_error("the random number generator failed");
  }
  return value;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

// RFC 6184 section 8.1: without the parameter it is baseline, level 1.
std::string profile_of(const sdp::Codec& codec) {
  return lower(codec.parameter("profile-level-id").value_or("42000a"));
}

bool wants_media(const sdp::Media& media) {
  return !media.rejected() &&
         (media.direction == sdp::Direction::kRecvOnly || media.direction == sdp::Direction::kSendRecv);
}

bool is_kind_of(const sdp::Media& media, CodecKind codec) {
  return media.kind == (is_video(codec) ? sdp::Kind::kVideo : sdp::Kind::kAudio);
}

const sdp::Codec* choose_codec(const sdp::Media& media, const TrackDescription& track) {
  if (track.codec == CodecKind::kH264) return choose_h264(media, track.profile);
  if (track.codec == CodecKind::kH265) return choose_h265(media, track.profile);
  for (const auto& codec : media.codecs) {
    if (codec.is(codec_name(track.codec)) && codec.clock_rate == codec_clock_rate(track.codec)) return &codec;
  }
  return nullptr;
}

std::string offered_names(const sdp::Session& offer, sdp::Kind kind) {
  std::set<std::string> names;
  for (const auto& media : offer.media) {
    if (media.kind != kind || !wants_media(media)) continue;
    for (const auto& codec : media.codecs) {
      const std::string name = lower(codec.name);
      if (name != "rtx" && name != "red" && name != "ulpfec" && name != "flexfec-03") names.insert(codec.name);
    }
  }
  std::string list;
  for (const auto& name : names)
    list += (list.empty() ? "" : ", ") + name;
  return list.empty() ? "nothing" : list;
}

uint8_t agree_extension(const sdp::Media& offered, sdp::Media& answer, std::string_view uri) {
  const uint8_t id = offered.extension_id(uri);
  if (id == 0 || id > 14) return 0;  // the one-byte form is all that we write (RFC 8285 section 4.2)
  answer.extmaps.push_back({id, std::string(uri)});
  return id;
}

// The answer's line for `track`, and the plan that it promises.
TrackPlan answer_track(const sdp::Media& offered, const sdp::Codec& chosen, const TrackDescription& track,
                       const std::string& cname, sdp::Media& line) {
  TrackPlan plan;
  plan.payload_type = chosen.payload_type;
  plan.ssrc = random_u32();
  plan.mid = offered.mid;

  sdp::Codec codec = chosen;
  codec.feedback.clear();
  // What helps the viewer and what we act upon; transport-wide feedback would tell us nothing that we use.
  for (const char* feedback : {"nack", "nack pli", "ccm fir", "goog-remb"}) {
    if (chosen.has_feedback(feedback)) codec.feedback.push_back(feedback);
  }
  plan.nack = chosen.has_feedback("nack");
  line.codecs.push_back(codec);
  line.ssrcs.push_back({plan.ssrc, cname, {}});
  if (const sdp::Codec* rtx = plan.nack ? offered.rtx_of(chosen.payload_type) : nullptr) {
    plan.rtx_payload_type = rtx->payload_type;
    do {
      plan.rtx_ssrc = random_u32();
    } while (plan.rtx_ssrc == plan.ssrc);
    sdp::Codec repair = *rtx;
    repair.feedback.clear();
    line.codecs.push_back(repair);
    line.ssrcs.push_back({plan.rtx_ssrc, cname, {}});
    line.ssrc_groups.push_back({"FID", {plan.ssrc, plan.rtx_ssrc}});
  }
  line.msid = cname + (is_video(track.codec) ? " video" : " audio") + std::to_string(plan.ssrc);
  plan.mid_id = agree_extension(offered, line, extension_uri::kMid);
  plan.abs_capture_time_id = agree_extension(offered, line, extension_uri::kAbsCaptureTime);
  if (is_video(track.codec)) plan.playout_delay_id = agree_extension(offered, line, extension_uri::kPlayoutDelay);
  return plan;
}

// A line that the stream has nothing for stays in the bundle, so that a later offer can use it.
sdp::Media idle_line(const sdp::Media& offered) {
  if (offered.rejected() || offered.codecs.empty() ||
      (offered.kind != sdp::Kind::kAudio && offered.kind != sdp::Kind::kVideo)) {
    return sdp::rejected_copy(offered);
  }
  sdp::Media line = accepted_copy(offered, sdp::Direction::kInactive);
  line.codecs.push_back(offered.codecs.front());
  line.codecs.back().feedback.clear();
  return line;
}

}  // namespace

const sdp::Codec* choose_h264(const sdp::Media& media, std::string_view profile_level_id) {
  const std::string wanted = lower(profile_level_id);
  const sdp::Codec* best = nullptr;
  int best_score = -1;
  for (const auto& codec : media.codecs) {
    const auto mode = codec.parameter("packetization-mode");
    if (!codec.is("H264") || (mode && *mode != "1")) continue;
    const std::string profile = profile_of(codec);
    int score = 0;
    if (wanted.size() == 6 && profile == wanted) {
      score = 4;
    } else if (wanted.size() == 6 && profile.substr(0, 4) == wanted.substr(0, 4)) {
      score = 3;
    } else if (wanted.size() == 6 && profile.substr(0, 2) == wanted.substr(0, 2)) {
      score = 2;
    } else if (profile == "42e01f") {
      score = 1;
    }
    if (mode) score += 10;  // who is silent about the mode takes fragments all the same, as far as is known
    if (score > best_score) {
      best = &codec;
      best_score = score;
    }
  }
  return best;
}

// RFC 7798 section 7.1: without the parameter it is profile 1, main. Main 10 (2) decodes main too.
const sdp::Codec* choose_h265(const sdp::Media& media, std::string_view profile_id) {
  const std::string wanted(profile_id.empty() ? "1" : profile_id);
  const sdp::Codec* higher = nullptr;
  for (const auto& codec : media.codecs) {
    const auto mode = codec.parameter("tx-mode");
    if (!codec.is("H265") || (mode && *mode != "SRST")) continue;
    const std::string profile = codec.parameter("profile-id").value_or("1");
    if (profile == wanted) return &codec;
    if (wanted == "1" && profile == "2" && !higher) higher = &codec;
  }
  return higher;
}

Result<ViewerPlan> negotiate_viewer(const sdp::Session& offer, std::span<const TrackDescription> tracks) {
  if (std::none_of(offer.media.begin(), offer.media.end(), wants_media)) {
    return fail("bad-offer", "nothing in the offer wants to receive (a=recvonly or a=sendrecv)");
  }
  ViewerPlan plan;
  plan.answer = begin_answer(offer);
  plan.cname = "reallive-" + std::to_string(random_u32());

  std::vector<bool> used(tracks.size(), false);
  for (const auto& offered : offer.media) {
    const sdp::Codec* chosen = nullptr;
    size_t index = 0;
    for (; wants_media(offered) && index < tracks.size(); ++index) {
      if (used[index] || !is_kind_of(offered, tracks[index].codec)) continue;
      if ((chosen = choose_codec(offered, tracks[index]))) break;
    }
    if (!chosen) {
      plan.answer.media.push_back(idle_line(offered));
      continue;
    }
    used[index] = true;
    sdp::Media line = accepted_copy(offered, sdp::Direction::kSendOnly);
    TrackPlan track = answer_track(offered, *chosen, tracks[index], plan.cname, line);
    track.track = index;
    plan.tracks.push_back(std::move(track));
    plan.answer.media.push_back(std::move(line));
  }

  for (size_t index = 0; index < tracks.size(); ++index) {
    const bool video = is_video(tracks[index].codec);
    const bool asked = std::any_of(offer.media.begin(), offer.media.end(), [&](const sdp::Media& media) {
      return wants_media(media) && is_kind_of(media, tracks[index].codec);
    });
    const bool sent_alike = std::any_of(plan.tracks.begin(), plan.tracks.end(), [&](const TrackPlan& track) {
      return is_video(tracks[track.track].codec) == video;
    });
    if (!used[index] && asked && !sent_alike && (video || plan.tracks.empty())) {
      return fail("no-common-codec", std::string("the stream is ") + codec_name(tracks[index].codec) +
                                         "; the offer takes " +
                                         offered_names(offer, video ? sdp::Kind::kVideo : sdp::Kind::kAudio));
    }
  }
  if (plan.tracks.empty()) return fail("no-common-codec", "the stream has no track of a kind that the offer asks for");
  return plan;
}

}  // namespace reallive::rtc
