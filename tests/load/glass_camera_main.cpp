// load-glass-camera: an RTSP camera on loopback whose pictures carry the time at which they were made, for
// `./dev bench glass`. Prints {"url": …} and runs until its standard input ends.
//
// The time is a row of 40 squares along the top, black for 0 and white for 1: 32 bits of UNIX time in tenths of a
// millisecond, then the sum of its four bytes, highest bit first.
#include <chrono>
#include <cstring>
#include <gst/rtsp-server/rtsp-server.h>
#include <gst/video/video.h>
#include <iostream>
#include <limits>
#include <thread>

#include "common/ref.h"

namespace {

using reallive::Ref;

constexpr int kBits = 40;

uint64_t clock_bits() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto value =
      static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count() / 100 & 0xffffffff);
  const uint32_t sum = (value >> 24) + (value >> 16 & 0xff) + (value >> 8 & 0xff) + (value & 0xff);
  return uint64_t{value} << 8 | (sum & 0xff);
}

GstPadProbeReturn draw_clock(GstPad* pad, GstPadProbeInfo* info, gpointer) {
  const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
  GstVideoInfo video;
  if (!caps || !gst_video_info_from_caps(&video, caps.get())) return GST_PAD_PROBE_OK;
  GstBuffer* const buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  info->data = buffer;
  GstVideoFrame frame;
  if (!gst_video_frame_map(&frame, &video, buffer, GST_MAP_WRITE)) return GST_PAD_PROBE_OK;
  const uint64_t bits = clock_bits();
  auto* const luma = static_cast<uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0));
  const int stride = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0);
  const int side = GST_VIDEO_FRAME_WIDTH(&frame) / kBits;
  for (int bit = 0; bit < kBits; ++bit) {
    const int shade = bits >> (kBits - 1 - bit) & 1 ? 235 : 16;
    for (int row = 0; row < side; ++row)
      std::memset(luma + row * stride + bit * side, shade, static_cast<size_t>(side));
  }
  gst_video_frame_unmap(&frame);
  return GST_PAD_PROBE_OK;
}

void on_configure(GstRTSPMediaFactory*, GstRTSPMedia* media, gpointer) {
  const auto bin = Ref<GstElement>::adopt(gst_rtsp_media_get_element(media));
  const auto clock = Ref<GstElement>::adopt(gst_bin_get_by_name_recurse_up(GST_BIN(bin.get()), "clock"));
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(clock.get(), "src"));
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, &draw_clock, nullptr, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const auto server = Ref<GstRTSPServer>::adopt(gst_rtsp_server_new());
  gst_rtsp_server_set_address(server.get(), "127.0.0.1");
  gst_rtsp_server_set_service(server.get(), "0");
  GstRTSPMediaFactory* const factory = gst_rtsp_media_factory_new();
  gst_rtsp_media_factory_set_launch(
      factory,
      "( videotestsrc is-live=true pattern=smpte ! video/x-raw,format=I420,width=1280,height=720,framerate=30/1 ! "
      "identity name=clock ! x264enc tune=zerolatency speed-preset=ultrafast bitrate=2500 key-int-max=60 threads=1 ! "
      "video/x-h264,profile=constrained-baseline ! rtph264pay name=pay0 pt=96 aggregate-mode=zero-latency )");
  gst_rtsp_media_factory_set_shared(factory, TRUE);
  g_signal_connect(factory, "media-configure", G_CALLBACK(on_configure), nullptr);
  GstRTSPMountPoints* const mounts = gst_rtsp_server_get_mount_points(server.get());
  gst_rtsp_mount_points_add_factory(mounts, "/clock", factory);
  g_object_unref(mounts);
  if (gst_rtsp_server_attach(server.get(), nullptr) == 0) {
    std::cerr << "load-glass-camera: cannot listen on 127.0.0.1\n";
    return 1;
  }
  std::cout << "{\"url\": \"rtsp://127.0.0.1:" << gst_rtsp_server_get_bound_port(server.get()) << "/clock\"}"
            << std::endl;
  const auto loop = Ref<GMainLoop>::adopt(g_main_loop_new(nullptr, FALSE));
  std::thread reader([&loop] {
    std::cin.ignore(std::numeric_limits<std::streamsize>::max());
    g_main_loop_quit(loop.get());
  });
  g_main_loop_run(loop.get());
  reader.join();
  return 0;
}
