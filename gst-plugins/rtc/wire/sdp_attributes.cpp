#include <algorithm>
#include <array>
#include <cctype>

#include "rtc/wire/sdp_text.h"

namespace reallive::rtc::sdp {

namespace {

struct DirectionName {
  Direction direction;
  std::string_view name;
};
constexpr std::array<DirectionName, 4> kDirections = {{{Direction::kSendRecv, "sendrecv"},
                                                       {Direction::kSendOnly, "sendonly"},
                                                       {Direction::kRecvOnly, "recvonly"},
                                                       {Direction::kInactive, "inactive"}}};

struct SetupName {
  Setup setup;
  std::string_view name;
};
constexpr std::array<SetupName, 3> kSetups = {
    {{Setup::kActPass, "actpass"}, {Setup::kActive, "active"}, {Setup::kPassive, "passive"}}};

/// RFC 8839 section 5.4 bounds ufrag and password at 256 characters.
constexpr size_t kMaxIceText = 256;
/// 64 bytes of SHA-512 as pairs with colons.
constexpr size_t kMaxFingerprint = 191;
constexpr size_t kMaxFingerprints = 8;

bool is_ice_text(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIceText && text.find(' ') == std::string_view::npos;
}

std::optional<Fingerprint> parse_fingerprint(std::string_view value) {
  std::string_view algorithm = take(value);
  if (algorithm.empty() || value.size() > kMaxFingerprint || value.size() % 3 != 2) return {};
  Fingerprint fingerprint{lower(algorithm), std::string(value)};
  for (size_t i = 0; i < fingerprint.value.size(); ++i) {
    auto byte = static_cast<unsigned char>(fingerprint.value[i]);
    if (i % 3 == 2 ? byte != ':' : !std::isxdigit(byte)) return {};
    fingerprint.value[i] = static_cast<char>(std::toupper(byte));
  }
  return fingerprint;
}

/// RFC 8839 section 5.1: 1 to 32 of letters, digits, + and /.
bool is_foundation(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '+' || c == '/';
  });
}

}  // namespace

std::optional<std::string_view> Lines::next() {
  while (!rest_.empty()) {
    std::string_view line = take(rest_, '\n');
    ++number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) return line;
  }
  return {};
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    std::string_view word = take(text);
    if (!word.empty()) result.push_back(word);
  }
  return result;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::optional<Direction> direction_named(std::string_view name) {
  for (const auto& entry : kDirections) {
    if (entry.name == name) return entry.direction;
  }
  return {};
}

std::string_view name_of(Direction direction) {
  return kDirections[static_cast<size_t>(direction)].name;
}

bool is_printable(std::string_view line) {
  return std::all_of(line.begin(), line.end(), [](unsigned char c) { return (c >= 0x20 && c != 0x7F) || c == '\t'; });
}

Taken take_transport(Transport& transport, std::string_view name, std::string_view value) {
  if (name == "ice-ufrag" || name == "ice-pwd") {
    if (!is_ice_text(value)) return Taken::kMalformed;
    (name == "ice-ufrag" ? transport.ufrag : transport.pwd) = value;
    return Taken::kYes;
  }
  if (name == "ice-options") {
    for (std::string_view option : words(value))
      transport.ice_options.emplace_back(option);
    return Taken::kYes;
  }
  if (name == "fingerprint") {
    auto fingerprint = parse_fingerprint(value);
    if (!fingerprint || transport.fingerprints.size() == kMaxFingerprints) return Taken::kMalformed;
    transport.fingerprints.push_back(std::move(*fingerprint));
    return Taken::kYes;
  }
  if (name == "setup") {
    for (const auto& entry : kSetups) {
      if (entry.name == value) transport.setup = entry.setup;
    }
    // "holdconn" and anything newer stay kNone: they ask for no handshake.
    return Taken::kYes;
  }
  return Taken::kNo;
}

void append_transport(std::string& out, const Transport& transport) {
  if (!transport.ufrag.empty()) out += "a=ice-ufrag:" + transport.ufrag + "\r\n";
  if (!transport.pwd.empty()) out += "a=ice-pwd:" + transport.pwd + "\r\n";
  if (!transport.ice_options.empty()) {
    out += "a=ice-options:";
    for (size_t i = 0; i < transport.ice_options.size(); ++i)
      out += (i > 0 ? " " : "") + transport.ice_options[i];
    out += "\r\n";
  }
  for (const Fingerprint& fingerprint : transport.fingerprints) {
    out += "a=fingerprint:" + fingerprint.algorithm + " " + fingerprint.value + "\r\n";
  }
  for (const auto& entry : kSetups) {
    if (entry.setup == transport.setup) out.append("a=setup:").append(entry.name).append("\r\n");
  }
}

void append_candidates(std::string& out, const std::vector<Candidate>& candidates, bool end_of_candidates) {
  for (const Candidate& candidate : candidates)
    out += "a=candidate:" + write_candidate(candidate) + "\r\n";
  if (end_of_candidates) out += "a=end-of-candidates\r\n";
}

std::optional<Candidate> parse_candidate(std::string_view value) {
  if (value.starts_with("a=")) value.remove_prefix(2);
  if (value.starts_with("candidate:")) value.remove_prefix(10);
  if (!is_printable(value)) return {};
  auto parts = words(value);
  if (parts.size() < 8 || parts[6] != "typ" || !is_foundation(parts[0])) return {};
  auto component = number<int>(parts[1]);
  auto priority = number<uint32_t>(parts[3]);
  auto port = number<uint16_t>(parts[5]);
  if (!component || *component < 1 || *component > 256 || !priority || !port) return {};
  Candidate candidate;
  candidate.foundation = parts[0];
  candidate.component = *component;
  candidate.protocol = lower(parts[2]);
  candidate.priority = *priority;
  candidate.address = parts[4];
  candidate.port = *port;
  candidate.type = parts[7];
  for (size_t i = 8; i + 1 < parts.size(); i += 2) {
    if (parts[i] == "tcptype") candidate.tcp_type = parts[i + 1];
  }
  return candidate;
}

std::string write_candidate(const Candidate& candidate) {
  std::string out = candidate.foundation + " " + std::to_string(candidate.component) + " " + candidate.protocol + " " +
                    std::to_string(candidate.priority) + " " + candidate.address + " " +
                    std::to_string(candidate.port) + " typ " + candidate.type;
  if (!candidate.tcp_type.empty()) out += " tcptype " + candidate.tcp_type;
  return out;
}

}  // namespace reallive::rtc::sdp
