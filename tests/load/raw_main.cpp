// load-raw: the practical limit that fan-out is measured against, without any server.
//
//   load-raw [--viewers 100] [--seconds 5]
//
// For each viewer and frame: ten packets of 12 bytes of header and 1172 of payload sealed by OpenSSL's AES-128-GCM
// (source to destination) into 1200 bytes each, then one UDP_SEGMENT send; 30 frames a second; the sockets are drained
// by another process. Prints the sender's CPU time a packet as JSON.
#include <arpa/inet.h>
#include <atomic>
#include <csignal>
#include <cstring>
#include <netinet/udp.h>
#include <openssl/evp.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "load/arguments.h"
#include "load/clock.h"
#include "load/figures.h"
#include "rtc/wire/bytes.h"

using namespace reallive;
using namespace reallive::load;

namespace {

constexpr size_t kHeader = 12, kPayload = 1172, kTag = 16, kPacket = kHeader + kPayload + kTag;
constexpr size_t kPacketsPerFrame = 10;
constexpr int kFps = 30;

int64_t cpu_ns() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto ns = [](const timeval& time) { return time.tv_sec * kSecond + time.tv_usec * 1000; };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

int bound_socket(sockaddr_in& address) {
  int made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (made < 0 || bind(made, reinterpret_cast<sockaddr*>(&address), size) != 0) throw std::runtime_error("no socket");
  getsockname(made, reinterpret_cast<sockaddr*>(&address), &size);
  return made;
}

/// The other process: reads everything, as fast as it comes, until it is killed.
[[noreturn]] void drain(const std::vector<int>& sockets, std::atomic<int64_t>& received) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int poll = epoll_create1(0);
  for (int each : sockets) {
    epoll_event event{EPOLLIN, {.fd = each}};
    epoll_ctl(poll, EPOLL_CTL_ADD, each, &event);
  }
  static uint8_t data[32][2048];
  iovec vectors[32];
  mmsghdr messages[32] = {};
  for (size_t i = 0; i < 32; ++i) {
    vectors[i] = {data[i], sizeof data[i]};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (;;) {
    epoll_event events[64];
    int count = epoll_wait(poll, events, 64, -1);
    for (int i = 0; i < count; ++i) {
      for (int got = 32; got == 32;) {
        got = recvmmsg(events[i].data.fd, messages, 32, MSG_DONTWAIT, nullptr);
        if (got > 0) received += got;
      }
    }
  }
}

struct Viewer {
  sockaddr_in address{};
  EVP_CIPHER_CTX* cipher = nullptr;
  uint16_t sequence = 0;
};

EVP_CIPHER_CTX* make_cipher(uint8_t seed) {
  uint8_t key[16];
  std::memset(key, seed, sizeof key);
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), nullptr, key, nullptr);
  return cipher;
}

void seal(Viewer& viewer, const uint8_t* payload, uint32_t timestamp, uint8_t* out) {
  out[0] = 0x80;
  out[1] = 96;
  rtc::put_u16(out + 2, viewer.sequence);
  rtc::put_u32(out + 4, timestamp);
  rtc::put_u32(out + 8, 1);
  uint8_t iv[12] = {};
  rtc::put_u16(iv + 10, viewer.sequence++);
  rtc::put_u32(iv + 6, timestamp);
  int size = 0;
  EVP_EncryptInit_ex(viewer.cipher, nullptr, nullptr, nullptr, iv);
  EVP_EncryptUpdate(viewer.cipher, nullptr, &size, out, kHeader);
  EVP_EncryptUpdate(viewer.cipher, out + kHeader, &size, payload, kPayload);
  EVP_EncryptFinal_ex(viewer.cipher, out + kHeader + kPayload, &size);
  EVP_CIPHER_CTX_ctrl(viewer.cipher, EVP_CTRL_AEAD_GET_TAG, kTag, out + kHeader + kPayload);
}

bool send_frame(int socket, Viewer& viewer, const uint8_t* frame, uint32_t timestamp) {
  static uint8_t out[kPacketsPerFrame * kPacket];
  for (size_t i = 0; i < kPacketsPerFrame; ++i)
    seal(viewer, frame + i * kPayload, timestamp, out + i * kPacket);
  iovec vector{out, sizeof out};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))] = {};
  msghdr message{};
  message.msg_name = &viewer.address;
  message.msg_namelen = sizeof viewer.address;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* segment = CMSG_FIRSTHDR(&message);
  segment->cmsg_level = SOL_UDP;
  segment->cmsg_type = UDP_SEGMENT;
  segment->cmsg_len = CMSG_LEN(sizeof(uint16_t));
  uint16_t size = kPacket;
  std::memcpy(CMSG_DATA(segment), &size, sizeof size);
  return sendmsg(socket, &message, 0) == static_cast<ssize_t>(sizeof out);
}

}  // namespace

int main(int count, char** values) {
  Arguments arguments(count, values);
  auto viewers_wanted = static_cast<size_t>(arguments.number("--viewers", 100));
  auto frames = static_cast<int64_t>(arguments.number("--seconds", 5) * kFps);

  std::vector<Viewer> viewers(viewers_wanted);
  std::vector<int> sockets;
  for (Viewer& viewer : viewers) {
    sockets.push_back(bound_socket(viewer.address));
    viewer.cipher = make_cipher(static_cast<uint8_t>(sockets.size()));
  }
  void* shared = mmap(nullptr, sizeof(std::atomic<int64_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::runtime_error("no shared memory");
  auto& received = *new (shared) std::atomic<int64_t>(0);
  pid_t drainer = fork();
  if (drainer == 0) drain(sockets, received);
  for (int each : sockets)
    close(each);

  int sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::vector<uint8_t> frame(kPacketsPerFrame * kPayload, 0x5A);
  int64_t packets = 0, failed = 0;
  int64_t next = now_ns(), cpu_before = cpu_ns();
  for (int64_t i = 0; i < frames; ++i) {
    for (Viewer& viewer : viewers) {
      if (send_frame(sender, viewer, frame.data(), static_cast<uint32_t>(i * 3000))) {
        packets += kPacketsPerFrame;
      } else {
        failed += kPacketsPerFrame;
      }
    }
    next += kSecond / kFps;
    timespec until{next / kSecond, next % kSecond};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  }
  int64_t cpu = cpu_ns() - cpu_before;
  kill(drainer, SIGKILL);
  waitpid(drainer, nullptr, 0);
  for (Viewer& viewer : viewers)
    EVP_CIPHER_CTX_free(viewer.cipher);
  close(sender);
  Line()
      .add("viewers", static_cast<double>(viewers_wanted))
      .add("packets", static_cast<double>(packets))
      .add("failed", static_cast<double>(failed))
      .add("received", static_cast<double>(received.load()))
      .add("us_per_packet", packets > 0 ? static_cast<double>(cpu) / 1e3 / static_cast<double>(packets) : 0)
      .print();
  return failed == 0 ? 0 : 1;
}
