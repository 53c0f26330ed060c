#include "app/configuration.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <numeric>

#include "http/public_url.h"
#include "signaling/ice_servers.h"

namespace reallive::app {

using base::fail;
using base::Result;

namespace {

using Values = std::vector<std::string>;
using Apply = decltype(Key::apply);

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && error == std::errc() && end == text.data() + text.size() && port <= 65535;
}

Apply listen(std::string Configuration::*member) {
  return [member](Configuration& configuration, const Values& values) -> Result<void> {
    const std::string& text = values.front();
    const size_t colon = text.rfind(':');
    const bool bare_ipv6 = colon != std::string::npos && text.find(':') != colon && text.front() != '[';
    if (text != "off" &&
        (colon == std::string::npos || bare_ipv6 || !is_port(std::string_view(text).substr(colon + 1))))
      return fail("", "expected HOST:PORT, :PORT, [::1]:PORT or off");
    configuration.*member = text;
    return {};
  };
}

Result<int> parse_number(const std::string& text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return fail("", "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

/// `203.0.113.7`, `203.0.113.7:8189`, `2001:db8::7`, `[2001:db8::7]:8189`.
bool is_announceable(std::string_view text) {
  if (base::IpAddress::parse(text)) return true;
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !parse_number(std::string(text.substr(colon + 1)), 1, 65'535)) return false;
  std::string_view host = text.substr(0, colon);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (brackets) host = host.substr(1, host.size() - 2);
  const auto address = base::IpAddress::parse(host);
  return address && (brackets || address->is_ipv4());
}

Result<void> apply_announce(Configuration& configuration, const Values& values) {
  for (const std::string& text : values)
    if (!is_announceable(text))
      return fail("", "expected addresses such as 203.0.113.7 or 203.0.113.7:8189, got \"" + text + "\"");
  configuration.webrtc_announce = values;
  return {};
}

Apply text(std::string Configuration::*member) {
  return [member](Configuration& configuration, const Values& values) -> Result<void> {
    configuration.*member = values.front();
    return {};
  };
}

Apply ice_urls(Values Configuration::*member, std::vector<std::string_view> schemes) {
  return [member, schemes = std::move(schemes)](Configuration& configuration, const Values& values) -> Result<void> {
    for (const std::string& url : values)
      if (auto checked = signaling::check_ice_url(url, schemes); !checked) return checked;
    configuration.*member = values;
    return {};
  };
}

Apply number(int Configuration::*member, int least, int most) {
  return [member, least, most](Configuration& configuration, const Values& values) -> Result<void> {
    const auto value = parse_number(values.front(), least, most);
    if (!value) return tl::unexpected(value.error());
    configuration.*member = *value;
    return {};
  };
}

Apply choice(std::string Configuration::*member, std::vector<std::string> choices) {
  return [member, choices = std::move(choices)](Configuration& configuration, const Values& values) -> Result<void> {
    if (std::find(choices.begin(), choices.end(), values.front()) == choices.end()) {
      std::string expected = "expected ";
      for (size_t i = 0; i < choices.size(); ++i)
        expected += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + choices[i];
      return fail("", expected);
    }
    configuration.*member = values.front();
    return {};
  };
}

Apply flag(bool Configuration::*member) {
  return [member](Configuration& configuration, const Values& values) -> Result<void> {
    if (values.front() != "true" && values.front() != "false") return fail("", "expected true or false");
    configuration.*member = values.front() == "true";
    return {};
  };
}

/// A limit of http::Limits: a whole number, counted in `unit` (bytes, milliseconds).
template <typename T>
Apply limit(T http::Limits::*member, int least, int most, int unit = 1) {
  return [member, least, most, unit](Configuration& configuration, const Values& values) -> Result<void> {
    const auto value = parse_number(values.front(), least, most);
    if (!value) return tl::unexpected(value.error());
    configuration.http_limits.*member = T(static_cast<int64_t>(*value) * unit);
    return {};
  };
}

Result<void> apply_networks(Configuration& configuration, const Values& values) {
  for (const std::string& text : values)
    if (const auto network = base::Network::parse(text); !network) return fail("", network.error().message);
  configuration.sources_allow = values;
  return {};
}

Apply file(std::filesystem::path Configuration::*member) {
  return [member](Configuration& configuration, const Values& values) -> Result<void> {
    configuration.*member = values.front();
    return {};
  };
}

Result<void> apply_public_url(Configuration& configuration, const Values& values) {
  configuration.http_public_url.clear();
  if (values.front().empty()) return {};
  const auto url = http::parse_public_url(values.front());
  if (!url) return tl::unexpected(url.error());
  configuration.http_public_url = url->to_string();
  return {};
}

Result<void> apply_base_path(Configuration& configuration, const Values& values) {
  auto path = http::parse_base_path(values.front());
  if (!path) return tl::unexpected(path.error());
  configuration.http_base_path = std::move(*path);
  return {};
}

Result<void> apply_proxies(Configuration& configuration, const Values& values) {
  std::vector<base::Network> networks;
  for (const std::string& text : values) {
    const auto network = base::Network::parse(text);
    if (!network) return tl::unexpected(network.error());
    networks.push_back(*network);
  }
  configuration.http_trusted_proxies = std::move(networks);
  return {};
}

Result<void> apply_origins(Configuration& configuration, const Values& values) {
  for (const std::string& origin : values) {
    const auto url = http::parse_public_url(origin);
    if (origin != "*" && (!url || url->origin != origin))
      return fail("", "expected origins such as https://page.example.org, or *, got \"" + origin + "\"");
  }
  configuration.http_allow_origins = values;
  return {};
}

Result<void> apply_data_dir(Configuration& configuration, const Values& values) {
  if (values.front().empty()) return fail("", "expected a directory");
  configuration.data_dir = values.front();
  return {};
}

Result<void> apply_level(Configuration& configuration, const Values& values) {
  const auto level = base::log::parse_level(values.front());
  if (!level) return fail("", "expected debug, info, warning, error or off");
  configuration.log.level = *level;
  return {};
}

Result<void> apply_format(Configuration& configuration, const Values& values) {
  if (values.front() != "text" && values.front() != "json") return fail("", "expected text or json");
  configuration.log.format = values.front() == "json" ? base::log::Format::json : base::log::Format::text;
  return {};
}

size_t distance(std::string_view a, std::string_view b) {  // Levenshtein's
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t k = 1; k <= b.size(); ++k) {
      const size_t change = diagonal + (a[i - 1] == b[k - 1] ? 0 : 1);
      diagonal = row[k];
      row[k] = std::min({change, row[k] + 1, row[k - 1] + 1});
    }
  }
  return row.back();
}

std::string unknown_key(std::string_view name) {
  const auto nearest = std::min_element(keys().begin(), keys().end(), [name](const Key& a, const Key& b) {
    return distance(name, a.name) < distance(name, b.name);
  });
  std::string message = std::string(name) + ": there is no such setting";
  if (distance(name, nearest->name) <= 4) message += "; did you mean " + std::string(nearest->name) + "?";
  return message;
}

Values split(std::string_view text) {
  Values items;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    while (!item.empty() && item.front() == ' ')
      item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ')
      item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

/// Applies and remembers.
struct Loader {
  Configuration configuration = {};
  SettingTexts* texts = nullptr;

  Result<void> apply(std::string_view key, const Values& values, std::string_view where, Origin origin) {
    if (auto done = apply_setting(configuration, key, values, where); !done) return done;
    if (texts) (*texts)[std::string(key)] = {values, origin};
    return {};
  }
  Result<void> apply_file(const std::filesystem::path& file, Origin origin) {
    const auto settings = read_settings_file(file);
    if (!settings) return tl::unexpected(settings.error());
    for (const FileSetting& setting : *settings)
      if (auto done = apply(setting.name, setting.values, setting.where, origin); !done) return done;
    return {};
  }
  Result<void> apply_text(std::string_view key, std::string_view text, std::string_view where, Origin origin);
};

// Texts of the environment and of --set: a list's items stand between commas.
Result<void> Loader::apply_text(std::string_view key, std::string_view text, std::string_view where, Origin origin) {
  const auto known = std::find_if(keys().begin(), keys().end(), [key](const Key& k) { return k.name == key; });
  const bool is_list = known != keys().end() && known->is_list;
  return apply(key, is_list ? split(text) : Values{std::string(text)}, where, origin);
}

}  // namespace

const std::vector<Key>& keys() {
  using C = Configuration;
  static const std::vector<Key> all = {
      {"data.dir", "~/.local/share/reallive", false, apply_data_dir},
      {"log.level", "info", false, apply_level},
      {"log.format", "text", false, apply_format},
      {"http.listen", "127.0.0.1:8080", false, listen(&C::http_listen)},
      {"http.allow_origins", "", true, apply_origins},
      {"http.public_url", "", false, apply_public_url},
      {"http.base_path", "", false, apply_base_path},
      {"http.trusted_proxies", "", true, apply_proxies},
      {"http.max_connections", "1024", false, limit(&http::Limits::connections, 16, 100'000)},
      {"http.max_address_connections", "256", false, limit(&http::Limits::address_connections, 4, 100'000)},
      {"http.max_header_kib", "32", false, limit(&http::Limits::header, 4, 1024, 1024)},
      {"http.max_body_kib", "1024", false, limit(&http::Limits::body, 64, 64 * 1024, 1024)},
      {"http.header_timeout_s", "10", false, limit(&http::Limits::header_time, 1, 600, 1000)},
      {"http.idle_timeout_s", "75", false, limit(&http::Limits::idle_time, 1, 3600, 1000)},
      {"http.stall_timeout_s", "10", false, limit(&http::Limits::stall_time, 1, 600, 1000)},
      {"https.listen", ":8443", false, listen(&C::https_listen)},
      {"https.certificate", "", false, file(&C::https_certificate)},
      {"https.key", "", false, file(&C::https_key)},
      {"webrtc.listen", ":8189", false, listen(&C::webrtc_listen)},
      {"webrtc.announce", "", true, apply_announce},
      {"webrtc.max_sessions", "1000", false, number(&C::webrtc_max_sessions, 1, 1'000'000)},
      {"webrtc.handshakes_per_second", "200", false, number(&C::webrtc_handshakes_per_second, 1, 100'000)},
      {"webrtc.connect_timeout_s", "10", false, number(&C::webrtc_connect_timeout_s, 1, 600)},
      {"webrtc.max_sdp_bytes", "65536", false, number(&C::webrtc_max_sdp_bytes, 1024, 131'072)},
      {"webrtc.max_packet_bytes", "2048", false, number(&C::webrtc_max_packet_bytes, 1280, 9000)},
      {"webrtc.stun", "", true, ice_urls(&C::webrtc_stun, {"stun", "stuns"})},
      {"webrtc.turn", "", true, ice_urls(&C::webrtc_turn, {"turn", "turns"})},
      {"webrtc.turn_secret", "", false, text(&C::webrtc_turn_secret)},
      {"webrtc.turn_ttl", "86400", false, number(&C::webrtc_turn_ttl, 60, 2'592'000)},
      {"rtsp.listen", ":8554", false, listen(&C::rtsp_listen)},
      {"rtsps.listen", ":8322", false, listen(&C::rtsps_listen)},
      {"rtmp.listen", ":1935", false, listen(&C::rtmp_listen)},
      {"rtmps.listen", ":1936", false, listen(&C::rtmps_listen)},
      {"srt.listen", ":8890", false, listen(&C::srt_listen)},
      {"sources.allow", "", true, apply_networks},
      {"sources.launch", "false", false, flag(&C::sources_launch)},
      {"sources.probe_seconds", "60", false, number(&C::sources_probe_seconds, 0, 86'400)},
      {"auth.token_hours", "24", false, number(&C::auth_token_hours, 1, 8760)},
      {"auth.registration", "closed", false, choice(&C::auth_registration, {"closed", "invite", "open"})},
      {"sessions.keep_days", "90", false, number(&C::sessions_keep_days, 0, 36'500)},
      {"streams.linger_ms", "10000", false, number(&C::streams_linger_ms, 0, 3'600'000)},
      {"streams.start_limit_ms", "10000", false, number(&C::streams_start_limit_ms, 100, 120'000)},
  };
  return all;
}

std::string environment_name(std::string_view key) {
  std::string name = "REALLIVE_";
  for (const char c : key)
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

Result<void> apply_setting(Configuration& configuration, std::string_view key, const Values& values,
                           std::string_view where) {
  const std::string begin = std::string(where) + ": ";
  const auto known = std::find_if(keys().begin(), keys().end(), [key](const Key& k) { return k.name == key; });
  if (known == keys().end()) return fail("configuration", begin + unknown_key(key));
  if (!known->is_list && values.size() != 1)
    return fail("configuration", begin + std::string(key) + ": expected one value, not a list");
  auto applied = known->apply(configuration, values);
  if (!applied) {
    const std::string got = known->is_list ? "" : ", got \"" + values.front() + "\"";
    return fail("configuration", begin + std::string(key) + ": " + applied.error().message + got);
  }
  return {};
}

Result<Configuration> load_configuration(const ConfigurationSources& sources, SettingTexts* texts) {
  Loader loader{.texts = texts};
  if (sources.file) {
    if (auto done = loader.apply_file(*sources.file, Origin::file); !done) return tl::unexpected(done.error());
  }
  if (sources.stored) {
    if (auto done = loader.apply_file(*sources.stored, Origin::stored); !done) return tl::unexpected(done.error());
  }
  for (const Key& key : keys()) {
    const std::string name = environment_name(key.name);
    const char* text = sources.environment ? sources.environment(name) : nullptr;
    if (!text) continue;
    if (auto done = loader.apply_text(key.name, text, name, Origin::environment); !done)
      return tl::unexpected(done.error());
  }
  for (const std::string& set : sources.sets) {
    const size_t equals = set.find('=');
    if (equals == std::string::npos)
      return fail("configuration",
                  "--set " + set + ": expected section.name=value, such as http.listen=127.0.0.1:8080");
    if (auto done = loader.apply_text(set.substr(0, equals), set.substr(equals + 1), "--set", Origin::command); !done)
      return tl::unexpected(done.error());
  }
  if (auto checked = check_configuration(loader.configuration); !checked) return tl::unexpected(checked.error());
  return std::move(loader.configuration);
}

Result<void> check_configuration(const Configuration& configuration) {
  if (configuration.https_certificate.empty() != configuration.https_key.empty())
    return fail("configuration", "https.certificate and https.key: expected both or none of them");
  if (!configuration.http_public_url.empty() && !configuration.http_base_path.empty() &&
      http::parse_public_url(configuration.http_public_url)->path != configuration.http_base_path)
    return fail("configuration", "http.base_path: expected the path of http.public_url, or nothing");
  return {};
}

Result<std::filesystem::path> default_data_dir() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data == '/')
    return std::filesystem::path(data) / "reallive";
  if (const char* home = std::getenv("HOME"); home && *home == '/')
    return std::filesystem::path(home) / ".local/share/reallive";
  return fail("configuration", "there is no HOME in the environment; say where the data is with --data DIR");
}

}  // namespace reallive::app
