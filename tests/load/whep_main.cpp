// load-whep: watches a stream by WHEP, once or a thousand times, and says what arrived, as lines of JSON.
//
//   load-whep --url http://HOST:PORT/whep/STREAM [--user NAME] [--secret PASSWORD_OR_TOKEN]
//             [--viewers N] [--rate JOINS_A_SECOND] [--threads T] [--setup active] [--profile 42c01f]
//   load-whep --url … --first COUNT [--spread SECONDS]
//
// The first form joins all viewers and then answers each line on standard input: "stats" prints the figures (delays
// since the last "stats"), the end of input leaves. The second form joins COUNT times one after the other, at random
// times over SPREAD seconds each, and prints how long the first whole picture took after the POST.
#include <csignal>
#include <iostream>
#include <random>

#include "load/arguments.h"
#include "load/clock.h"
#include "load/figures.h"
#include "load/http_client.h"
#include "load/viewer.h"

using namespace reallive;
using namespace reallive::load;

namespace {

struct Joined {
  std::unique_ptr<SignalingSession> session;
  std::unique_ptr<Viewer> viewer;
  int64_t posted_ns = 0;
};

class Program {
 public:
  explicit Program(const Arguments& arguments)
      : url_(arguments.text("--url")),
        authorization_(authorization(arguments.text("--user"), arguments.text("--secret"))),
        options_{arguments.text("--setup") == "active" ? rtc::sdp::Setup::kActive : rtc::sdp::Setup::kActPass,
                 arguments.text("--profile", "42001f")} {
    for (int i = 0; i < static_cast<int>(arguments.number("--threads", 1)); ++i) {
      loops_.push_back(std::make_unique<Loop>());
    }
  }

  Result<Joined> join() {
    Joined joined;
    joined.session = std::make_unique<SignalingSession>(url_, authorization_);
    joined.viewer = std::make_unique<Viewer>(identity_, *loops_[next_loop_++ % loops_.size()], options_);
    std::string offer = joined.viewer->offer();
    joined.posted_ns = now_ns();
    auto answer = joined.session->post(offer);
    if (!answer) return tl::unexpected(answer.error());
    auto started = joined.viewer->start(*answer);
    if (!started) return tl::unexpected(started.error());
    return joined;
  }

  /// Waits until `time` is known, the first whole key frame's by default; false after 15 s or when the viewer failed.
  static bool wait_for_picture(const Viewer& viewer, int64_t (Viewer::*time)() const = &Viewer::first_key_ns) {
    int64_t limit = now_ns() + 15 * kSecond;
    while ((viewer.*time)() == 0) {
      if (viewer.failed() || now_ns() > limit) return false;
      timespec pause{0, kMillisecond};
      nanosleep(&pause, nullptr);
    }
    return true;
  }

  int run_first(int count, double spread) {
    std::mt19937 random(std::random_device{}());
    for (int i = 0; i < count; ++i) {
      auto pause = static_cast<int64_t>(std::uniform_real_distribution<>(0, spread)(random) * kSecond);
      timespec time{pause / kSecond, pause % kSecond};
      nanosleep(&time, nullptr);
      auto joined = join();
      if (!joined) return report_error(joined.error());
      const Viewer& viewer = *joined->viewer;
      bool seen = wait_for_picture(viewer);
      Line line;
      auto add = [&](const char* name, int64_t time_ns) {
        line.add(name, static_cast<double>(time_ns - joined->posted_ns) / 1e6);
      };
      if (seen) add("first_picture_ms", viewer.first_key_ns());
      if (seen && wait_for_picture(viewer, &Viewer::first_live_ns)) add("live_ms", viewer.first_live_ns());
      auto snapshot = joined->viewer->snapshot();
      line.add("profile", snapshot.profile).add("failure", seen ? "" : "no picture: " + snapshot.failure).print();
      joined->session->remove();
    }
    return 0;
  }

  int run_many(int count, double rate) {
    int64_t next = now_ns();
    for (int i = 0; i < count; ++i) {
      auto joined = join();
      if (!joined) return report_error(joined.error());
      viewers_.push_back(std::move(*joined));
      next += static_cast<int64_t>(kSecond / rate);
      int64_t pause = std::max<int64_t>(0, next - now_ns());
      timespec time{pause / kSecond, pause % kSecond};
      nanosleep(&time, nullptr);
    }
    size_t seen = 0;
    for (const Joined& joined : viewers_)
      seen += wait_for_picture(*joined.viewer);
    Line().add("joined", static_cast<double>(viewers_.size())).add("seen", static_cast<double>(seen)).print();
    for (std::string line; std::getline(std::cin, line);) {
      if (line == "stats") print_stats();
    }
    for (Joined& joined : viewers_)
      joined.session->remove();
    return 0;
  }

 private:
  static int report_error(const Error& error) {
    Line().add("failure", error.message).print();
    return 1;
  }

  void print_stats() {
    Viewer::Snapshot sum;
    std::vector<uint32_t> delays;
    std::vector<double> first;
    size_t connected = 0, failed = 0;
    for (const Joined& joined : viewers_) {
      auto each = joined.viewer->snapshot();
      connected += each.connected;
      failed += !each.failure.empty();
      sum.profile = each.profile;
      sum.video.packets += each.video.packets;
      sum.video.bytes += each.video.bytes;
      sum.video.repaired += each.video.repaired;
      sum.video.lost += each.video.lost;
      sum.video.duplicates += each.video.duplicates;
      sum.video.malformed += each.video.malformed;
      sum.video.frames += each.video.frames;
      sum.video.broken += each.video.broken;
      sum.transport.datagrams += each.transport.datagrams;
      sum.transport.forged += each.transport.forged;
      sum.transport.replayed += each.transport.replayed;
      sum.transport.malformed += each.transport.malformed;
      sum.other_packets += each.other_packets;
      delays.insert(delays.end(), each.delays_us.begin(), each.delays_us.end());
      if (each.video.first_key_ns != 0) {
        first.push_back(static_cast<double>(each.video.first_key_ns - joined.posted_ns) / 1e6);
      }
    }
    Line line;
    auto add = [&](const char* name, uint64_t value) { line.add(name, static_cast<double>(value)); };
    add("viewers", viewers_.size());
    add("connected", connected);
    add("failed", failed);
    line.add("profile", sum.profile);
    add("packets", sum.video.packets + sum.other_packets);
    add("bytes", sum.video.bytes);
    add("repaired", sum.video.repaired);
    add("lost", sum.video.lost);
    add("duplicates", sum.video.duplicates);
    add("malformed", sum.video.malformed + sum.transport.malformed);
    add("forged", sum.transport.forged);
    add("replayed", sum.transport.replayed);
    add("frames", sum.video.frames);
    add("broken", sum.video.broken);
    line.add("delay_p50_ms", percentile(delays, 0.50) / 1e3);
    line.add("delay_p99_ms", percentile(delays, 0.99) / 1e3);
    line.add("first_p50_ms", percentile(first, 0.50));
    line.add("first_p95_ms", percentile(first, 0.95));
    line.print();
  }

  std::string url_, authorization_;
  Viewer::Options options_;
  DtlsIdentity identity_;
  std::vector<std::unique_ptr<Loop>> loops_;
  size_t next_loop_ = 0;
  std::vector<Joined> viewers_;  // go before the loops they live on
};

}  // namespace

int main(int count, char** values) {
  Arguments arguments(count, values);
  if (!arguments.has("--url")) {
    std::cerr
        << "usage: load-whep --url http://HOST:PORT/whep/STREAM [--user U --secret S] [--viewers N | --first N]\n";
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  Program program(arguments);
  if (arguments.has("--first")) {
    return program.run_first(static_cast<int>(arguments.number("--first", 20)), arguments.number("--spread", 2));
  }
  return program.run_many(static_cast<int>(arguments.number("--viewers", 1)), arguments.number("--rate", 100));
}
