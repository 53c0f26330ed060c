// Configuration: every setting of the server, from defaults, a file, the environment and the command line.
// A plain value, made once at start on the main thread. It never reads secrets from the command line.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/network.h"
#include "base/result.h"
#include "http/limits.h"

namespace reallive::app {

struct Configuration {
  std::filesystem::path data_dir;  ///< empty: default_data_dir()
  base::log::Config log;
  std::string http_listen = "127.0.0.1:8080";
  std::vector<std::string> http_allow_origins;
  std::string http_public_url;  ///< as http::PublicUrl writes it; empty: as each client names this server
  std::string http_base_path;   ///< `/cams`; empty: the path of `http_public_url`
  std::vector<base::Network> http_trusted_proxies;
  http::Limits http_limits;
  std::string https_listen = ":8443";
  std::filesystem::path https_certificate, https_key;
  std::string webrtc_listen = ":8189";
  std::vector<std::string> webrtc_announce;
  int webrtc_max_sessions = 1000;
  int webrtc_handshakes_per_second = 200;
  int webrtc_connect_timeout_s = 10;
  int webrtc_max_sdp_bytes = 64 * 1024;
  int webrtc_max_packet_bytes = 2048;
  std::vector<std::string> webrtc_stun, webrtc_turn;
  std::string webrtc_turn_secret;
  int webrtc_turn_ttl = 86'400;
  std::string rtsp_listen = ":8554", rtsps_listen = ":8322";
  std::string rtmp_listen = ":1935", rtmps_listen = ":1936";
  std::string srt_listen = ":8890";
  std::vector<std::string> sources_allow;  ///< networks, each one that base::Network::parse() takes
  bool sources_launch = false;
  int sources_probe_seconds = 60;
  int auth_token_hours = 24;
  std::string auth_registration = "closed";
  int sessions_keep_days = 90;
  int streams_linger_ms = 10'000;
  int streams_start_limit_ms = 10'000;
  bool operator==(const Configuration&) const = default;
};

/// One setting: `section.name` as people write it.
struct Key {
  std::string_view name;
  std::string_view default_text;  ///< as docs/configuration.md shows it; empty for an empty list
  bool is_list;
  /// A list's items, or exactly one text. The error is what was expected instead.
  std::function<base::Result<void>(Configuration&, const std::vector<std::string>&)> apply;
};
const std::vector<Key>& keys();
/// The key's name in the environment: `http.listen` → `REALLIVE_HTTP_LISTEN`.
std::string environment_name(std::string_view key);

/// Where settings come from, later ones above earlier ones: `file`, `stored`, `environment`, `sets`.
struct ConfigurationSources {
  std::optional<std::filesystem::path> file;
  std::function<const char*(const std::string& name)> environment = {};
  std::vector<std::string> sets = {};                ///< `section.name=value`, lists with commas
  std::optional<std::filesystem::path> stored = {};  ///< what was changed through the API, as a file
};

enum class Origin { standard, file, stored, environment, command };
/// What a setting was given last, and by whom.
struct SettingText {
  std::vector<std::string> values;
  Origin origin = Origin::standard;
  bool operator==(const SettingText&) const = default;
};
using SettingTexts = std::map<std::string, SettingText, std::less<>>;

/// Code `configuration`; the message says where: `reallive.toml:3:11: http.listen: expected …`.
/// `texts` is filled with what was given.
base::Result<Configuration> load_configuration(const ConfigurationSources& sources, SettingTexts* texts = nullptr);

/// The settings of one key, by texts; `where` begins the error.
base::Result<void> apply_setting(Configuration& configuration, std::string_view key,
                                 const std::vector<std::string>& values, std::string_view where);
/// That settings fit together. Code `configuration`.
base::Result<void> check_configuration(const Configuration& configuration);
/// One setting of a file, with its place: `reallive.toml:3:1`.
struct FileSetting {
  std::string name, where;
  std::vector<std::string> values;
};
/// All settings of a TOML file in its order; whether they exist is not looked at.
base::Result<std::vector<FileSetting>> read_settings_file(const std::filesystem::path& file);
/// The same as a text that read_settings_file() reads.
std::string settings_file_text(const std::vector<FileSetting>& settings);

/// `$XDG_DATA_HOME/reallive`, else `~/.local/share/reallive`.
base::Result<std::filesystem::path> default_data_dir();

}  // namespace reallive::app
