#include <algorithm>

#include "rtc/wire/sdp_text.h"

namespace reallive::rtc::sdp {

namespace {

struct StaticPayload {
  uint8_t payload_type;
  std::string_view name;
  uint32_t clock_rate;
};
/// RFC 3551 section 6, as far as browsers offer it.
constexpr StaticPayload kStatic[] = {{0, "PCMU", 8000}, {8, "PCMA", 8000}, {9, "G722", 8000}, {13, "CN", 8000}};

Kind kind_of(std::string_view type) {
  if (type == "audio") return Kind::kAudio;
  if (type == "video") return Kind::kVideo;
  if (type == "application") return Kind::kApplication;
  return Kind::kOther;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lines_(text) {}

  Result<Session> run() {
    auto first = lines_.next();
    if (first != std::string_view("v=0")) return fail("bad-offer", "an SDP starts with \"v=0\"");
    while (auto line = lines_.next()) {
      if (lines_.number() > kMaxLines) return fail("bad-offer", "more than 4096 lines");
      if (line->size() < 2 || (*line)[1] != '=' || !is_printable(*line)) return malformed("not an SDP line");
      if (const char* reason = take_line((*line)[0], line->substr(2))) return malformed(reason);
    }
    finish_media();
    return std::move(session_);
  }

 private:
  tl::unexpected<Error> malformed(std::string_view reason) const {
    return fail("bad-offer", "line " + std::to_string(lines_.number()) + ": " + std::string(reason));
  }

  /// Each of these gives the reason when the line is malformed.
  const char* take_line(char type, std::string_view value) {
    switch (type) {
      case 'm':
        finish_media();
        return take_media(value);
      case 'a':
        return take_attribute(value);
      case 'o':
        return media_ ? nullptr : take_origin(value);
      case 's':
        if (!media_) session_.name = value;
        return nullptr;
      default:  // t, c, b, i and the rest say nothing that WebRTC uses
        return nullptr;
    }
  }

  const char* take_origin(std::string_view value) {
    session_.origin_user = take(value);
    auto id = number<uint64_t>(take(value));
    auto version = number<uint64_t>(take(value));
    if (session_.origin_user.empty() || !id || !version) return "o= needs a user, a session id and a version";
    session_.id = *id;
    session_.version = *version;
    return nullptr;
  }

  const char* take_media(std::string_view value) {
    if (session_.media.size() == kMaxMedia) return "more than 32 media";
    auto parts = words(value);
    if (parts.size() < 4) return "m= needs a type, a port, a protocol and formats";
    auto port = number<uint16_t>(parts[1].substr(0, parts[1].find('/')));
    if (!port) return "m= has no port number";
    if (parts.size() - 3 > kMaxFormats) return "more than 128 formats";
    media_ = &session_.media.emplace_back();
    media_->type = parts[0];
    media_->kind = kind_of(parts[0]);
    media_->port = *port;
    media_->protocol = parts[2];
    media_->direction = session_direction_;
    bool known = media_->kind == Kind::kAudio || media_->kind == Kind::kVideo;
    bool rtp = known && media_->protocol.find("RTP/") != std::string::npos;
    for (size_t i = 3; i < parts.size(); ++i) {
      media_->formats.emplace_back(parts[i]);
      if (!rtp) continue;
      auto payload_type = number<uint8_t>(parts[i]);
      if (!payload_type || *payload_type > 127) return "a payload type is a number from 0 to 127";
      if (media_->codec(*payload_type)) return "a payload type stands twice";
      Codec codec;
      codec.payload_type = *payload_type;
      for (const auto& entry : kStatic) {
        if (entry.payload_type != *payload_type) continue;
        codec.name = entry.name;
        codec.clock_rate = entry.clock_rate;
      }
      media_->codecs.push_back(std::move(codec));
    }
    return nullptr;
  }

  const char* take_attribute(std::string_view value) {
    std::string_view name = take(value, ':');
    Taken taken = take_transport(media_ ? media_->transport : session_.transport, name, value);
    if (taken == Taken::kMalformed) return "malformed ICE or DTLS attribute";
    if (taken == Taken::kYes) return nullptr;
    if (auto direction = direction_named(name)) {
      (media_ ? media_->direction : session_direction_) = *direction;
      return nullptr;
    }
    if (name == "candidate" || name == "end-of-candidates") {
      auto& candidates = media_ ? media_->candidates : session_.candidates;
      if (name == "end-of-candidates") {
        (media_ ? media_->end_of_candidates : session_.end_of_candidates) = true;
      } else if (auto candidate = parse_candidate(value)) {
        candidates.push_back(std::move(*candidate));
      }
      return nullptr;
    }
    if (name == "extmap-allow-mixed") {
      (media_ ? media_->extmap_allow_mixed : session_.extmap_allow_mixed) = true;
      return nullptr;
    }
    if (name == "extmap") return take_extmap(value);
    if (!media_) return take_session_attribute(name, value);
    return take_media_attribute(name, value);
  }

  const char* take_session_attribute(std::string_view name, std::string_view value) {
    if (name == "ice-lite") session_.ice_lite = true;
    if (name == "msid-semantic")
      session_.msid_semantic = value.substr(std::min(value.find_first_not_of(' '), value.size()));
    if (name == "group" && take(value) == "BUNDLE") {
      std::vector<std::string> mids;
      for (std::string_view mid : words(value))
        mids.emplace_back(mid);
      if (mids.size() > kMaxMedia) return "a bundle of more than 32 media";
      session_.bundles.push_back(std::move(mids));
    }
    return nullptr;
  }

  const char* take_media_attribute(std::string_view name, std::string_view value) {
    if (name == "mid") media_->mid = value;
    if (name == "rtcp-mux") media_->rtcp_mux = true;
    if (name == "rtcp-rsize") media_->rtcp_rsize = true;
    if (name == "bundle-only") media_->bundle_only = true;
    if (name == "msid") media_->msid = value;
    if (name == "simulcast") media_->simulcast = value;
    if (name == "sctp-port") media_->sctp_port = value;
    if (name == "rtpmap") return take_rtpmap(value);
    if (name == "fmtp") return take_fmtp(value);
    if (name == "rtcp-fb") return take_feedback(value);
    if (name == "ssrc") return take_ssrc(value);
    if (name == "ssrc-group") return take_ssrc_group(value);
    if (name == "rid") return take_rid(value);
    return nullptr;
  }

  /// The codec that an attribute names first; nullptr (and no error) when the m-line does not list it.
  Codec* take_codec(std::string_view& value) {
    auto payload_type = number<uint8_t>(take(value));
    for (Codec& codec : media_->codecs) {
      if (codec.payload_type == payload_type) return &codec;
    }
    return nullptr;
  }

  const char* take_rtpmap(std::string_view value) {
    Codec* codec = take_codec(value);
    if (!codec) return nullptr;
    std::string_view name = take(value, '/');
    auto rate = number<uint32_t>(take(value, '/'));
    auto channels = value.empty() ? std::optional<uint16_t>(1) : number<uint16_t>(value);
    if (name.empty() || !rate || *rate == 0 || !channels) return "a=rtpmap needs NAME/RATE";
    codec->name = name;
    codec->clock_rate = *rate;
    codec->channels = *channels;
    return nullptr;
  }

  const char* take_fmtp(std::string_view value) {
    if (Codec* codec = take_codec(value)) codec->fmtp = value;
    return nullptr;
  }

  const char* take_feedback(std::string_view value) {
    if (value.starts_with("* ")) {
      for (Codec& codec : media_->codecs)
        codec.feedback.emplace_back(value.substr(2));
    } else if (Codec* codec = take_codec(value)) {
      codec->feedback.emplace_back(value);
    }
    return nullptr;
  }

  const char* take_extmap(std::string_view value) {
    std::string_view id_and_direction = take(value);
    auto id = number<uint16_t>(take(id_and_direction, '/'));
    std::string_view uri = take(value);
    if (!id || *id == 0 || uri.empty()) return "a=extmap needs an id and a URI";
    Extmap extmap{*id, std::string(uri), direction_named(id_and_direction).value_or(Direction::kSendRecv)};
    // At session level it holds for every media that follows (RFC 8285 section 5).
    (media_ ? media_->extmaps : session_extmaps_).push_back(std::move(extmap));
    return nullptr;
  }

  const char* take_ssrc(std::string_view value) {
    auto ssrc = number<uint32_t>(take(value));
    if (!ssrc) return "a=ssrc needs a number";
    auto found = std::find_if(media_->ssrcs.begin(), media_->ssrcs.end(),
                              [&](const Ssrc& entry) { return entry.ssrc == *ssrc; });
    Ssrc& entry = found == media_->ssrcs.end() ? media_->ssrcs.emplace_back() : *found;
    entry.ssrc = *ssrc;
    std::string_view name = take(value, ':');
    if (name == "cname") entry.cname = value;
    if (name == "msid") entry.msid = value;
    return nullptr;
  }

  const char* take_ssrc_group(std::string_view value) {
    SsrcGroup group;
    group.semantics = take(value);
    for (std::string_view word : words(value)) {
      auto ssrc = number<uint32_t>(word);
      if (!ssrc) return "a=ssrc-group lists numbers";
      group.ssrcs.push_back(*ssrc);
    }
    media_->ssrc_groups.push_back(std::move(group));
    return nullptr;
  }

  const char* take_rid(std::string_view value) {
    Rid rid;
    rid.id = take(value);
    std::string_view direction = take(value);
    if (rid.id.empty() || (direction != "send" && direction != "recv")) return "a=rid needs an id and a direction";
    rid.send = direction == "send";
    rid.parameters = value;
    media_->rids.push_back(std::move(rid));
    return nullptr;
  }

  /// Leaves only what the model promises: named codecs, session-level extensions spread.
  void finish_media() {
    if (!media_) return;
    std::erase_if(media_->codecs, [](const Codec& codec) { return codec.name.empty(); });
    if (media_->kind == Kind::kAudio || media_->kind == Kind::kVideo) {
      media_->extmaps.insert(media_->extmaps.end(), session_extmaps_.begin(), session_extmaps_.end());
    }
    media_ = nullptr;
  }

  Lines lines_;
  Session session_;
  Media* media_ = nullptr;  // the one that lines belong to now; points into session_.media
  Direction session_direction_ = Direction::kSendRecv;
  std::vector<Extmap> session_extmaps_;
};

}  // namespace

Result<Session> parse(std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) return fail("bad-offer", "larger than " + std::to_string(max_bytes) + " bytes");
  return Parser(text).run();
}

}  // namespace reallive::rtc::sdp
