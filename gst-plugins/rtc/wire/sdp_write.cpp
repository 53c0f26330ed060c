#include "rtc/wire/sdp_text.h"

namespace reallive::rtc::sdp {

namespace {

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out.append("a=").append(name).append(":").append(value).append("\r\n");
}

void append_flag(std::string& out, std::string_view name, bool set) {
  if (set) out.append("a=").append(name).append("\r\n");
}

void append_media_line(std::string& out, const Media& media) {
  out += "m=" + media.type + " " + std::to_string(media.port) + " " + media.protocol;
  for (const Codec& codec : media.codecs)
    out += " " + std::to_string(codec.payload_type);
  if (media.codecs.empty()) {
    for (const std::string& format : media.formats)
      out += " " + format;
  }
  out += "\r\nc=IN IP4 0.0.0.0\r\n";
}

void append_codec(std::string& out, const Codec& codec) {
  std::string type = std::to_string(codec.payload_type);
  out += "a=rtpmap:" + type + " " + codec.name + "/" + std::to_string(codec.clock_rate);
  if (codec.channels > 1) out += "/" + std::to_string(codec.channels);
  out += "\r\n";
  for (const std::string& feedback : codec.feedback)
    out.append("a=rtcp-fb:").append(type).append(" ").append(feedback).append("\r\n");
  if (!codec.fmtp.empty()) out += "a=fmtp:" + type + " " + codec.fmtp + "\r\n";
}

void append_extmap(std::string& out, const Extmap& extmap) {
  out += "a=extmap:" + std::to_string(extmap.id);
  if (extmap.direction != Direction::kSendRecv) out.append("/").append(name_of(extmap.direction));
  out += " " + extmap.uri + "\r\n";
}

void append_sources(std::string& out, const Media& media) {
  for (const SsrcGroup& group : media.ssrc_groups) {
    out += "a=ssrc-group:" + group.semantics;
    for (uint32_t ssrc : group.ssrcs)
      out += " " + std::to_string(ssrc);
    out += "\r\n";
  }
  for (const Ssrc& ssrc : media.ssrcs) {
    std::string name = std::to_string(ssrc.ssrc);
    // A line for each property; one without any still announces the SSRC.
    if (!ssrc.cname.empty() || ssrc.msid.empty()) out += "a=ssrc:" + name + " cname:" + ssrc.cname + "\r\n";
    if (!ssrc.msid.empty()) out += "a=ssrc:" + name + " msid:" + ssrc.msid + "\r\n";
  }
}

void append_rids(std::string& out, const Media& media) {
  for (const Rid& rid : media.rids) {
    out += "a=rid:" + rid.id + (rid.send ? " send" : " recv");
    if (!rid.parameters.empty()) out += " " + rid.parameters;
    out += "\r\n";
  }
  append_attribute(out, "simulcast", media.simulcast);
}

void append_media(std::string& out, const Media& media) {
  append_media_line(out, media);
  append_attribute(out, "mid", media.mid);
  append_transport(out, media.transport);
  if (media.kind == Kind::kAudio || media.kind == Kind::kVideo) {
    append_flag(out, "bundle-only", media.bundle_only);
    append_flag(out, "extmap-allow-mixed", media.extmap_allow_mixed);
    for (const Extmap& extmap : media.extmaps)
      append_extmap(out, extmap);
    append_flag(out, name_of(media.direction), true);
    append_attribute(out, "msid", media.msid);
    append_flag(out, "rtcp-mux", media.rtcp_mux);
    append_flag(out, "rtcp-rsize", media.rtcp_rsize);
    for (const Codec& codec : media.codecs)
      append_codec(out, codec);
    append_rids(out, media);
    append_sources(out, media);
  }
  append_attribute(out, "sctp-port", media.sctp_port);
  append_candidates(out, media.candidates, media.end_of_candidates);
}

}  // namespace

std::string write(const Session& session) {
  std::string out = "v=0\r\no=" + session.origin_user + " " + std::to_string(session.id) + " " +
                    std::to_string(session.version) + " IN IP4 0.0.0.0\r\ns=" + session.name + "\r\nt=0 0\r\n";
  append_flag(out, "ice-lite", session.ice_lite);
  for (const auto& bundle : session.bundles) {
    out += "a=group:BUNDLE";
    for (const std::string& mid : bundle)
      out += " " + mid;
    out += "\r\n";
  }
  append_flag(out, "extmap-allow-mixed", session.extmap_allow_mixed);
  append_attribute(out, "msid-semantic", session.msid_semantic);
  append_transport(out, session.transport);
  append_candidates(out, session.candidates, session.end_of_candidates);
  for (const Media& media : session.media)
    append_media(out, media);
  return out;
}

}  // namespace reallive::rtc::sdp
