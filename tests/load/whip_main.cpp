// load-whip: publishes a stamped 720p30 stream of 2.5 Mbit/s by WHIP until its standard input ends.
//
//   load-whip --url http://HOST:PORT/whip/STREAM [--user NAME] [--secret PASSWORD_OR_KEY]
//             [--key-seconds 2] [--kbps 2500] [--ignore-pli] [--loss 0.05] [--no-stamps]
//
// Prints one line of JSON when it is connected and one for each "stats" on standard input.
#include <csignal>
#include <gst/gst.h>
#include <iostream>

#include "load/arguments.h"
#include "load/clock.h"
#include "load/figures.h"
#include "load/http_client.h"
#include "load/publisher.h"

using namespace reallive;
using namespace reallive::load;

namespace {

int report_error(const Error& error) {
  Line().add("failure", error.message).print();
  return 1;
}

void print(const Publisher::Snapshot& snapshot, double bitrate) {
  Line()
      .add("connected", snapshot.connected)
      .add("failure", snapshot.failure)
      .add("profile", snapshot.profile)
      .add("bitrate", bitrate)
      .add("frames", static_cast<double>(snapshot.frames))
      .add("packets", static_cast<double>(snapshot.packets))
      .add("repairs", static_cast<double>(snapshot.repairs))
      .add("picture_requests", static_cast<double>(snapshot.picture_requests))
      .add("feedback", static_cast<double>(snapshot.feedback))
      .print();
}

}  // namespace

int main(int count, char** values) {
  gst_init(nullptr, nullptr);
  Arguments arguments(count, values);
  if (!arguments.has("--url")) {
    std::cerr << "usage: load-whip --url http://HOST:PORT/whip/STREAM [--user U --secret S] [--key-seconds 2]\n";
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  auto clip = Clip::make(static_cast<int>(arguments.number("--key-seconds", 2)),
                         static_cast<int>(arguments.number("--kbps", 2500)));
  if (!clip) return report_error(clip.error());
  DtlsIdentity identity;
  Loop loop;
  SignalingSession session(arguments.text("--url"),
                           authorization(arguments.text("--user"), arguments.text("--secret")));
  Publisher publisher(identity, loop, *clip,
                      {arguments.has("--ignore-pli"), arguments.number("--loss", 0), !arguments.has("--no-stamps")});
  auto answer = session.post(publisher.offer());
  if (!answer) return report_error(answer.error());
  auto started = publisher.start(*answer);
  if (!started) return report_error(started.error());
  int64_t limit = now_ns() + 10 * kSecond;
  while (!publisher.connected() && !publisher.failed() && now_ns() < limit) {
    timespec pause{0, 5 * kMillisecond};
    nanosleep(&pause, nullptr);
  }
  print(publisher.snapshot(), clip->bitrate());
  if (!publisher.connected()) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "stats") print(publisher.snapshot(), clip->bitrate());
  }
  session.remove();
  return 0;
}
