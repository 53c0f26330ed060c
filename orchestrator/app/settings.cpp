#include "app/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/log.h"
#include "tls/authority.h"

namespace reallive::app {

using base::fail;
using base::Result;

namespace {

constexpr std::array<const char*, 5> origin_names = {"default", "file", "stored", "environment", "command"};

struct About {
  std::string_view key, applies, description;
  std::vector<std::string> choices = {};
};

/// In words for the page; docs/configuration.md says more. A key that is missing here is shown without words.
const std::vector<About>& abouts() {
  static const std::vector<About> all = {
      {"log.level", "now", "How much the log tells.", {"debug", "info", "warning", "error", "off"}},
      {"log.format", "now", "Lines for people, or JSON.", {"text", "json"}},
      {"http.listen", "now", "Where this server listens without TLS."},
      {"http.allow_origins", "now", "Other sites whose pages may use the API."},
      {"http.public_url", "now", "How people reach this server from outside."},
      {"http.base_path", "now", "The path that a proxy puts in front."},
      {"http.trusted_proxies", "now", "Networks of proxies whose word about clients is believed."},
      {"http.max_connections", "now", "Open connections in all."},
      {"http.max_address_connections", "now", "Open connections from one address."},
      {"http.max_header_kib", "now", "Longest line and headers of a request, in KiB."},
      {"http.max_body_kib", "now", "Longest body of a request, in KiB."},
      {"http.header_timeout_s", "now", "Seconds for a request's headers."},
      {"http.idle_timeout_s", "now", "Seconds that a connection may wait between two requests."},
      {"http.stall_timeout_s", "now", "Seconds that a body or an answer may go slower than 1 KiB a second."},
      {"https.listen", "now", "Where this server listens with TLS."},
      {"https.certificate", "now", "File of your own certificate; empty for one of the local authority."},
      {"https.key", "now", "File of its key."},
      {"webrtc.listen", "now", "UDP address of all WebRTC media; another one ends all WebRTC sessions."},
      {"webrtc.announce", "now", "Addresses that are told to browsers, for a server behind NAT."},
      {"webrtc.max_sessions", "now", "Viewers and publishers at once."},
      {"webrtc.handshakes_per_second", "now", "WebRTC connections that may begin in a second."},
      {"webrtc.connect_timeout_s", "now", "Seconds after which a session that did not connect is dropped."},
      {"webrtc.max_sdp_bytes", "now", "Bytes of the longest session description that is taken."},
      {"webrtc.max_packet_bytes", "now", "Bytes of the longest UDP packet that is taken."},
      {"webrtc.stun", "now", "STUN servers that browsers are told of."},
      {"webrtc.turn", "now", "TURN servers that browsers are told of."},
      {"webrtc.turn_secret", "now", "Secret shared with the TURN servers."},
      {"webrtc.turn_ttl", "now", "Seconds that credentials for TURN are good for."},
      {"sources.allow", "now", "Networks beyond the LAN that camera addresses may name."},
      {"sources.probe_seconds", "now", "Seconds between two looks whether an idle RTSP camera is there."},
      {"sessions.keep_days", "now", "Days that the record of sessions is kept."},
      {"auth.registration", "now", "Who may make an account.", {"closed", "invite", "open"}},
      {"auth.token_hours", "now", "Hours that a login lasts."},
      {"streams.linger_ms", "now", "Milliseconds that an on-demand camera runs on after its last viewer."},
      {"streams.start_limit_ms", "now", "Milliseconds that a viewer waits for a camera to start."},
  };
  return all;
}

bool is_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

std::string type_of(const Key& key, bool has_choices) {
  if (has_choices) return "choice";
  if (key.is_list) return "list";
  if (key.default_text == "true" || key.default_text == "false") return "boolean";
  return is_number(key.default_text) ? "integer" : "string";
}

/// Where the data are cannot be changed from within; and who may sign in as an admin must not thereby get to run
/// pipelines with the server's rights.
bool is_offered(const Key& key) {
  return key.name != "data.dir" && key.name != "sources.launch";
}

/// A secret can be set and never be read; what is shown instead stands for it when it comes back.
constexpr std::string_view mask = "***";
bool is_secret(std::string_view key) {
  constexpr std::string_view ending = "_secret";
  return key.size() > ending.size() && key.substr(key.size() - ending.size()) == ending;
}

}  // namespace

Result<Configuration> Settings::load() {
  SettingTexts texts;
  auto configuration = configure(options_, &texts);
  if (!configuration) return configuration;
  file_ = stored_settings_file(*configuration);
  texts_ = std::move(texts);
  return configuration;
}

Result<void> Settings::reload() {
  const SettingTexts before = texts_;
  const auto next = load();
  if (!next) return tl::unexpected(next.error());
  auto applied = apply_(*next);
  if (!applied) texts_ = before;
  return applied;
}

std::vector<api::Setting> Settings::settings() const {
  std::vector<api::Setting> list;
  for (const Key& key : keys()) {
    if (!is_offered(key)) continue;
    const auto about =
        std::find_if(abouts().begin(), abouts().end(), [&](const About& a) { return a.key == key.name; });
    const bool known = about != abouts().end();
    api::Setting setting;
    setting.key = key.name;
    if (!key.is_list) setting.defaults = {std::string(key.default_text)};
    const auto text = texts_.find(key.name);
    setting.values = text == texts_.end() ? setting.defaults : text->second.values;
    if (is_secret(key.name) && !setting.values.empty() && !setting.values.front().empty())
      setting.values = {std::string(mask)};
    setting.origin = origin_names[static_cast<size_t>(text == texts_.end() ? Origin::standard : text->second.origin)];
    if (known) {
      setting.choices = about->choices;
      setting.description = about->description;
    }
    setting.type = type_of(key, !setting.choices.empty());
    setting.applies = known ? about->applies : "restart";
    list.push_back(std::move(setting));
  }
  return list;
}

Result<void> Settings::refusal(const Changes& changes) const {
  for (const auto& [name, values] : changes) {
    const auto key = std::find_if(keys().begin(), keys().end(), [&n = name](const Key& one) { return one.name == n; });
    if (key == keys().end() || !is_offered(*key)) return base::invalid(name, name + ": there is no such setting.");
    const auto text = texts_.find(name);
    const Origin origin = text == texts_.end() ? Origin::standard : text->second.origin;
    if (origin == Origin::environment || origin == Origin::command) {
      return tl::unexpected(base::Error{
          "CONFLICT",
          name + " is set " + (origin == Origin::command ? "on the command line" : "by " + environment_name(name)) +
              ", which counts for more than what is set here.",
          name});
    }
    if (!values) continue;
    Configuration scratch;
    if (auto applied = apply_setting(scratch, name, *values, ""); !applied)
      return base::invalid(name, applied.error().message.substr(2));  // without the place
  }
  return {};
}

Result<void> Settings::change(const Changes& asked) {
  Changes changes = asked;
  std::erase_if(changes, [](const auto& change) {
    return is_secret(change.first) && change.second == std::vector<std::string>{std::string(mask)};
  });
  if (changes.empty()) return {};
  if (auto refused = refusal(changes); !refused) return refused;
  std::vector<FileSetting> stored;
  std::error_code error;
  if (std::filesystem::exists(file_, error)) {
    auto read = read_settings_file(file_);
    if (!read) return tl::unexpected(read.error());
    stored = std::move(*read);
  }
  std::string names;
  for (const auto& [name, values] : changes) {
    std::erase_if(stored, [&n = name](const FileSetting& one) { return one.name == n; });
    if (values) stored.push_back({name, {}, *values});
    names += (names.empty() ? "" : " ") + name;
  }

  // The next start shall find nothing that this one did not try.
  const std::filesystem::path candidate = file_.string() + ".candidate";
  const std::string text =
      "# Written by the server: what was changed through its API or page.\n" + settings_file_text(stored);
  if (auto written = tls::write_file(candidate, text); !written) return written;
  SettingTexts texts;
  const auto next = configure(options_, &texts, candidate);
  Result<void> applied;
  if (!next)
    applied = base::invalid(changes.begin()->first, next.error().message);
  else if (applied = apply_(*next); !applied)
    applied = base::invalid(applied.error().field.empty() ? changes.begin()->first : applied.error().field,
                            applied.error().message);
  if (!applied) {
    std::filesystem::remove(candidate, error);
    return applied;
  }
  std::filesystem::rename(candidate, file_, error);
  if (error) return fail("file", "cannot write " + file_.string() + ": " + error.message());
  texts_ = std::move(texts);
  base::log::info("app", "settings were changed", {{"settings", names}});
  return {};
}

}  // namespace reallive::app
