// Vectors of RFC 3711 appendix B and RFC 7714 sections 16 and 17.

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "hex.h"
#include "rtc/transport/srtp_cipher.h"

namespace reallive::rtc {

namespace {

using test::hex;

TEST(SrtpVectors, KeyDerivation) {
  const Buffer key = hex("E1F97A0D3E018BE0D64FA32C06DE4139"), salt = hex("0EC675AD498AFEEBB6960B3AABE6");
  Buffer cipher_key(16), cipher_salt(14), auth_key(94);
  ASSERT_TRUE(srtp_derive(key, salt, 0, cipher_key));
  ASSERT_TRUE(srtp_derive(key, salt, 1, auth_key));
  ASSERT_TRUE(srtp_derive(key, salt, 2, cipher_salt));
  EXPECT_EQ(cipher_key, hex("C61E7A93744F39EE10734AFE3FF7A087"));
  EXPECT_EQ(cipher_salt, hex("30CBBC08863D8C85D49DB34A9AE1"));
  EXPECT_EQ(auth_key, hex("CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE"
                          "E049646C43D9327AD175578EF7227098 6371C10C9A369AC2F94A8C5FBCDDDC25"
                          "6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2"));
}

TEST(SrtpVectors, KeyDerivationRefusesWrongSizes) {
  Buffer out(16);
  EXPECT_FALSE(srtp_derive(Buffer(15), Buffer(14), 0, out));
  EXPECT_FALSE(srtp_derive(Buffer(16), Buffer(15), 0, out));
}

// RFC 3711 appendix B.2: the keystream shows when zeros are sealed.
TEST(SrtpVectors, CounterModeKeystream) {
  SrtpSessionKeys keys;
  keys.profile = SrtpProfile::kAes128CmSha1_80;
  const Buffer key = hex("2B7E151628AED2A6ABF7158809CF4F3C"), salt = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD");
  std::ranges::copy(key, keys.rtp.key.begin());
  std::ranges::copy(salt, keys.rtp.salt.begin());
  const auto cipher = make_cm_cipher(keys);
  ASSERT_TRUE(cipher);
  const Buffer header = hex("80 00 0000 00000000 00000000"), zeros(48);
  Buffer out(12 + 48 + 10);
  ASSERT_TRUE(cipher->seal({header, {}, zeros, 0}, 0, 0, out.data()));
  EXPECT_EQ(Buffer(out.begin() + 12, out.begin() + 60),
            hex("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0"));
}

struct GcmVector {
  SrtpProfile profile;
  const char* key;
  const char* sealed_rtp;
  const char* sealed_rtcp;
};

// Those that this build and processor have.
std::vector<AesGcmKind> kinds() {
  std::vector<AesGcmKind> kinds = {AesGcmKind::kOpenSsl};
  if (make_aes_gcm(Buffer(16), true, AesGcmKind::kIpsecMb)) kinds.push_back(AesGcmKind::kIpsecMb);
  return kinds;
}

std::string to_string(AesGcmKind kind) {
  return kind == AesGcmKind::kOpenSsl ? "OpenSsl" : "IpsecMb";
}

class GcmVectors : public testing::TestWithParam<std::tuple<AesGcmKind, GcmVector>> {
 protected:
  static AesGcmKind kind() { return std::get<0>(GetParam()); }
  static const GcmVector& vector() { return std::get<1>(GetParam()); }
  std::unique_ptr<SrtpCipher> cipher(bool encrypt) const {
    SrtpSessionKeys keys;
    keys.profile = vector().profile;
    for (auto* one : {&keys.rtp, &keys.rtcp}) {
      std::ranges::copy(hex(vector().key), one->key.begin());
      std::ranges::copy(hex("51756964 2070726f 2071756f"), one->salt.begin());
    }
    return make_gcm_cipher(keys, encrypt, kind());
  }

  const Buffer header_ = hex("8040f17b 8041f8d3 5501a0b2");
  const Buffer payload_ = hex("47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 61727465 73207472 6573");
  const Buffer rtcp_ =
      hex("81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef "
          "deadbeef");
};

TEST_P(GcmVectors, SealsRtp) {
  const Buffer expected = hex(vector().sealed_rtp);
  Buffer out(expected.size());
  ASSERT_TRUE(cipher(true)->seal({header_, {}, payload_, 0}, 0x5501a0b2, 0xf17b, out.data()));
  EXPECT_EQ(out, expected);
}

TEST_P(GcmVectors, SealsRtpInTwoParts) {
  const Buffer expected = hex(vector().sealed_rtp);
  Buffer out(expected.size());
  const Bytes payload(payload_);
  ASSERT_TRUE(cipher(true)->seal({header_, payload.first(2), payload.subspan(2), 0}, 0x5501a0b2, 0xf17b, out.data()));
  EXPECT_EQ(out, expected);
}

TEST_P(GcmVectors, OpensRtp) {
  Buffer packet = hex(vector().sealed_rtp);
  ASSERT_TRUE(cipher(false)->open(packet, 12, 0x5501a0b2, 0xf17b));
  EXPECT_EQ(Buffer(packet.begin() + 12, packet.end() - 16), payload_);
}

TEST_P(GcmVectors, SealsRtcp) {
  const Buffer expected = hex(vector().sealed_rtcp);
  Buffer out(expected.size());
  ASSERT_TRUE(cipher(true)->seal_rtcp(rtcp_, 0x4d617273, 0x5d4, out.data()));
  EXPECT_EQ(out, expected);
}

TEST_P(GcmVectors, OpensRtcp) {
  Buffer packet = hex(vector().sealed_rtcp);
  const auto opener = cipher(false);
  EXPECT_EQ(opener->rtcp_index_word(packet), 0x800005d4u);
  ASSERT_TRUE(opener->open_rtcp(packet, 0x4d617273, 0x5d4));
  EXPECT_EQ(Buffer(packet.begin(), packet.end() - 20), rtcp_);
}

INSTANTIATE_TEST_SUITE_P(
    Rfc7714, GcmVectors,
    testing::Combine(
        testing::ValuesIn(kinds()),
        testing::Values(
            GcmVector{SrtpProfile::kAeadAes128Gcm, "000102030405060708090a0b0c0d0e0f",
                      "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a "
                      "51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
                      "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda "
                      "4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4"},
            GcmVector{SrtpProfile::kAeadAes256Gcm, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                      "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 "
                      "76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
                      "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be "
                      "8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4"})),
    [](const auto& info) {
      return to_string(std::get<0>(info.param)) + "_" + std::string(to_string(std::get<1>(info.param).profile));
    });

class GcmKinds : public testing::TestWithParam<AesGcmKind> {};

// Every size of a packet, with and without the number before a repeat's payload: what one seals all open.
TEST_P(GcmKinds, OpenWhatOpenSslSealed) {
  std::mt19937 random(7);
  for (const size_t key_size : {16, 32}) {
    Buffer key(key_size), nonce(AesGcm::kNonce), plain(1600);
    for (auto* bytes : {&key, &nonce, &plain})
      std::ranges::generate(*bytes, [&] { return static_cast<uint8_t>(random()); });
    const auto reference = make_aes_gcm(key, true, AesGcmKind::kOpenSsl);
    const auto sealer = make_aes_gcm(key, true, GetParam()), opener = make_aes_gcm(key, false, GetParam());
    for (size_t size = 0; size <= plain.size(); size += size < 100 ? 1 : 37) {
      const Bytes authenticated = Bytes(plain).first(12 + size % 5 * 4), body = Bytes(plain).first(size);
      const size_t split = size % 3 == 0 ? 0 : std::min<size_t>(size, 2);
      Buffer expected(size + AesGcm::kTag), out(size + AesGcm::kTag);
      ASSERT_TRUE(reference->seal(nonce.data(), authenticated, {}, body, expected.data(), expected.data() + size));
      ASSERT_TRUE(sealer->seal(nonce.data(), authenticated, body.first(split), body.subspan(split), out.data(),
                               out.data() + size));
      ASSERT_EQ(out, expected) << size;
      ASSERT_TRUE(opener->open(nonce.data(), authenticated, std::span(out).first(size), out.data() + size)) << size;
      ASSERT_TRUE(std::ranges::equal(std::span(out).first(size), body)) << size;
    }
  }
}

TEST_P(GcmKinds, RefuseWhatWasChanged) {
  const Buffer key(16, 1), nonce(AesGcm::kNonce, 2), header(12, 3), body(200, 4);
  Buffer sealed(body.size() + AesGcm::kTag);
  ASSERT_TRUE(make_aes_gcm(key, true, GetParam())
                  ->seal(nonce.data(), header, {}, body, sealed.data(), sealed.data() + body.size()));
  const auto opener = make_aes_gcm(key, false, GetParam());
  const auto opens = [&](Bytes authenticated, Buffer packet) {
    return opener->open(nonce.data(), authenticated, std::span(packet).first(body.size()), packet.data() + body.size());
  };
  for (size_t at = 0; at < sealed.size(); ++at) {
    Buffer changed = sealed;
    changed[at] ^= 0x80;
    EXPECT_FALSE(opens(header, changed)) << at;
  }
  Buffer other = header;
  other.back() ^= 1;
  EXPECT_FALSE(opens(other, sealed));
  EXPECT_TRUE(opens(header, sealed));
}

TEST_P(GcmKinds, TakeKeysOfTwoSizes) {
  for (const size_t size : {0, 15, 24, 33})
    EXPECT_FALSE(make_aes_gcm(Buffer(size), true, GetParam())) << size;
}

INSTANTIATE_TEST_SUITE_P(Each, GcmKinds, testing::ValuesIn(kinds()),
                         [](const auto& info) { return to_string(info.param); });

}  // namespace

}  // namespace reallive::rtc
