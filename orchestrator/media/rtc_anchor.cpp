#include "media/rtc_anchor.h"

#include <string>

#include "media/pipeline_runner.h"

namespace reallive::media {

namespace {

/// What the element posted when it could not open its endpoint: a sentence that names address and reason.
std::string complaint(GstBus* bus) {
  const auto message = Ref<GstMessage>::adopt(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR));
  if (!message) return "the endpoint cannot be opened";
  GError* raw = nullptr;
  gst_message_parse_error(message.get(), &raw, nullptr);
  return GErrorPtr(raw)->message;
}

}  // namespace

base::Result<std::shared_ptr<RtcAnchor>> RtcAnchor::open(const RtcSettings& settings) {
  auto element = make_rtc_element("reallivertcsink", settings);
  if (!element) return tl::unexpected(element.error());
  const auto bus = Ref<GstBus>::adopt(gst_bus_new());
  gst_element_set_bus(element->get(), bus.get());
  const bool opened = gst_element_set_state(element->get(), GST_STATE_READY) == GST_STATE_CHANGE_SUCCESS;
  gst_element_set_bus(element->get(), nullptr);
  if (opened) return std::shared_ptr<RtcAnchor>(new RtcAnchor(std::move(*element)));
  gst_element_set_state(element->get(), GST_STATE_NULL);
  return base::fail("failed", "WebRTC media: " + complaint(bus.get()));
}

RtcAnchor::RtcAnchor(Ref<GstElement> element) : element_(std::move(element)) {}

RtcAnchor::~RtcAnchor() {
  if (element_) PipelineRunner::stop(element_);
}

void RtcAnchor::close() {
  if (element_) gst_element_set_state(element_.get(), GST_STATE_NULL);
  element_.reset();
}

void RtcAnchor::set_limits(const RtcLimits& limits) {
  if (element_) set_rtc_limits(element_.get(), limits);
}

uint16_t RtcAnchor::port() const {
  guint port = 0;
  if (element_) g_object_get(element_.get(), "port", &port, nullptr);
  return static_cast<uint16_t>(port);
}

}  // namespace reallive::media
