#include "base/secret_box.h"

#include <array>
#include <memory>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <optional>
#include <utility>

#include "base/id.h"
#include "base/key_file.h"

namespace reallive::base {

namespace {

constexpr std::string_view mark = "sealed:1:";  // of this format; another cipher would get another number
constexpr size_t nonce_bytes = 12, tag_bytes = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::vector<uint8_t> hmac(const std::vector<uint8_t>& key, std::string_view text) {
  std::vector<uint8_t> result(32);
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), result.data(), &length);
  return result;
}

std::string base64(const std::vector<uint8_t>& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

}  // namespace

Result<SecretBox> SecretBox::load_or_make(const std::filesystem::path& file) {
  auto key = load_or_make_key(file);
  if (!key) return tl::unexpected(key.error());
  return SecretBox(*key);
}

SecretBox::SecretBox(const std::vector<uint8_t>& key)
    : sealing_key_(hmac(key, "reallive seals with this")), digest_key_(hmac(key, "reallive looks up with this")) {}

bool SecretBox::is_sealed(std::string_view text) {
  return text.substr(0, mark.size()) == mark;
}

std::string SecretBox::seal(std::string_view text, std::string_view place) const {
  std::vector<uint8_t> sealed(nonce_bytes + text.size() + tag_bytes);
  random_bytes({sealed.data(), nonce_bytes});
  uint8_t* const body = sealed.data() + nonce_bytes;
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  // Nothing here fails but for want of memory, which ends the program elsewhere too.
  const bool done =
      cipher && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, sealing_key_.data(), sealed.data()) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes_of(place), static_cast<int>(place.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), body, &length, bytes_of(text), static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), body + length, &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, body + text.size()) == 1;
  if (!done) std::abort();
  return std::string(mark) + base64(sealed);
}

Result<std::string> SecretBox::open(std::string_view sealed, std::string_view place) const {
  const auto refused = [] {
    return fail("failed", "a stored secret cannot be opened: the key file secrets.key is not the one of this database");
  };
  if (!is_sealed(sealed)) return refused();
  auto bytes = base64_decode(sealed.substr(mark.size()));
  if (!bytes || bytes->size() < nonce_bytes + tag_bytes) return refused();
  const std::string_view nonce = std::string_view(*bytes).substr(0, nonce_bytes);
  const std::string_view body = std::string_view(*bytes).substr(nonce_bytes, bytes->size() - nonce_bytes - tag_bytes);
  std::array<unsigned char, tag_bytes> tag{};
  std::copy(bytes->end() - tag_bytes, bytes->end(), tag.begin());
  std::string text(body.size(), '\0');
  auto* const out = reinterpret_cast<unsigned char*>(text.data());
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool right =
      cipher &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, sealing_key_.data(), bytes_of(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes_of(place), static_cast<int>(place.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), out, &length, bytes_of(body), static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), out + length, &length) == 1;
  if (!right) return refused();
  return text;
}

std::string SecretBox::digest(std::string_view text) const {
  return base64url_encode(hmac(digest_key_, text));
}

}  // namespace reallive::base
