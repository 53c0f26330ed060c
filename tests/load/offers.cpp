#include "load/offers.h"

namespace reallive::load {

namespace {

using namespace rtc;

void add_h264(sdp::Media& media, uint8_t payload_type, const std::string& profile) {
  sdp::Codec codec;
  codec.payload_type = payload_type;
  codec.name = "H264";
  codec.clock_rate = 90000;
  codec.fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile;
  codec.feedback = {"goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"};
  media.codecs.push_back(codec);
  sdp::Codec rtx;
  rtx.payload_type = static_cast<uint8_t>(payload_type + 1);
  rtx.name = "rtx";
  rtx.clock_rate = 90000;
  rtx.fmtp = "apt=" + std::to_string(payload_type);
  media.codecs.push_back(rtx);
}

/// With ICE and DTLS values in each media, as browsers write them.
sdp::Media make_media(sdp::Kind kind, const std::string& mid, sdp::Direction direction,
                      const sdp::Transport& transport) {
  sdp::Media media;
  media.transport = transport;
  media.kind = kind;
  media.type = kind == sdp::Kind::kVideo ? "video" : "audio";
  media.mid = mid;
  media.direction = direction;
  media.rtcp_mux = true;
  media.rtcp_rsize = true;
  media.extmaps = {{4, kTwccUri}, {9, kMidUri}};
  return media;
}

sdp::Session make_session(std::vector<std::string> mids) {
  sdp::Session session;
  session.id = 1;
  session.version = 2;
  session.bundles = {std::move(mids)};
  session.extmap_allow_mixed = true;
  return session;
}

}  // namespace

sdp::Session viewer_offer(const sdp::Transport& transport, const std::string& profile) {
  sdp::Session session = make_session({"0", "1"});
  sdp::Media video = make_media(sdp::Kind::kVideo, "0", sdp::Direction::kRecvOnly, transport);
  uint8_t payload_type = kFirstH264;
  for (const std::string& each : {profile, std::string("42e01f"), std::string("4d001f"), std::string("f4001f")}) {
    add_h264(video, payload_type, each);
    payload_type = static_cast<uint8_t>(payload_type + 2);
  }
  sdp::Media audio = make_media(sdp::Kind::kAudio, "1", sdp::Direction::kRecvOnly, transport);
  sdp::Codec opus;
  opus.payload_type = 111;
  opus.name = "opus";
  opus.clock_rate = 48000;
  opus.channels = 2;
  opus.fmtp = "minptime=10;useinbandfec=1";
  opus.feedback = {"transport-cc"};
  audio.codecs = {opus};
  session.media = {video, audio};
  return session;
}

sdp::Session publisher_offer(const sdp::Transport& transport, uint32_t ssrc, uint32_t repair_ssrc) {
  sdp::Session session = make_session({"0"});
  sdp::Media video = make_media(sdp::Kind::kVideo, "0", sdp::Direction::kSendOnly, transport);
  add_h264(video, kFirstH264, "42e01f");
  video.msid = "load video";
  video.ssrc_groups = {{"FID", {ssrc, repair_ssrc}}};
  video.ssrcs = {{ssrc, "load", "load video"}, {repair_ssrc, "load", "load video"}};
  session.media = {video};
  return session;
}

}  // namespace reallive::load
