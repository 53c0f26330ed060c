#include "rtc/transport/answer.h"

#include <algorithm>

namespace reallive::rtc {

namespace {

bool usable(const sdp::Media& media) {
  return !media.rejected() && (media.kind == sdp::Kind::kAudio || media.kind == sdp::Kind::kVideo);
}

bool in_one_bundle(const sdp::Session& offer, const std::vector<const sdp::Media*>& lines) {
  return std::any_of(offer.bundles.begin(), offer.bundles.end(), [&](const auto& mids) {
    return std::all_of(lines.begin(), lines.end(), [&](const sdp::Media* media) {
      return std::find(mids.begin(), mids.end(), media->mid) != mids.end();
    });
  });
}

}  // namespace

Result<RemoteTransport> remote_transport_of(const sdp::Session& offer) {
  std::vector<const sdp::Media*> lines;
  for (const auto& media : offer.media) {
    if (usable(media)) lines.push_back(&media);
  }
  if (lines.empty()) return fail("bad-offer", "the offer has no audio or video line that could be answered");
  if (lines.size() > 1 && !in_one_bundle(offer, lines)) {
    return fail("bad-offer", "all media must go over one transport: the offer has no a=group:BUNDLE for all its lines");
  }
  if (!std::all_of(lines.begin(), lines.end(), [](const auto* media) { return media->rtcp_mux; })) {
    return fail("bad-offer", "all media must carry RTCP on the same port: a=rtcp-mux is missing");
  }
  const sdp::Transport transport = sdp::transport_of(offer, *lines.front());
  if (transport.ufrag.empty() || transport.pwd.empty()) {
    return fail("bad-offer", "the offer has no a=ice-ufrag and a=ice-pwd");
  }
  if (transport.fingerprints.empty()) return fail("bad-offer", "the offer has no a=fingerprint");
  if (transport.setup == sdp::Setup::kPassive) {
    return fail("bad-offer", "the offer wants to be the passive side of DTLS (a=setup:passive), and so do we");
  }
  return RemoteTransport{{transport.ufrag, transport.pwd}, transport.fingerprints};
}

sdp::Session begin_answer(const sdp::Session& offer) {
  sdp::Session answer;
  answer.origin_user = "reallive";
  answer.id = offer.id;
  answer.ice_lite = true;
  answer.msid_semantic = "WMS *";
  answer.extmap_allow_mixed = offer.extmap_allow_mixed;
  return answer;
}

sdp::Media accepted_copy(const sdp::Media& offered, sdp::Direction direction) {
  sdp::Media media;
  media.kind = offered.kind;
  media.type = offered.type;
  media.protocol = offered.protocol;
  media.mid = offered.mid;
  media.direction = direction;
  media.rtcp_mux = true;
  media.rtcp_rsize = offered.rtcp_rsize;
  return media;
}

void finish_answer(sdp::Session& answer, const IceCredentials& local, const sdp::Fingerprint& fingerprint,
                   const std::vector<sdp::Candidate>& candidates) {
  sdp::Transport transport;
  transport.ufrag = local.ufrag;
  transport.pwd = local.password;
  transport.fingerprints = {fingerprint};
  transport.setup = sdp::Setup::kPassive;
  std::vector<std::string> bundle;
  bool first = true;
  for (auto& media : answer.media) {
    if (media.rejected()) continue;
    if (!media.mid.empty()) bundle.push_back(media.mid);
    media.transport = transport;
    if (std::exchange(first, false)) {
      media.candidates = candidates;
      media.end_of_candidates = true;
    }
  }
  if (!bundle.empty()) answer.bundles = {bundle};
}

std::string restart_answer(const IceCredentials& local, const std::vector<sdp::Candidate>& candidates) {
  sdp::Fragment fragment;
  fragment.ice_lite = true;
  fragment.transport.ufrag = local.ufrag;
  fragment.transport.pwd = local.password;
  fragment.candidates = candidates;
  fragment.end_of_candidates = true;
  return sdp::write_fragment(fragment);
}

}  // namespace reallive::rtc
