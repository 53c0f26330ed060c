// Cameras that misbehave: they hang, change their picture, send garbage, refuse everybody, drop again and again.
// The server outlives each of them, says what is wrong, and keeps nothing of what was.
#include <gst/gst.h>
#include <malloc.h>

#include "media/media_fixture.h"
#include "media/pipeline_runner.h"
#include "media/rtsp_server.h"
#include "media/talking_camera.h"
#include "support/temp_dir.h"

namespace reallive::media::test {
namespace {

class BadCameras : public MediaTest {};

/// Plays along up to PLAY; what comes after that answer is `media`. `lines` are added to the picture's description.
TalkingCamera::Talk plays(std::string media, std::string lines = {}) {
  return [media, lines](const std::string& request) {
    if (request.starts_with("OPTIONS")) return answer(request, "200 OK", {"Public: OPTIONS, DESCRIBE, SETUP, PLAY"});
    if (request.starts_with("DESCRIBE")) {
      return answer(request, "200 OK", {"Content-Type: application/sdp"},
                    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
                    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track\r\n" +
                        lines);
    }
    if (request.starts_with("SETUP"))
      return answer(request, "200 OK", {"Session: 1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"});
    return answer(request, "200 OK", {"Session: 1"}) + (request.starts_with("PLAY") ? media : "");
  };
}

/// RFC 2326 section 10.12: `$`, channel, length, an RTP packet with one slice of an IDR picture.
std::string interleaved(uint16_t number, const std::string& payload) {
  std::string packet = {'\x80', '\x60', static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
  packet += std::string("\x00\x00\x10\x00\x12\x34\x56\x78", 8) + payload;
  return std::string("$\x00", 2) + static_cast<char>(packet.size() >> 8) + static_cast<char>(packet.size() & 0xff) +
         packet;
}

TEST_F(BadCameras, OneThatHangsInTheMiddleOfAPictureIsTriedAgain) {
  // The length says 40 bytes; 20 come, and then nothing for ever.
  const std::string half = interleaved(1, std::string(28, 'x')).substr(0, 24);
  TalkingCamera camera(plays(half));
  add("hangs", camera.url(), false);
  ASSERT_TRUE(run_until([&] { return camera.requests("PLAY") == 1; }));
  ASSERT_TRUE(wait_state("hangs", StreamState::error)) << "a stalled camera must become known";
  EXPECT_TRUE(run_until([&] { return camera.requests("PLAY") == 2; })) << "and be tried again";
}

/// The first second of a real camera, all at once: H.264 in RTP, interleaved.
std::string pictures() {
  const reallive::test::TempDir dir;
  const std::string file = dir / "packets";
  const auto pipeline = Ref<GstElement>::sink(gst_parse_launch(
      ("videotestsrc num-buffers=15 ! video/x-raw,width=160,height=120,framerate=15/1 ! x264enc tune=zerolatency "
       "speed-preset=ultrafast key-int-max=5 ! rtph264pay pt=96 config-interval=-1 ! rtpstreampay ! filesink "
       "location=" +
       file)
          .c_str(),
      nullptr));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
  GstMessage* end = gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND, GST_MESSAGE_EOS);
  EXPECT_NE(end, nullptr);
  if (end) gst_message_unref(end);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  std::ifstream packets(file, std::ios::binary);
  std::string all, packet;
  // RFC 4571: each packet's length in two bytes before it, as on an RTSP connection behind `$` and the channel.
  for (char length[2]; packets.read(length, 2);) {
    packet.resize(static_cast<size_t>(static_cast<uint8_t>(length[0]) << 8 | static_cast<uint8_t>(length[1])));
    packets.read(packet.data(), static_cast<std::streamsize>(packet.size()));
    all += std::string("$\x00", 2) + std::string(length, 2) + packet;
  }
  return all;
}

TEST_F(BadCameras, OneThatFallsSilentIsToldAndTriedAgain) {
  // Its connection stays open; only nothing comes any more.
  const TalkingCamera camera(plays(pictures()));
  add("silent", camera.url(), false);
  ASSERT_TRUE(wait_state("silent", StreamState::online)) << media->status("silent").error;
  ASSERT_TRUE(wait_state("silent", StreamState::error)) << "pictures that stop must become known";
  EXPECT_EQ(media->status("silent").error, "no picture for 5 s");
  EXPECT_TRUE(run_until([&] { return camera.requests("PLAY") == 2; })) << "and it is tried again";
}

TEST_F(BadCameras, NoClockOfTheCamerasChoiceIsAsked) {
  // RFC 7273: the jitter buffer would ask that host for the time as soon as the first packet comes.
  const UdpPort clock;
  const TalkingCamera camera(
      plays(pictures(), "a=ts-refclk:ntp=127.0.0.1:" + std::to_string(clock.port()) + "\r\na=mediaclk:direct=0\r\n"));
  add("clock", camera.url(), false);
  ASSERT_TRUE(wait_state("clock", StreamState::online)) << media->status("clock").error;
  EXPECT_EQ(clock.received(), 0);
}

TEST_F(BadCameras, GarbageEndsTheAttemptAndNothingElse) {
  std::string noise;
  uint32_t state = 1;
  for (int i = 0; i < 20'000; ++i)
    noise += static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
  const TalkingCamera text([&](const std::string&) { return noise; });
  const TalkingCamera stream(plays(noise));
  std::string packets;
  for (uint16_t i = 0; i < 200; ++i)
    packets += interleaved(i, noise.substr(i * 90u, 90));
  const TalkingCamera rtp(plays(packets));
  const TalkingCamera description([](const std::string& request) {
    return answer(request, "200 OK", {"Content-Type: application/sdp", "Public: OPTIONS, DESCRIBE, SETUP, PLAY"},
                  "m=\xff\r\nm=video\r\na=rtpmap:\r\nv=");
  });
  add("text", text.url(), false);
  add("stream", stream.url(), false);
  add("rtp", rtp.url(), false);
  add("description", description.url(), false);
  const RtspServer good;
  add("good", good.url(), false);
  ASSERT_TRUE(wait_state("text", StreamState::error));
  ASSERT_TRUE(wait_state("stream", StreamState::error));
  ASSERT_TRUE(wait_state("description", StreamState::error));
  EXPECT_TRUE(wait_state("good", StreamState::online)) << media->status("good").error;
  for (const auto& [name, sentences] : errors) {
    for (const std::string& sentence : sentences)
      EXPECT_TRUE(g_utf8_validate(sentence.c_str(), -1, nullptr)) << name;
  }
}

TEST_F(BadCameras, OneThatRefusesEverybodyIsAskedWithBackOff) {
  const TalkingCamera camera([](const std::string& request) {
    return answer(request, "401 Unauthorized",
                  {"WWW-Authenticate: Digest realm=\"camera\", nonce=\"" + std::to_string(request.size()) + "\"",
                   "WWW-Authenticate: Basic realm=\"camera\""});
  });
  add("locked", "rtsp://admin:copper-thistle-31@127.0.0.1:" + std::to_string(camera.port()) + "/camera", false);
  ASSERT_TRUE(wait_state("locked", StreamState::error));
  EXPECT_NE(media->status("locked").error.find("password refused"), std::string::npos) << media->status("locked").error;
  EXPECT_EQ(media->status("locked").error.find("copper-thistle-31"), std::string::npos);
  ASSERT_TRUE(run_until([&] { return camera.connections() >= 3; }));
  EXPECT_LT(camera.requests("OPTIONS"), 40) << "it is asked over and over in one attempt";
}

TEST_F(BadCameras, OneThatChangesItsSizeIsFollowed) {
  // The caps after the selector change while it plays; x264enc begins a new sequence.
  const RtspServer server(RtspServerOptions{
      .launch = "( videotestsrc is-live=true num-buffers=30 ! video/x-raw,width=160,height=120,framerate=30/1 ! c. "
                "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! c. "
                "concat name=c ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 "
                "! rtph264pay config-interval=-1 name=pay0 pt=96 )"});
  add("door", server.url(), false);
  ASSERT_TRUE(run_until([&] { return media->status("door").width == 160; }));
  EXPECT_TRUE(run_until([&] { return media->status("door").width == 320; })) << media->status("door").error;
  EXPECT_TRUE(errors["door"].empty()) << errors["door"].front();
}

struct Figures {
  int descriptors, threads;
  size_t heap;
};
Figures figures() {
  g_thread_pool_stop_unused_threads();  // GLib keeps idle ones for the next task; how many is chance
  const struct mallinfo2 info = mallinfo2();
  return {reallive::test::open_descriptors(), reallive::test::live_threads(), info.uordblks + info.hblkhd};
}

// Fifty times, or a hundred times as often as REALLIVE_SOAK says: a thousand for `./dev soak rtsp-drops`.
class Drops : public MediaTest {
 protected:
  /// Once what ends beside the test has ended: the same descriptors and threads for half a second.
  Figures settled() {
    EXPECT_TRUE(run_until([] { return PipelineRunner::stopping() == 0; }));
    Figures still = figures();
    auto since = std::chrono::steady_clock::now();
    EXPECT_TRUE(run_until([&] {
      const Figures now = figures();
      if (now.descriptors != still.descriptors || now.threads != still.threads)
        since = std::chrono::steady_clock::now();
      still = now;
      return std::chrono::steady_clock::now() - since > std::chrono::milliseconds(500);
    }));
    return still;
  }
};

TEST_F(Drops, LeaveNoDescriptorThreadOrMemoryBehind) {
  const char* soak = std::getenv("REALLIVE_SOAK");
  const int rounds = soak ? 100 * std::max(1, std::atoi(soak)) : 50;
  constexpr int kWarmUp = 10;
  // Only the connection is cut, mostly in the middle of a picture: the camera's port stays.
  RtspServer server;
  open({.source_back_off_ms = 1});
  add("door", server.url(), false);
  Figures before{};
  for (int round = 0; round < kWarmUp + rounds; ++round) {
    ASSERT_TRUE(wait_state("door", StreamState::online)) << round << ": " << media->status("door").error;
    if (round == kWarmUp) before = settled();
    server.hang_up();
    ASSERT_TRUE(run_until([&] { return media->status("door").state != StreamState::online; })) << round;
    states.clear();  // or the test itself would be what grows
    errors.clear();
  }
  ASSERT_TRUE(wait_state("door", StreamState::online));
  const Figures after = settled();
  printf("[          ] %d drops: descriptors %d to %d, threads %d to %d, heap %zu to %zu KiB\n", rounds,
         before.descriptors, after.descriptors, before.threads, after.threads, before.heap / 1024, after.heap / 1024);
  EXPECT_EQ(after.descriptors, before.descriptors);
  EXPECT_EQ(after.threads, before.threads);
  // The camera's server lives in this process, too; what is left a drop must not grow with their number.
  EXPECT_LT(after.heap, before.heap + (2u << 20));
}

}  // namespace
}  // namespace reallive::media::test
