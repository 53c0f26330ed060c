// reallivertcsrc and a publisher whose packets the test sends one by one: when a picture is whole.
#include <algorithm>
#include <chrono>
#include <gst/app/app.h>
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <mutex>
#include <vector>

#include "common/ref.h"
#include "source_element_fixture.h"
#include "support/wait.h"
#include "test_peer.h"

namespace reallive::rtc {
namespace {

using reallive::test::eventually;
using test::SourceElement;

// RTP packets of real pictures, in order, each picture by itself.
std::vector<std::vector<Buffer>> packets_of(int pictures) {
  const std::string line =
      "videotestsrc pattern=snow num-buffers=" + std::to_string(pictures) +
      " ! video/x-raw,width=320,height=240,framerate=30/1 ! x264enc tune=zerolatency threads=1 aud=false bitrate=2000 "
      "! rtph264pay mtu=400 config-interval=-1 pt=102 ! appsink name=out sync=false";
  const auto pipeline = Ref<GstElement>::sink(gst_parse_launch(line.c_str(), nullptr));
  const auto out = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  std::vector<std::vector<Buffer>> all(1);
  while (const auto sample = Ref<GstSample>::adopt(gst_app_sink_pull_sample(GST_APP_SINK(out.get())))) {
    GstBuffer* buffer = gst_sample_get_buffer(sample.get());
    Buffer packet(gst_buffer_get_size(buffer));
    gst_buffer_extract(buffer, 0, packet.data(), packet.size());
    const bool marker = (packet[1] & 0x80) != 0;
    all.back().push_back(std::move(packet));
    if (marker) all.emplace_back();
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  all.pop_back();
  return all;
}

class PacketByPacket : public SourceElement {
 protected:
  void begin() {
    pictures_ = packets_of(3);
    ASSERT_EQ(pictures_.size(), 3u);
    for (const auto& picture : pictures_)
      ASSERT_NE(picture.size() % 16, 0u) << "some of each have to wait for its end";
    play();
    OfferOptions options;
    options.direction = sdp::Direction::kSendOnly;
    const auto answer = publish(peer_.offer(options));
    ASSERT_TRUE(gst_structure_has_name(answer.get(), "answer"));
    peer_.accept(gst_structure_get_string(answer.get(), "sdp"));
    ASSERT_TRUE(peer_.run_until([&] {
      const std::lock_guard lock(mutex_);
      return peer_.connected() && !connected_ids_.empty();
    }));
  }
  void send(size_t picture, size_t first, size_t count, bool marked = true) {
    for (size_t index = first; index < std::min(first + count, pictures_[picture].size()); ++index) {
      Buffer packet = pictures_[picture][index];
      if (!marked) packet[1] &= 0x7F;
      peer_.send_rtp(packet);
    }
  }
  // Packets that have gone through the session, as of at most a second ago.
  guint64 taken() {
    GstStructure* raw = nullptr;
    g_object_get(source_.get(), "stats", &raw, nullptr);
    const StructurePtr stats(raw);
    guint64 packets = 0;
    gst_structure_get_uint64(stats.get(), "packets", &packets);
    return packets;
  }
  bool shown(size_t pictures) {
    return peer_.run_until([&] { return count("video_0") == pictures; });
  }

  std::vector<std::vector<Buffer>> pictures_;
  TestPeer peer_;
};

TEST_F(PacketByPacket, GivesAPictureAsSoonAsItsLastPacketIsThere) {
  begin();
  ASSERT_GT(pictures_[0].size(), 40u) << "more than may wait for each other";
  for (size_t picture = 0; picture < 3; ++picture) {
    const size_t last = pictures_[picture].size() - 1;
    send(picture, 0, last);
    peer_.run_until([] { return false; }, std::chrono::milliseconds(50));
    EXPECT_EQ(count("video_0"), picture);
    send(picture, last, 1);
    EXPECT_TRUE(shown(picture + 1));
  }
}

// RFC 6184 section 5.1: the marker may be missing, and its packet may be lost.
TEST_F(PacketByPacket, GivesAPictureWithoutItsMarkerWhenTheNextIsThere) {
  begin();
  send(0, 0, SIZE_MAX, false);
  send(1, 0, SIZE_MAX, false);
  EXPECT_TRUE(shown(1));
  send(2, 0, SIZE_MAX, false);
  EXPECT_TRUE(shown(2));
}

TEST_F(PacketByPacket, GivesThePictureThatItsPublishersEndInterrupts) {
  begin();
  send(0, 0, SIZE_MAX);
  send(1, 0, SIZE_MAX);
  ASSERT_TRUE(shown(2));
  send(2, 0, SIZE_MAX, false);
  size_t sent = 0;
  for (const auto& picture : pictures_)
    sent += picture.size();
  ASSERT_TRUE(peer_.run_until([&] { return taken() == sent; }))
      << taken() << " of " << sent;  // goodbye overtakes media
  peer_.say_goodbye();
  EXPECT_TRUE(shown(3));
  EXPECT_TRUE(eventually([&] { return output("video_0").eos; }));
}

}  // namespace
}  // namespace reallive::rtc
