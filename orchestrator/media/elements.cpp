#include "media/elements.h"

#include <fmt/format.h>
#include <gst/gst.h>
#include <map>
#include <string_view>

#include "common/connection.h"
#include "common/guard.h"

namespace reallive::media {

namespace {

/// Connects a function that takes one object to a signal, for the life of the element.
template <typename Object>
void connect(GstElement* element, const char* signal, std::function<void(Object*)> function, GCallback call) {
  using Function = std::function<void(Object*)>;
  g_signal_connect_data(
      element, signal, call, new Function(std::move(function)),
      [](gpointer data, GClosure*) { delete static_cast<Function*>(data); }, GConnectFlags{});
}

void call_with_pad(GstElement*, GstPad* pad, gpointer data) {
  guard([&] { (*static_cast<std::function<void(GstPad*)>*>(data))(pad); });
}

void call_with_element(GstElement* element, gpointer data) {
  guard([&] { (*static_cast<std::function<void(GstElement*)>*>(data))(element); });
}

}  // namespace

base::Result<Ref<GstElement>> make(const char* factory, const char* name) {
  auto element = Ref<GstElement>::sink(gst_element_factory_make(factory, name));
  if (!element) return base::fail("failed", fmt::format("the GStreamer element {} is missing", factory));
  return element;
}

base::Result<Ref<GstElement>> parse(const std::string& line) {
  GError* raw = nullptr;
  auto pipeline =
      Ref<GstElement>::sink(gst_parse_launch_full(line.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &raw));
  const GErrorPtr error(raw);
  if (!pipeline) return base::fail("failed", error ? error->message : "the pipeline cannot be built");
  return pipeline;
}

Ref<GstElement> make_early_pipeline() {
  constexpr GstClockTime kEarlier = 60 * GST_SECOND;  // more than a channel's cache holds
  auto pipeline = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  const auto clock = Ref<GstClock>::adopt(gst_system_clock_obtain());
  gst_pipeline_use_clock(GST_PIPELINE(pipeline.get()), clock.get());
  gst_element_set_start_time(pipeline.get(), GST_CLOCK_TIME_NONE);  // or PLAYING would set the base time anew
  const GstClockTime now = gst_clock_get_time(clock.get());
  gst_element_set_base_time(pipeline.get(), now > kEarlier ? now - kEarlier : 0);
  return pipeline;
}

void on_pad_added(GstElement* element, std::function<void(GstPad*)> function) {
  connect(element, "pad-added", std::move(function), G_CALLBACK(call_with_pad));
}

void on_pad_removed(GstElement* element, std::function<void(GstPad*)> function) {
  connect(element, "pad-removed", std::move(function), G_CALLBACK(call_with_pad));
}

void on_no_more_pads(GstElement* element, std::function<void(GstElement*)> function) {
  connect(element, "no-more-pads", std::move(function), G_CALLBACK(call_with_element));
}

void on_caps(GstPad* pad, std::function<void(GstCaps*)> function) {
  using Function = std::function<void(GstCaps*)>;
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      [](GstPad*, GstPadProbeInfo* info, gpointer data) {
        GstEvent* const event = GST_PAD_PROBE_INFO_EVENT(info);
        if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
          GstCaps* caps = nullptr;
          gst_event_parse_caps(event, &caps);
          guard([&] { (*static_cast<Function*>(data))(caps); });
        }
        return GST_PAD_PROBE_OK;
      },
      new Function(std::move(function)), [](gpointer data) { delete static_cast<Function*>(data); });
}

std::string codec_of(const GstCaps* caps) {
  static const std::map<std::string_view, const char*> kNames = {
      {"video/x-h264", "H264"}, {"video/x-h265", "H265"}, {"video/x-vp8", "VP8"},   {"video/x-vp9", "VP9"},
      {"video/x-av1", "AV1"},   {"audio/x-opus", "opus"}, {"audio/x-alaw", "PCMA"}, {"audio/x-mulaw", "PCMU"}};
  if (!caps || gst_caps_get_size(caps) == 0) return {};
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  const std::string_view name = gst_structure_get_name(structure);
  if (const auto found = kNames.find(name); found != kNames.end()) return found->second;
  int version = 0;
  if (name == "audio/mpeg" && gst_structure_get_int(structure, "mpegversion", &version) && version != 1) return "AAC";
  return std::string(name.substr(name.find('/') + 1));
}

// RFC 8866 section 5.14: a media section begins with "m=" at the start of a line.
bool has_section(const std::string& sdp, const std::string& media) {
  const std::string line = "m=" + media + " ";
  return sdp.starts_with(line) || sdp.find("\n" + line) != std::string::npos;
}

}  // namespace reallive::media
