#include "auth/password.h"

#include <algorithm>
#include <cctype>
#include <crack.h>
#include <crypt.h>
#include <cstring>
#include <memory>
#include <mutex>
#include <unistd.h>

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

// What is left of "Password123!" is "password".
std::string word_inside(std::string_view text) {
  const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  const auto first = std::find_if(text.begin(), text.end(), is_letter);
  const auto last = std::find_if(text.rbegin(), text.rend(), is_letter).base();
  return first < last ? std::string(first, last) : std::string();
}

// The user's name, with hardly anything around it.
bool is_name(const std::string& text, const std::string& name) {
  const size_t at = name.size() < 3 ? std::string::npos : text.find(name);
  return at != std::string::npos && text.size() - name.size() < 6;
}

// cracklib works in static buffers: one at a time.
base::Result<void> check_dictionary(const std::string& password, const std::string& username) {
  static std::mutex mutex;  // guards the library; nothing else is called while it is held
  const std::string dictionary = GetDefaultCracklibDict();
  if (access((dictionary + ".pwd").c_str(), R_OK) != 0)
    return base::fail("failed", "the dictionary of bad passwords is missing: install the package cracklib-runtime");
  const std::lock_guard lock(mutex);
  const char* reason = FascistCheckUser(password.c_str(), dictionary.c_str(), username.c_str(), "");
  if (!reason) return {};
  return base::invalid("password", std::string("the password is too easy to guess: ") + reason);
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
  if (is_name(lower(password), lower(username)))
    return base::invalid("password", "the password must not be made of the user's name");
  if (auto checked = check_dictionary(std::string(password), std::string(username)); !checked) return checked;
  const std::string word = word_inside(password);
  if (word.size() >= 6 && password.size() - word.size() < 6) return check_dictionary(word, {});
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
