#include "rtc/wire/sdp_text.h"

namespace reallive::rtc::sdp {

std::string Fragment::ufrag() const {
  if (!transport.ufrag.empty()) return transport.ufrag;
  for (const Section& section : sections) {
    if (!section.transport.ufrag.empty()) return section.transport.ufrag;
  }
  return {};
}

std::string Fragment::pwd() const {
  if (!transport.pwd.empty()) return transport.pwd;
  for (const Section& section : sections) {
    if (!section.transport.pwd.empty()) return section.transport.pwd;
  }
  return {};
}

Result<Fragment> parse_fragment(std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) return fail("bad-offer", "larger than " + std::to_string(max_bytes) + " bytes");
  Fragment fragment;
  Lines lines(text);
  Fragment::Section* section = nullptr;
  auto malformed = [&](std::string_view reason) {
    return fail("bad-offer", "line " + std::to_string(lines.number()) + ": " + std::string(reason));
  };
  while (auto line = lines.next()) {
    if (lines.number() > kMaxLines) return malformed("more than 4096 lines");
    if (line->size() < 2 || (*line)[1] != '=' || !is_printable(*line)) return malformed("not an SDP line");
    std::string_view value = line->substr(2);
    if ((*line)[0] == 'm') {
      if (value.empty()) return malformed("m= says nothing");
      if (fragment.sections.size() == kMaxMedia) return malformed("more than 32 media");
      section = &fragment.sections.emplace_back();
      section->line = value;
    }
    if ((*line)[0] != 'a') continue;
    std::string_view name = take(value, ':');
    if (name == "mid") {
      if (value.empty()) return malformed("a=mid needs a name");
      // Clients that leave the pseudo m-line out still start a section by its mid.
      if (!section || !section->mid.empty()) {
        if (fragment.sections.size() == kMaxMedia) return malformed("more than 32 media");
        section = &fragment.sections.emplace_back();
      }
      section->mid = value;
    } else if (name == "candidate") {
      if (auto candidate = parse_candidate(value)) {
        (section ? section->candidates : fragment.candidates).push_back(std::move(*candidate));
      }
    } else if (name == "end-of-candidates") {
      (section ? section->end_of_candidates : fragment.end_of_candidates) = true;
    } else if (name == "ice-lite") {
      fragment.ice_lite = true;
    } else if (take_transport(section ? section->transport : fragment.transport, name, value) == Taken::kMalformed) {
      return malformed("malformed ICE attribute");
    }
  }
  return fragment;
}

std::string write_fragment(const Fragment& fragment) {
  std::string out;
  if (fragment.ice_lite) out += "a=ice-lite\r\n";
  append_transport(out, fragment.transport);
  append_candidates(out, fragment.candidates, fragment.end_of_candidates);
  for (const auto& section : fragment.sections) {
    if (!section.line.empty()) out += "m=" + section.line + "\r\n";
    if (!section.mid.empty()) out += "a=mid:" + section.mid + "\r\n";
    append_transport(out, section.transport);
    append_candidates(out, section.candidates, section.end_of_candidates);
  }
  return out;
}

}  // namespace reallive::rtc::sdp
