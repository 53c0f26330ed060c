// SrtpSender and SrtpReceiver: indices, windows, repeats, hostile packets; and both ways against libsrtp2.

#include <gtest/gtest.h>
#include <random>
#include <srtp2/srtp.h>

#include "rtc/transport/srtp.h"

namespace reallive::rtc {

namespace {

constexpr uint32_t kVideo = 0x11223344, kAudio = 0x55667788;

SrtpKeys keys_of(SrtpProfile profile, unsigned seed = 1) {
  std::mt19937 random(seed);
  SrtpKeys keys;
  keys.profile = profile;
  for (uint8_t& byte : keys.key)
    byte = static_cast<uint8_t>(random());
  for (uint8_t& byte : keys.salt)
    byte = static_cast<uint8_t>(random());
  return keys;
}

Buffer header_of(uint32_t ssrc, uint16_t sequence, size_t csrcs = 0, bool extension = false) {
  Buffer header = {static_cast<uint8_t>(0x80 | (extension ? 0x10 : 0) | csrcs), 96};
  append_u16(header, sequence);
  append_u32(header, 90000);
  append_u32(header, ssrc);
  for (size_t i = 0; i < csrcs; ++i)
    append_u32(header, static_cast<uint32_t>(i));
  if (extension) {
    append_u16(header, 0xbede);
    append_u16(header, 1);
    append_u32(header, 0x10ff0000);
  }
  return header;
}

// libsrtp2 with one session a direction; GCM through its NSS.
class Oracle {
 public:
  Oracle(const SrtpKeys& keys, bool outbound) {
    static const srtp_err_status_t ready = srtp_init();
    EXPECT_EQ(ready, srtp_err_status_ok);
    srtp_policy_t policy{};
    switch (keys.profile) {
      case SrtpProfile::kAes128CmSha1_80:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
        break;
      case SrtpProfile::kAeadAes128Gcm:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
        break;
      case SrtpProfile::kAeadAes256Gcm:
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
        break;
    }
    const size_t key = srtp_key_size(keys.profile), salt = srtp_salt_size(keys.profile);
    material_.assign(keys.key.begin(), keys.key.begin() + key);
    material_.insert(material_.end(), keys.salt.begin(), keys.salt.begin() + salt);
    policy.key = material_.data();
    policy.ssrc.type = outbound ? ssrc_any_outbound : ssrc_any_inbound;
    policy.window_size = 1024;
    EXPECT_EQ(srtp_create(&session_, &policy), srtp_err_status_ok);
  }
  ~Oracle() { srtp_dealloc(session_); }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  template <auto Function>
  Buffer apply(Bytes packet) {
    Buffer bytes(packet.begin(), packet.end());
    int size = static_cast<int>(bytes.size());
    bytes.resize(bytes.size() + SRTP_MAX_TRAILER_LEN + 4);
    const auto status = Function(session_, bytes.data(), &size);
    EXPECT_EQ(status, srtp_err_status_ok);
    bytes.resize(status == srtp_err_status_ok ? static_cast<size_t>(size) : 0);
    return bytes;
  }

 private:
  Buffer material_;
  srtp_t session_ = nullptr;
};

class SrtpSession : public testing::TestWithParam<SrtpProfile> {
 protected:
  const SrtpKeys keys_ = keys_of(GetParam());
  SrtpSender sender_ = *SrtpSender::make(keys_);
  SrtpReceiver receiver_ = *SrtpReceiver::make(keys_);

  Buffer seal(uint32_t ssrc, uint64_t index, Bytes payload) {
    const Buffer header = header_of(ssrc, static_cast<uint16_t>(index));
    Buffer out(2048);
    out.resize(sender_.seal({header, {}, payload, static_cast<uint32_t>(index >> 16)}, out));
    return out;
  }
  SrtpOpened open(Buffer packet) { return receiver_.open(packet); }
};

// Random sizes, CSRCs, extensions and payload prefixes; strides that wrap the sequence number eight times.
TEST_P(SrtpSession, AgreesWithLibsrtpBothWays) {
  std::mt19937 random(7);
  Oracle opener(keys_, false), sealer(keys_, true);
  uint64_t index = 1000;
  for (int i = 0; i < 600; ++i, index += 1 + random() % 2000) {
    const Buffer header = header_of(i % 3 ? kVideo : kAudio, static_cast<uint16_t>(index), random() % 3, random() % 2);
    Buffer payload(random() % 1300);
    for (uint8_t& byte : payload)
      byte = static_cast<uint8_t>(random());
    const size_t cut = std::min<size_t>(payload.size(), random() % 3);
    const auto roc = static_cast<uint32_t>(index >> 16);
    Buffer plain = header;
    append_bytes(plain, payload);

    Buffer sealed(header.size() + payload.size() + sender_.tag_size());
    ASSERT_EQ(sender_.seal({header, Bytes(payload).first(cut), Bytes(payload).subspan(cut), roc}, sealed),
              sealed.size());
    EXPECT_EQ(opener.apply<&srtp_unprotect>(sealed), plain);

    Buffer theirs = sealer.apply<&srtp_protect>(plain);
    EXPECT_EQ(theirs, sealed);
    const SrtpOpened opened = receiver_.open(theirs);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened.index, index);
    theirs.resize(opened.size);
    EXPECT_EQ(theirs, plain);
  }
  EXPECT_EQ(sender_.refused(), 0u);
}

TEST_P(SrtpSession, AgreesWithLibsrtpOnRtcp) {
  std::mt19937 random(9);
  Oracle opener(keys_, false), sealer(keys_, true);
  for (int i = 0; i < 100; ++i) {
    Buffer plain = {0x81, 201, 0, 7};
    append_u32(plain, kVideo);
    plain.resize(8 + 4 * (random() % 200), static_cast<uint8_t>(i));
    Buffer sealed(plain.size() + sender_.tag_size() + 4);
    ASSERT_EQ(sender_.seal_rtcp(plain, sealed), sealed.size());
    EXPECT_EQ(opener.apply<&srtp_unprotect_rtcp>(sealed), plain);

    Buffer theirs = sealer.apply<&srtp_protect_rtcp>(plain);
    EXPECT_EQ(theirs, sealed);
    const SrtpOpened opened = receiver_.open_rtcp(theirs);
    ASSERT_TRUE(opened);
    theirs.resize(opened.size);
    EXPECT_EQ(theirs, plain);
  }
}

TEST_P(SrtpSession, NeverSealsTwoPlaintextsWithOneIndex) {
  const Buffer first(100, 1), second(100, 2);
  EXPECT_FALSE(seal(kVideo, 70000, first).empty());
  EXPECT_TRUE(seal(kVideo, 70000, second).empty());
  EXPECT_TRUE(seal(kVideo, 70000, first).empty());  // not even the same: that is what reseal() is for
  EXPECT_TRUE(seal(kVideo, 69999, second).empty());
  EXPECT_EQ(sender_.refused(), 3u);
  EXPECT_FALSE(seal(kAudio, 70000, second).empty());  // another SSRC is another nonce
  EXPECT_FALSE(seal(kVideo, 70001, second).empty());
}

TEST_P(SrtpSession, ResealsByteForByteAndNothingElse) {
  sender_.remember(kVideo, 16);
  std::vector<Buffer> sealed;
  for (uint64_t index = 65530; index < 65546; ++index)
    sealed.push_back(seal(kVideo, index, Buffer(200, static_cast<uint8_t>(index))));
  const auto reseal = [&](uint64_t index, Bytes payload, uint8_t type = 96) {
    Buffer header = header_of(kVideo, static_cast<uint16_t>(index));
    header[1] = type;
    Buffer out(2048, 0xaa);
    out.resize(sender_.reseal({header, {}, payload, static_cast<uint32_t>(index >> 16)}, out));
    return out;
  };
  for (uint64_t index = 65530; index < 65546; ++index)
    EXPECT_EQ(reseal(index, Buffer(200, static_cast<uint8_t>(index))), sealed[index - 65530]);  // on both sides of ROC
  EXPECT_EQ(sender_.refused(), 0u);

  EXPECT_TRUE(reseal(65540, Buffer(200, 0)).empty());
  EXPECT_TRUE(reseal(65540, Buffer(200, static_cast<uint8_t>(65540)), 97).empty());  // a changed header byte
  EXPECT_TRUE(reseal(65540 + 65536, Buffer(200, static_cast<uint8_t>(65540))).empty());
  EXPECT_EQ(sender_.refused(), 2u);

  seal(kVideo, 65546, Buffer(200, 0));
  EXPECT_TRUE(reseal(65530, Buffer(200, static_cast<uint8_t>(65530))).empty());  // forgotten
}

TEST_P(SrtpSession, RefusedRepeatLeavesNothingToSend) {
  sender_.remember(kVideo, 4);
  seal(kVideo, 5, Buffer(64, 1));
  Buffer out(2048, 0xaa);
  const Buffer header = header_of(kVideo, 5), other(64, 2);
  ASSERT_EQ(sender_.reseal({header, {}, other, 0}, out), 0u);
  EXPECT_EQ(Buffer(out.begin(), out.begin() + 76), Buffer(76, 0));
}

TEST_P(SrtpSession, SealChecksRoomAndHeader) {
  const Buffer header = header_of(kVideo, 1), payload(100);
  Buffer out(12 + 100 + sender_.tag_size() - 1);
  EXPECT_EQ(sender_.seal({header, {}, payload, 0}, out), 0u);
  EXPECT_EQ(sender_.seal({Bytes(header).first(11), {}, payload, 0}, out), 0u);
  EXPECT_EQ(sender_.seal_rtcp(Buffer(7), out), 0u);
  EXPECT_EQ(sender_.seal_rtcp(Buffer(100), std::span(out).first(100 + sender_.tag_size() + 3)), 0u);
}

TEST_P(SrtpSession, TakesReorderedPacketsOnceEach) {
  std::vector<Buffer> packets;
  for (uint64_t index = 65500; index < 65600; ++index)
    packets.push_back(seal(kVideo, index, Buffer(40, static_cast<uint8_t>(index))));
  std::mt19937 random(3);
  for (size_t i = 0; i < packets.size(); i += 10)
    std::shuffle(packets.begin() + i, packets.begin() + i + 10, random);
  for (const Buffer& packet : packets)
    EXPECT_EQ(open(packet).status, SrtpStatus::kOk);
  for (const Buffer& packet : packets)
    EXPECT_EQ(open(packet).status, SrtpStatus::kReplayed);
}

TEST_P(SrtpSession, RefusesWhatIsOlderThanTheWindow) {
  const Buffer old = seal(kVideo, 10, Buffer(40)), edge = seal(kVideo, 11, Buffer(40));
  ASSERT_TRUE(open(seal(kVideo, 9, Buffer(40))).status == SrtpStatus::kMalformed);  // refused by the sender: empty
  ASSERT_TRUE(open(seal(kVideo, 11 + SrtpReceiver::kWindow - 1, Buffer(40))));
  EXPECT_EQ(open(old).status, SrtpStatus::kTooOld);
  EXPECT_EQ(open(edge).status, SrtpStatus::kOk);
}

TEST_P(SrtpSession, RefusesEveryChangedBit) {
  const Buffer packet = seal(kVideo, 1, Buffer(20, 7));
  for (size_t bit = 0; bit < packet.size() * 8; ++bit) {
    Buffer changed = packet;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    EXPECT_NE(open(changed).status, SrtpStatus::kOk) << "bit " << bit;
  }
  EXPECT_TRUE(open(packet));  // and none of them made the stream known
}

TEST_P(SrtpSession, RefusesEveryChangedBitOfRtcp) {
  Buffer plain = {0x80, 201, 0, 1};
  append_u32(plain, kVideo);
  Buffer packet(8 + sender_.tag_size() + 4);
  ASSERT_EQ(sender_.seal_rtcp(plain, packet), packet.size());
  for (size_t bit = 0; bit < packet.size() * 8; ++bit) {
    Buffer changed = packet;
    changed[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    EXPECT_NE(receiver_.open_rtcp(changed).status, SrtpStatus::kOk) << "bit " << bit;
  }
  Buffer copy = packet;
  EXPECT_TRUE(receiver_.open_rtcp(copy));
  EXPECT_EQ(receiver_.open_rtcp(packet).status, SrtpStatus::kReplayed);
}

TEST_P(SrtpSession, SurvivesEveryTruncation) {
  const Buffer packet = seal(kVideo, 1, Buffer(20, 7));
  for (size_t size = 0; size < packet.size(); ++size) {
    EXPECT_FALSE(open(Buffer(packet.begin(), packet.begin() + size)));
    Buffer rtcp(packet.begin(), packet.begin() + size);
    EXPECT_FALSE(receiver_.open_rtcp(rtcp));
  }
}

TEST_P(SrtpSession, BoundsTheNumberOfStreams) {
  for (uint32_t ssrc = 1; ssrc <= 64; ++ssrc)
    ASSERT_TRUE(open(seal(ssrc, 1, Buffer(10))));
  EXPECT_TRUE(seal(65, 1, Buffer(10)).empty());
  SrtpSender other = *SrtpSender::make(keys_);
  const Buffer header = header_of(65, 1);
  Buffer packet(header.size() + 10 + other.tag_size());
  ASSERT_EQ(other.seal({header, {}, Buffer(10), 0}, packet), packet.size());
  EXPECT_EQ(open(packet).status, SrtpStatus::kTooManyStreams);
  EXPECT_TRUE(open(seal(1, 2, Buffer(10))));
}

INSTANTIATE_TEST_SUITE_P(Profiles, SrtpSession,
                         testing::Values(SrtpProfile::kAes128CmSha1_80, SrtpProfile::kAeadAes128Gcm,
                                         SrtpProfile::kAeadAes256Gcm),
                         [](const auto& info) { return std::string(to_string(info.param)); });

}  // namespace

}  // namespace reallive::rtc
