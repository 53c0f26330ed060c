#include "auth/password.h"

#include <algorithm>
#include <cctype>
#include <crypt.h>
#include <cstring>
#include <memory>

#include "base/id.h"
#include "base/json.h"

namespace reallive::auth {

namespace {

constexpr size_t least_characters = 10;
constexpr size_t most_bytes = 72;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

size_t characters(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

// "aaaaaaaaaa", "abcabcabcabc".
bool is_repetition(std::string_view text) {
  for (size_t period = 1; period <= 4 && period < text.size(); ++period)
    if (text.substr(period) == text.substr(0, text.size() - period)) return true;
  return false;
}

// "1234567890", "jihgfedcba".
bool is_sequence(std::string_view text) {
  const auto steps_by = [text](int by) {
    for (size_t i = 1; i < text.size(); ++i) {
      const bool wraps = (text[i - 1] == '9' && text[i] == '0') || (text[i - 1] == '0' && text[i] == '9');
      if (text[i] - text[i - 1] != by && !wraps) return false;
    }
    return true;
  };
  return steps_by(1) || steps_by(-1);
}

// What is left of "Password123!" is "password".
bool is_common_word(std::string text) {
  while (!text.empty() && !std::isalpha(static_cast<unsigned char>(text.back())))
    text.pop_back();
  for (const char* word : {"password", "passwort", "qwertyuiop", "qwertzuiop", "letmein", "welcome", "administrator",
                           "changeme", "reallive", "iloveyou"})
    if (text == word) return true;
  return false;
}

// The user's name, with hardly anything around it.
bool is_name(const std::string& text, const std::string& name) {
  const size_t at = name.size() < 3 ? std::string::npos : text.find(name);
  return at != std::string::npos && text.size() - name.size() < 6;
}

std::string bcrypt(const std::string& password, const std::string& setting) {
  const auto data = std::make_unique<crypt_data>();
  const char* result = crypt_r(password.c_str(), setting.c_str(), data.get());
  std::string hash = result ? result : "";
  explicit_bzero(data.get(), sizeof(crypt_data));
  return hash;
}

}  // namespace

base::Result<void> check_password_rule(std::string_view password, std::string_view username) {
  if (!base::is_utf8(password) || password.find('\0') != std::string_view::npos)
    return base::invalid("password", "the password must be text");
  if (characters(password) < least_characters)
    return base::invalid("password", "the password needs at least 10 characters");
  if (password.size() > most_bytes) return base::invalid("password", "the password may have at most 72 bytes");
  const std::string text = lower(password);
  if (is_repetition(text) || is_sequence(text) || is_common_word(text))
    return base::invalid("password", "the password is too easy to guess");
  if (is_name(text, lower(username)))
    return base::invalid("password", "the password must not be made of the user's name");
  return {};
}

base::Result<std::string> hash_password(std::string_view password, int cost) {
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  uint8_t random[16];
  base::random_bytes(random);
  if (!crypt_gensalt_rn("$2b$", static_cast<unsigned long>(cost), reinterpret_cast<const char*>(random), sizeof random,
                        setting, sizeof setting))
    return base::fail("failed", "bcrypt is not available on this machine");
  std::string hash = bcrypt(std::string(password), setting);
  if (hash.empty() || hash.front() == '*') return base::fail("failed", "the password could not be hashed");
  return hash;
}

bool check_password(std::string_view password, const std::string& hash) {
  const std::string again = bcrypt(std::string(password), hash);
  // A failed crypt() answers "*0" or "*1", which no stored hash is.
  return again.size() > 2 && again.front() != '*' && base::constant_time_equal(again, hash) &&
         password.size() <= most_bytes && password.find('\0') == std::string_view::npos;
}

}  // namespace reallive::auth
