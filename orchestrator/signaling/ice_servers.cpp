#include "signaling/ice_servers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace reallive::signaling {
namespace {

std::string mac_of(std::string_view secret, std::string_view username) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned length = 0;
  HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(username.data()), username.size(), mac.data(), &length);
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> text{};
  const int size = EVP_EncodeBlock(text.data(), mac.data(), static_cast<int>(length));
  return {reinterpret_cast<const char*>(text.data()), static_cast<size_t>(size)};
}

}  // namespace

std::vector<IceServer> ice_servers(const IceConfig& config, std::string_view user, base::Time now) {
  std::vector<IceServer> list;
  for (const std::string& url : config.stun)
    list.push_back({url, {}, {}});
  // Without a secret nobody could use them.
  if (config.turn_secret.empty() || config.turn.empty()) return list;
  const auto until = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()) + config.turn_ttl;
  const std::string username = std::to_string(until.count()) + ":" + std::string(user.empty() ? "guest" : user);
  const std::string credential = mac_of(config.turn_secret, username);
  for (const std::string& url : config.turn)
    list.push_back({url, username, credential});
  return list;
}

base::Result<void> check_ice_url(std::string_view url, const std::vector<std::string_view>& schemes) {
  const size_t colon = url.find(':');
  const std::string_view scheme = url.substr(0, colon);
  const std::string_view rest = colon == std::string_view::npos ? std::string_view() : url.substr(colon + 1);
  const bool known = std::find(schemes.begin(), schemes.end(), scheme) != schemes.end();
  const bool plain = std::all_of(rest.begin(), rest.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view(".-:[]?=").find(c) != std::string_view::npos;
  });
  if (known && plain && !rest.empty() && rest.size() <= 300 && rest.front() != '/' && rest.front() != '?') return {};
  return base::fail("", "expected addresses such as " + std::string(schemes.front()) + ":HOST:PORT");
}

}  // namespace reallive::signaling
