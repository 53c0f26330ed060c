// Payloaders: sizes that UDP segmentation can send, and what GStreamer's depayloaders make of them.

#include "rtc/send/payloader.h"

#include <algorithm>
#include <gst/app/gstappsink.h>
#include <gst/check/gstharness.h>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "rtc/wire/rtp.h"

namespace reallive::rtc {

namespace {

struct ElementUnref {
  void operator()(GstElement* element) const { gst_object_unref(element); }
};
struct HarnessTeardown {
  void operator()(GstHarness* harness) const { gst_harness_teardown(harness); }
};

Buffer bytes_of(GstBuffer* buffer) {
  Buffer bytes(gst_buffer_get_size(buffer));
  gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
  return bytes;
}

// Access units out of a launch line that ends in an appsink named "out".
std::vector<Buffer> produce(const std::string& line) {
  GError* error = nullptr;
  const std::unique_ptr<GstElement, ElementUnref> pipeline(gst_parse_launch(line.c_str(), &error));
  EXPECT_EQ(error, nullptr) << error->message;
  const std::unique_ptr<GstElement, ElementUnref> out(gst_bin_get_by_name(GST_BIN(pipeline.get()), "out"));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  std::vector<Buffer> units;
  while (GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(out.get()))) {
    units.push_back(bytes_of(gst_sample_get_buffer(sample)));
    gst_sample_unref(sample);
  }
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  return units;
}

std::vector<Buffer> h264(const std::string& encoder, int frames = 40) {
  return produce("videotestsrc pattern=smpte num-buffers=" + std::to_string(frames) +
                 " ! video/x-raw,width=640,height=360,framerate=30/1 ! " + encoder +
                 " ! video/x-h264,stream-format=byte-stream,alignment=au ! appsink name=out sync=false");
}

// The payloads as RTP packets through a depayloader; what comes out.
std::vector<Buffer> depayload(const char* element, const char* caps, const std::vector<FramePtr>& frames) {
  const std::unique_ptr<GstHarness, HarnessTeardown> harness(gst_harness_new_parse(element));
  gst_harness_set_src_caps_str(harness.get(), caps);
  std::vector<Buffer> units;
  uint16_t sequence = 65500;
  for (const FramePtr& frame : frames) {
    for (const Frame::Packet& packet : frame->packets) {
      Buffer bytes(rtp::kFixedHeader);
      rtp::write_header(bytes, {packet.marker, 96, sequence++, static_cast<uint32_t>(frame->meta.rtp_time), 7});
      append_bytes(bytes, frame->payload(packet));
      GstBuffer* const buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
      EXPECT_EQ(gst_harness_push(harness.get(), buffer), GST_FLOW_OK);
    }
  }
  while (GstBuffer* buffer = gst_harness_try_pull(harness.get())) {
    units.push_back(bytes_of(buffer));
    gst_buffer_unref(buffer);
  }
  return units;
}

// NAL units of a byte stream with four-byte or three-byte start codes, by a way of its own.
std::vector<Buffer> nals_of(const Buffer& unit) {
  std::vector<Buffer> nals;
  for (size_t i = 0; i < unit.size();) {
    if (i + 3 <= unit.size() && unit[i] == 0 && unit[i + 1] == 0 && unit[i + 2] == 1) {
      nals.emplace_back();
      i += 3;
    } else {
      if (!nals.empty()) nals.back().push_back(unit[i]);
      ++i;
    }
  }
  for (Buffer& nal : nals) {
    while (!nal.empty() && nal.back() == 0)
      nal.pop_back();
  }
  return nals;
}

int type_of(const Buffer& nal) {
  return nal[0] & 0x1f;
}

std::vector<FramePtr> packetize(Payloader& payloader, const std::vector<Buffer>& units) {
  std::vector<FramePtr> frames;
  for (size_t i = 0; i < units.size(); ++i) {
    FrameMeta meta;
    meta.rtp_time = static_cast<int64_t>(i) * 3000;
    auto frame = payloader.packetize(units[i], meta);
    EXPECT_TRUE(frame) << (frame ? "" : frame.error().message);
    if (frame) frames.push_back(*frame);
  }
  return frames;
}

Buffer nal(uint8_t type, size_t size, uint8_t fill = 0x55) {
  Buffer bytes(size, fill);
  bytes[0] = static_cast<uint8_t>(0x60 | type);
  return bytes;
}

Buffer unit_of(const std::vector<Buffer>& nals, bool long_codes = true) {
  Buffer unit;
  for (const Buffer& one : nals) {
    if (long_codes) unit.push_back(0);
    append_bytes(unit, Buffer{0, 0, 1});
    append_bytes(unit, one);
  }
  return unit;
}

const Buffer kSps = {0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe8};
const Buffer kPps = {0x68, 0xce, 0x3c, 0x80};

void expect_marker_on_last_only(const Frame& frame) {
  ASSERT_FALSE(frame.packets.empty());
  for (size_t i = 0; i < frame.packets.size(); ++i)
    EXPECT_EQ(frame.packets[i].marker, i + 1 == frame.packets.size());
}

TEST(H264Payloader, FragmentsAreEqualForEverySize) {
  const auto payloader = make_h264_payloader();
  for (size_t size = 2; size < 20000; size += 1 + size / 97) {
    const auto frame = payloader->packetize(unit_of({nal(1, size)}), {});
    ASSERT_TRUE(frame);
    const auto& packets = (*frame)->packets;
    size_t sum = 0;
    for (const auto& packet : packets) {
      ASSERT_LE(packet.size, kDefaultMaxPayload);
      ASSERT_LE(packet.size, packets[0].size);
      ASSERT_TRUE(packet.marker || packet.size == packets[0].size) << "NAL of " << size;
      sum += packet.size;
    }
    EXPECT_LT(packets[0].size - packets.back().size, static_cast<int>(packets.size()));  // nor is the last a crumb
    // As few packets as possible: each but a single one carries two bytes of FU header.
    const size_t fewest =
        size <= kDefaultMaxPayload ? 1 : (size - 1 + kDefaultMaxPayload - 3) / (kDefaultMaxPayload - 2);
    EXPECT_EQ(packets.size(), fewest);
    EXPECT_EQ(sum, packets.size() == 1 ? size : size - 1 + 2 * packets.size());
    expect_marker_on_last_only(**frame);
  }
}

TEST(H264Payloader, ParameterSetsGoAheadOfEachKeyFrameInOnePacket) {
  const auto payloader = make_h264_payloader();
  EXPECT_EQ(payloader->profile(), "");
  const Buffer stap = {0x78, 0, 9, 0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe8, 0, 4, 0x68, 0xce, 0x3c, 0x80};
  const auto first = *payloader->packetize(unit_of({nal(9, 2), kSps, kPps, nal(5, 100)}), {});
  EXPECT_TRUE(first->key);
  EXPECT_TRUE(first->has_parameter_sets);
  ASSERT_EQ(first->packets.size(), 2u);
  EXPECT_EQ(Buffer(first->payload(size_t{0}).begin(), first->payload(size_t{0}).end()), stap);
  EXPECT_EQ(payloader->profile(), "42c01f");

  const auto delta = *payloader->packetize(unit_of({nal(1, 100)}), {});
  EXPECT_FALSE(delta->key);
  EXPECT_FALSE(delta->has_parameter_sets);
  EXPECT_EQ(delta->packets.size(), 1u);

  // An encoder that sends them only once.
  const auto bare = *payloader->packetize(unit_of({nal(5, 100)}), {});
  EXPECT_TRUE(bare->has_parameter_sets);
  ASSERT_EQ(bare->packets.size(), 2u);
  EXPECT_EQ(Buffer(bare->payload(size_t{0}).begin(), bare->payload(size_t{0}).end()), stap);
  expect_marker_on_last_only(*bare);
}

TEST(H264Payloader, KeyFrameBeforeAnyParameterSetsSaysSo) {
  const auto frame = make_h264_payloader()->packetize(unit_of({nal(5, 100)}), {});
  ASSERT_TRUE(frame);
  EXPECT_TRUE((*frame)->key);
  EXPECT_FALSE((*frame)->has_parameter_sets);
}

TEST(H264Payloader, ParameterSetsTooLargeForOnePacketGoOneByOne) {
  const auto payloader = make_h264_payloader(20);
  Buffer pps = kPps;
  pps.resize(30, 0x11);
  const auto frame = *payloader->packetize(unit_of({kSps, pps, nal(5, 10)}), {});
  ASSERT_EQ(frame->packets.size(), 4u);  // SPS, PPS in two fragments, slice
  for (const auto& packet : frame->packets)
    EXPECT_LE(packet.size, 20);
}

TEST(H264Payloader, LeavesOutDelimitersAndFiller) {
  const auto payloader = make_h264_payloader();
  const auto frame =
      *payloader->packetize(unit_of({nal(9, 2), nal(6, 30), nal(1, 50), nal(12, 900, 0xff), nal(11, 1)}, false), {});
  ASSERT_EQ(frame->packets.size(), 2u);
  EXPECT_EQ(frame->packets[0].size, 30);
  EXPECT_EQ(frame->packets[1].size, 50);
}

TEST(H264Payloader, RefusesWhatIsNoAccessUnit) {
  const auto payloader = make_h264_payloader();
  const std::vector<Buffer> wrong = {{},
                                     {0, 0, 0, 1},
                                     {0, 0, 1},
                                     {0, 0},
                                     {0, 0, 0, 5, 0x65, 1, 2, 3, 4},  // avc1: a length, not a start code
                                     unit_of({nal(9, 2)}),
                                     Buffer(kMaxAccessUnit + 1)};
  for (const Buffer& unit : wrong) {
    const auto frame = payloader->packetize(unit, {});
    ASSERT_FALSE(frame) << unit.size();
    EXPECT_EQ(frame.error().code, "bad-access-unit");
  }
}

TEST(H264Payloader, SurvivesRandomBytes) {
  std::mt19937 random(11);
  const auto payloader = make_h264_payloader(50);
  for (int i = 0; i < 20000; ++i) {
    Buffer unit(random() % 200);
    for (uint8_t& byte : unit)
      byte = static_cast<uint8_t>(random() % 4 ? random() % 2 : random());
    const auto frame = payloader->packetize(unit, {});
    if (!frame) continue;
    for (const auto& packet : (*frame)->packets) {
      ASSERT_LE(packet.offset + packet.size, (*frame)->data.size());
      ASSERT_LE(packet.size, 50);
    }
  }
}

class H264Depay : public testing::TestWithParam<const char*> {};

TEST_P(H264Depay, GivesTheSameBytesBack) {
  const auto units = h264(GetParam());
  ASSERT_EQ(units.size(), 40u);
  const auto payloader = make_h264_payloader();
  const auto frames = packetize(*payloader, units);
  const auto out = depayload("rtph264depay ! capsfilter caps=\"video/x-h264,stream-format=byte-stream,alignment=au\"",
                             "application/x-rtp,media=video,clock-rate=90000,encoding-name=H264,payload=96", frames);
  ASSERT_EQ(out.size(), units.size());
  Buffer sps, pps;
  for (size_t i = 0; i < units.size(); ++i) {
    std::vector<Buffer> slices, expected;
    bool key = false;
    for (const Buffer& one : nals_of(units[i])) {
      if (type_of(one) == 7) {
        sps = one;
      } else if (type_of(one) == 8) {
        pps = one;
      } else if (type_of(one) != 9) {
        key |= type_of(one) == 5;
        slices.push_back(one);
      }
    }
    if (key) expected = {sps, pps};
    expected.insert(expected.end(), slices.begin(), slices.end());
    EXPECT_EQ(nals_of(out[i]), expected) << "access unit " << i;
    EXPECT_EQ(frames[i]->key, key);
    EXPECT_TRUE(!key || frames[i]->has_parameter_sets);
    expect_marker_on_last_only(*frames[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Encoders, H264Depay,
                         testing::Values("x264enc tune=zerolatency bitrate=2500 key-int-max=10",
                                         "x264enc tune=zerolatency sliced-threads=true threads=4 bitrate=4000",
                                         "x264enc bitrate=800 bframes=2 aud=true"));

Buffer nal265(uint8_t type, size_t size, uint8_t fill = 0x55) {
  Buffer bytes(size, fill);
  bytes[0] = static_cast<uint8_t>(type << 1);
  bytes[1] = 1;
  return bytes;
}

int type265(const Buffer& nal) {
  return nal[0] >> 1 & 0x3f;
}

// Main profile, level 3.1, with the emulation prevention bytes that every real one has.
const Buffer kVps265 = {0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00,
                        0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x5d, 0x95, 0x98, 0x09};
const Buffer kSps265 = {0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03,
                        0x00, 0x00, 0x03, 0x00, 0x5d, 0xa0, 0x02, 0x80, 0x80, 0x2d, 0x16, 0x59, 0x59};
const Buffer kPps265 = {0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62, 0x40};

TEST(H265Payloader, ParameterSetsGoAheadOfEachKeyFrameInOnePacket) {
  const auto payloader = make_h265_payloader();
  EXPECT_EQ(payloader->profile(), "");
  const auto first =
      *payloader->packetize(unit_of({nal265(35, 3), kVps265, kSps265, kPps265, nal265(39, 20), nal265(19, 100)}), {});
  EXPECT_EQ(payloader->profile(), "1");
  EXPECT_TRUE(first->key);
  EXPECT_TRUE(first->has_parameter_sets);
  ASSERT_EQ(first->packets.size(), 3u);  // sets, SEI, slice
  Buffer aggregate = {48 << 1, 1};
  for (const Buffer& set : {kVps265, kSps265, kPps265}) {
    append_u16(aggregate, static_cast<uint16_t>(set.size()));
    append_bytes(aggregate, set);
  }
  EXPECT_EQ(Buffer(first->payload(size_t{0}).begin(), first->payload(size_t{0}).end()), aggregate);
  expect_marker_on_last_only(*first);

  const auto delta = *payloader->packetize(unit_of({nal265(1, 100)}), {});
  EXPECT_FALSE(delta->key);
  EXPECT_EQ(delta->packets.size(), 1u);
  const auto bare = *payloader->packetize(unit_of({nal265(21, 100)}), {});
  EXPECT_TRUE(bare->key);
  ASSERT_EQ(bare->packets.size(), 2u);
  EXPECT_EQ(Buffer(bare->payload(size_t{0}).begin(), bare->payload(size_t{0}).end()), aggregate);

  EXPECT_FALSE((*make_h265_payloader()->packetize(unit_of({nal265(19, 50)}), {}))->has_parameter_sets);
  EXPECT_EQ((*make_h265_payloader(30)->packetize(unit_of({kVps265, kSps265, kPps265}), {}))->packets.size(), 3u);
}

TEST(H265Payloader, FragmentsAreEqualForEverySize) {
  const auto payloader = make_h265_payloader();
  for (size_t size = 3; size < 20000; size += 1 + size / 97) {
    const auto frame = payloader->packetize(unit_of({nal265(1, size)}), {});
    ASSERT_TRUE(frame);
    const auto& packets = (*frame)->packets;
    size_t sum = 0;
    for (const auto& packet : packets) {
      ASSERT_LE(packet.size, kDefaultMaxPayload);
      ASSERT_TRUE(packet.marker || packet.size == packets[0].size) << "NAL of " << size;
      sum += packet.size;
    }
    EXPECT_EQ(sum, packets.size() == 1 ? size : size - 2 + 3 * packets.size());
    expect_marker_on_last_only(**frame);
  }
}

TEST(H265Payloader, GivesTheSameBytesBack) {
  const auto units = produce(
      "videotestsrc num-buffers=30 ! video/x-raw,format=I420,width=640,height=360,framerate=30/1 ! "
      "x265enc tune=zerolatency speed-preset=ultrafast bitrate=4000 key-int-max=10 ! "
      "video/x-h265,stream-format=byte-stream,alignment=au ! appsink name=out sync=false");
  ASSERT_EQ(units.size(), 30u);
  const auto payloader = make_h265_payloader();
  const auto frames = packetize(*payloader, units);
  const auto out = depayload("rtph265depay ! capsfilter caps=\"video/x-h265,stream-format=byte-stream,alignment=au\"",
                             "application/x-rtp,media=video,clock-rate=90000,encoding-name=H265,payload=96", frames);
  ASSERT_EQ(out.size(), units.size());
  EXPECT_EQ(payloader->profile(), "1");
  size_t keys = 0;
  std::map<int, Buffer> sets;  // this encoder sends them once
  for (size_t i = 0; i < units.size(); ++i) {
    std::vector<Buffer> slices, expected;
    bool key = false;
    for (const Buffer& one : nals_of(units[i])) {
      const int type = type265(one);
      if (type >= 32 && type <= 34) {
        sets[type] = one;
      } else if (type != 35) {
        key |= type / 8 == 2;
        slices.push_back(one);
      }
    }
    if (key) expected = {sets[32], sets[33], sets[34]};
    expected.insert(expected.end(), slices.begin(), slices.end());
    EXPECT_EQ(nals_of(out[i]), expected) << "access unit " << i;
    EXPECT_EQ(frames[i]->key, key);
    EXPECT_TRUE(!key || frames[i]->has_parameter_sets);
    keys += key;
  }
  EXPECT_EQ(keys, 3u);
}

TEST(H265Payloader, RefusesWhatIsNoAccessUnitAndSurvivesRandomBytes) {
  for (const Buffer& unit : {Buffer{}, Buffer{0, 0, 1}, Buffer{0, 0, 0, 5, 2, 1, 2}, unit_of({nal265(35, 3)}),
                             unit_of({{0x26, 1}}), Buffer(kMaxAccessUnit + 1)}) {
    const auto frame = make_h265_payloader()->packetize(unit, {});
    ASSERT_FALSE(frame) << unit.size();
    EXPECT_EQ(frame.error().code, "bad-access-unit");
  }
  std::mt19937 random(11);
  const auto payloader = make_h265_payloader(50);
  for (int i = 0; i < 20000; ++i) {
    Buffer unit(random() % 200);
    for (uint8_t& byte : unit)
      byte = static_cast<uint8_t>(random() % 4 ? random() % 2 : random());
    if (unit.size() > 6) std::copy_n(kSps265.begin(), random() % 3, unit.begin() + 4);
    const auto frame = payloader->packetize(unit, {});
    if (!frame) continue;
    for (const auto& packet : (*frame)->packets) {
      ASSERT_LE(packet.offset + packet.size, (*frame)->data.size());
      ASSERT_LE(packet.size, 50);
    }
  }
}

TEST(Vp8Payloader, GivesTheSameBytesBackInEqualPieces) {
  const auto units = produce(
      "videotestsrc num-buffers=30 ! video/x-raw,width=640,height=360,framerate=30/1 ! "
      "vp8enc deadline=1 target-bitrate=3000000 keyframe-max-dist=10 ! appsink name=out sync=false");
  ASSERT_EQ(units.size(), 30u);
  const auto payloader = make_vp8_payloader();
  const auto frames = packetize(*payloader, units);
  EXPECT_EQ(
      depayload("rtpvp8depay", "application/x-rtp,media=video,clock-rate=90000,encoding-name=VP8,payload=96", frames),
      units);
  size_t keys = 0;
  const uint16_t first_id = read_u16(frames[0]->data.data() + 2) & 0x7fff;
  for (size_t i = 0; i < frames.size(); ++i) {
    const Frame& frame = *frames[i];
    keys += frame.key;
    expect_marker_on_last_only(frame);
    for (const auto& packet : frame.packets) {
      EXPECT_LE(packet.size, kDefaultMaxPayload);
      EXPECT_TRUE(packet.marker || packet.size == frame.packets[0].size);
      const Bytes payload = frame.payload(packet);
      EXPECT_EQ(payload[0], &packet == &frame.packets[0] ? 0x90 : 0x80);
      EXPECT_EQ(payload[1], 0x80);
      const uint16_t id = read_u16(payload.data() + 2);
      EXPECT_TRUE(id & 0x8000);
      EXPECT_EQ(id & 0x7fff, (first_id + i) & 0x7fff);
    }
  }
  EXPECT_EQ(keys, 3u);
}

TEST(Vp8Payloader, RefusesWhatIsNoFrame) {
  EXPECT_FALSE(make_vp8_payloader()->packetize(Buffer(2), {}));
  EXPECT_FALSE(make_vp8_payloader()->packetize(Buffer(kMaxAccessUnit + 1), {}));
}

TEST(OpusPayloader, OnePacketIsOnePayload) {
  const auto payloader = make_opus_payloader();
  FrameMeta meta;
  meta.rtp_time = 960;
  meta.capture_unix_ns = 1'700'000'000'000'000'000;
  const Buffer packet(160, 0x78);
  const auto frame = *payloader->packetize(packet, meta);
  ASSERT_EQ(frame->packets.size(), 1u);
  EXPECT_EQ(frame->data, packet);
  EXPECT_TRUE(frame->key);
  EXPECT_FALSE(frame->packets[0].marker);
  EXPECT_EQ(frame->meta.rtp_time, 960);
  EXPECT_EQ(frame->meta.capture_unix_ns, meta.capture_unix_ns);
  EXPECT_FALSE(payloader->packetize({}, {}));
  EXPECT_FALSE(payloader->packetize(Buffer(kDefaultMaxPayload + 1), {}));
}

// RFC 7798 gives 48 to 50 meanings of its own on the wire, and the rest up to 63 to nobody.
TEST(H265Payloader, LeavesOutTypesThatMeanSomethingElseOnTheWire) {
  const auto frame = *make_h265_payloader()->packetize(unit_of({nal265(1, 50), nal265(49, 20), nal265(62, 20)}), {});
  ASSERT_EQ(frame->packets.size(), 1u);
  EXPECT_EQ(frame->data, nal265(1, 50));
}

TEST(Payloader, MadeByCodec) {
  for (const CodecKind codec : {CodecKind::kH264, CodecKind::kVp8, CodecKind::kOpus, CodecKind::kH265}) {
    const auto payloader = make_payloader(codec);
    const auto frame = payloader->packetize(unit_of({codec == CodecKind::kH265 ? nal265(1, 50) : nal(1, 50)}), {});
    ASSERT_TRUE(frame);
    EXPECT_EQ((*frame)->codec, codec);
  }
}

}  // namespace

}  // namespace reallive::rtc
