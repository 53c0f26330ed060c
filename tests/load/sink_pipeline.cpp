#include "load/sink_pipeline.h"

#include <gst/app/gstappsrc.h>
#include <stdexcept>

#include "load/clock.h"
#include "load/h264.h"

namespace reallive::load {

namespace {

/// The frame with the clock in front of its first slice.
rtc::Buffer stamped(const rtc::Buffer& annex_b) {
  rtc::Buffer out;
  auto add = [&](rtc::Bytes unit) {
    rtc::append_u32(out, 1);
    rtc::append_bytes(out, unit);
  };
  bool done = false;
  for (rtc::Bytes unit : h264::split(annex_b)) {
    uint8_t type = unit[0] & 0x1F;
    if (!done && type >= 1 && type <= 5) {
      add(h264::make_stamp(now_ns()));
      done = true;
    }
    add(unit);
  }
  return out;
}

}  // namespace

SinkPipeline::SinkPipeline(const Clip& clip, const std::string& properties) : clip_(clip) {
  std::string line =
      "appsrc name=source is-live=true format=time do-timestamp=true "
      "caps=video/x-h264,stream-format=byte-stream,alignment=au,framerate=30/1 "
      "! h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au "
      "! reallivertcsink name=sink listen=127.0.0.1:0 " +
      properties;
  GError* error = nullptr;
  pipeline_ = Ref<GstElement>::sink(gst_parse_launch(line.c_str(), &error));
  if (error) {
    std::string reason = error->message;
    g_error_free(error);
    throw std::runtime_error(reason);
  }
  source_ = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "source"));
  sink_ = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "sink"));
  gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  pacer_ = std::jthread([this](const std::stop_token& stop) { pace(stop); });
  for (int64_t limit = now_ns() + 10 * kSecond;;) {
    gboolean ready = FALSE;
    g_object_get(sink_.get(), "ready", &ready, nullptr);
    if (ready) break;
    if (now_ns() > limit) throw std::runtime_error("reallivertcsink does not become ready");
    g_usleep(2000);
  }
}

SinkPipeline::~SinkPipeline() {
  pacer_.request_stop();
  pacer_.join();
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

Result<std::string> SinkPipeline::add_viewer(const std::string& offer, std::string& viewer) {
  GstStructure* answer = nullptr;
  g_signal_emit_by_name(sink_.get(), "add-viewer", offer.c_str(), nullptr, &answer);
  if (!answer) return fail("failed", "add-viewer gave nothing");
  auto text = [&](const char* field) {
    const gchar* value = gst_structure_get_string(answer, field);
    return std::string(value ? value : "");
  };
  Result<std::string> result = text("sdp");
  viewer = text("viewer");
  if (gst_structure_has_name(answer, "error")) result = fail(text("code"), text("reason"));
  gst_structure_free(answer);
  return result;
}

bool SinkPipeline::remove_viewer(const std::string& viewer) {
  gboolean removed = FALSE;
  g_signal_emit_by_name(sink_.get(), "remove-viewer", viewer.c_str(), &removed);
  return removed;
}

void SinkPipeline::pace(const std::stop_token& stop) {
  int64_t next = now_ns();
  for (size_t at = 0; !stop.stop_requested(); at = (at + 1) % clip_.frames.size()) {
    rtc::Buffer bytes = stamped(clip_.frames[at].annex_b);
    GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
    if (!clip_.frames[at].key) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    gst_app_src_push_buffer(GST_APP_SRC(source_.get()), buffer);
    next += kSecond / clip_.fps;
    timespec until{next / kSecond, next % kSecond};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  }
}

}  // namespace reallive::load
