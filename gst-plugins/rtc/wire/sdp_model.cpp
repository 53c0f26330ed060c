#include <algorithm>

#include "rtc/wire/sdp_text.h"

namespace reallive::rtc::sdp {

Direction reversed(Direction direction) {
  if (direction == Direction::kSendOnly) return Direction::kRecvOnly;
  if (direction == Direction::kRecvOnly) return Direction::kSendOnly;
  return direction;
}

bool Codec::is(std::string_view encoding) const {
  return equals_ignoring_case(name, encoding);
}

bool Codec::has_feedback(std::string_view value) const {
  return std::find(feedback.begin(), feedback.end(), value) != feedback.end();
}

std::optional<std::string> Codec::parameter(std::string_view wanted) const {
  std::string_view rest = fmtp;
  while (!rest.empty()) {
    std::string_view value = take(rest, ';');
    while (value.starts_with(' '))
      value.remove_prefix(1);
    while (value.ends_with(' '))
      value.remove_suffix(1);
    if (equals_ignoring_case(take(value, '='), wanted)) return std::string(value);
  }
  return {};
}

const Codec* Media::codec(uint8_t payload_type) const {
  auto found = std::find_if(codecs.begin(), codecs.end(),
                            [&](const Codec& codec) { return codec.payload_type == payload_type; });
  return found == codecs.end() ? nullptr : &*found;
}

const Codec* Media::rtx_of(uint8_t payload_type) const {
  for (const Codec& codec : codecs) {
    if (!codec.is("rtx")) continue;
    auto apt = codec.parameter("apt");
    if (apt && number<uint8_t>(*apt) == payload_type) return &codec;
  }
  return nullptr;
}

uint8_t Media::extension_id(std::string_view uri) const {
  for (const Extmap& extmap : extmaps) {
    if (extmap.uri == uri && extmap.id <= 255) return static_cast<uint8_t>(extmap.id);
  }
  return 0;
}

std::optional<uint32_t> Media::repair_of(uint32_t primary) const {
  for (const SsrcGroup& group : ssrc_groups) {
    if (group.semantics == "FID" && group.ssrcs.size() == 2 && group.ssrcs[0] == primary) return group.ssrcs[1];
  }
  return {};
}

namespace {

void fill_missing(Transport& transport, const Transport& other) {
  if (transport.ufrag.empty() && transport.pwd.empty()) {
    transport.ufrag = other.ufrag;
    transport.pwd = other.pwd;
  }
  if (transport.ice_options.empty()) transport.ice_options = other.ice_options;
  if (transport.fingerprints.empty()) transport.fingerprints = other.fingerprints;
  if (transport.setup == Setup::kNone) transport.setup = other.setup;
}

}  // namespace

Transport transport_of(const Session& session, const Media& media) {
  Transport transport = media.transport;
  fill_missing(transport, session.transport);
  for (const auto& bundle : session.bundles) {
    if (bundle.empty() || std::find(bundle.begin(), bundle.end(), media.mid) == bundle.end()) continue;
    for (const Media& other : session.media) {
      if (other.mid == bundle.front()) fill_missing(transport, other.transport);
    }
  }
  return transport;
}

Media rejected_copy(const Media& offered) {
  Media media;
  media.kind = offered.kind;
  media.type = offered.type;
  media.port = 0;
  media.protocol = offered.protocol;
  media.formats = offered.formats;
  media.mid = offered.mid;
  media.direction = Direction::kInactive;
  return media;
}

}  // namespace reallive::rtc::sdp
