// What sealing one RTP packet costs, by profile: a video packet of 12 + 1172 bytes, from a shared source to a send
// buffer, with the working set of many viewers. Prints a table; no test.

#include <cstdio>
#include <time.h>
#include <vector>

#include "rtc/transport/srtp.h"

namespace {

using namespace reallive::rtc;

constexpr size_t kViewers = 100;
constexpr size_t kPackets = 10;  // of a frame
constexpr size_t kPayload = 1172;

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double microseconds_a_packet(SrtpProfile profile, bool remember) {
  std::vector<SrtpSender> viewers;
  for (size_t i = 0; i < kViewers; ++i) {
    SrtpKeys keys;
    keys.profile = profile;
    keys.key[0] = static_cast<uint8_t>(i);
    auto sender = SrtpSender::make(keys);
    if (!sender) return 0;
    if (remember) sender->remember(0x01020304, 1024);
    viewers.push_back(std::move(*sender));
  }
  const Buffer payload(kPackets * kPayload, 0x5a);
  Buffer out(kPackets * (12 + kPayload + 16));
  Buffer header = {0x80, 96, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
  uint64_t index = 1, sealed = 0;
  const double begin = thread_seconds();
  double end = begin;
  while ((end = thread_seconds()) - begin < 0.5) {
    for (SrtpSender& viewer : viewers) {
      size_t offset = 0;
      for (size_t i = 0; i < kPackets; ++i) {
        put_u16(header.data() + 2, static_cast<uint16_t>(index + i));
        const RtpPlain packet{
            header, {}, Bytes(payload).subspan(i * kPayload, kPayload), static_cast<uint32_t>((index + i) >> 16)};
        offset += viewer.seal(packet, std::span(out).subspan(offset));
        ++sealed;
      }
    }
    index += kPackets;
  }
  return (end - begin) * 1e6 / static_cast<double>(sealed);
}

}  // namespace

int main() {
  std::printf("%-24s %12s %12s\n", "profile", "us a packet", "remembering");
  for (const SrtpProfile profile :
       {SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm, SrtpProfile::kAes128CmSha1_80}) {
    std::printf("%-24s %12.2f %12.2f\n", std::string(to_string(profile)).c_str(), microseconds_a_packet(profile, false),
                microseconds_a_packet(profile, true));
  }
  return 0;
}
