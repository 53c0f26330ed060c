#include "load/srtp.h"

#include <stdexcept>

namespace reallive::load {

namespace {

void set_policies(srtp_policy_t& policy, const std::string& profile) {
  for (auto* each : {&policy.rtp, &policy.rtcp}) {
    if (profile == "SRTP_AEAD_AES_128_GCM") {
      srtp_crypto_policy_set_aes_gcm_128_16_auth(each);
    } else if (profile == "SRTP_AEAD_AES_256_GCM") {
      srtp_crypto_policy_set_aes_gcm_256_16_auth(each);
    } else {
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(each);
    }
  }
}

srtp_t make_session(const std::string& profile, rtc::Buffer key, srtp_ssrc_type_t direction) {
  srtp_policy_t policy{};
  set_policies(policy, profile);
  policy.ssrc.type = direction;
  policy.key = key.data();
  policy.window_size = 4096;
  policy.allow_repeat_tx = 1;
  srtp_t session = nullptr;
  if (srtp_create(&session, &policy) != srtp_err_status_ok) throw std::runtime_error("libsrtp2 refuses " + profile);
  return session;
}

Srtp::Opened opened(srtp_err_status_t status) {
  if (status == srtp_err_status_ok) return Srtp::Opened::kYes;
  bool replayed = status == srtp_err_status_replay_fail || status == srtp_err_status_replay_old;
  return replayed ? Srtp::Opened::kReplayed : Srtp::Opened::kForged;
}

}  // namespace

Srtp::Srtp(const SrtpMaterial& material) {
  static const bool ready = srtp_init() == srtp_err_status_ok;
  if (!ready) throw std::runtime_error("libsrtp2 does not start");
  inbound_ = make_session(material.profile, material.remote, ssrc_any_inbound);
  outbound_ = make_session(material.profile, material.local, ssrc_any_outbound);
}

Srtp::~Srtp() {
  srtp_dealloc(inbound_);
  srtp_dealloc(outbound_);
}

Srtp::Opened Srtp::open_rtp(uint8_t* packet, size_t& size) {
  int length = static_cast<int>(size);
  auto status = srtp_unprotect(inbound_, packet, &length);
  size = static_cast<size_t>(length);
  return opened(status);
}

Srtp::Opened Srtp::open_rtcp(uint8_t* packet, size_t& size) {
  int length = static_cast<int>(size);
  auto status = srtp_unprotect_rtcp(inbound_, packet, &length);
  size = static_cast<size_t>(length);
  return opened(status);
}

void Srtp::seal_rtp(rtc::Buffer& packet) {
  int length = static_cast<int>(packet.size());
  packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN);
  srtp_protect(outbound_, packet.data(), &length);
  packet.resize(static_cast<size_t>(length));
}

void Srtp::seal_rtcp(rtc::Buffer& packet) {
  int length = static_cast<int>(packet.size());
  packet.resize(packet.size() + SRTP_MAX_TRAILER_LEN + 4);
  srtp_protect_rtcp(outbound_, packet.data(), &length);
  packet.resize(static_cast<size_t>(length));
}

}  // namespace reallive::load
