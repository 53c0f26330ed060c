#include "rtc/sink_notifier.h"

#include <gst/video/video.h>

#include "common/guard.h"

namespace reallive::rtc {

SinkNotifier::SinkNotifier(GstElement* element) {
  g_weak_ref_init(&element_, element);
}

SinkNotifier::~SinkNotifier() {
  g_weak_ref_clear(&element_);
}

void SinkNotifier::on_viewer_connected(const std::string& viewer) {
  enqueue([viewer](GstElement* element) { g_signal_emit_by_name(element, "viewer-connected", viewer.c_str()); });
}

void SinkNotifier::on_viewer_gone(const std::string& viewer, const std::string& reason) {
  enqueue([viewer, reason](GstElement* element) {
    g_signal_emit_by_name(element, "viewer-gone", viewer.c_str(), reason.c_str());
  });
}

void SinkNotifier::on_key_frame_wanted(size_t track) {
  enqueue([this, track](GstElement*) { request_key_frame(track); });
}

void SinkNotifier::set_pad(size_t track, Ref<GstPad> pad) {
  std::lock_guard lock(mutex_);
  if (pads_.size() <= track) pads_.resize(track + 1);
  pads_[track] = std::move(pad);
}

void SinkNotifier::request_key_frame(size_t track) {
  Ref<GstPad> pad;
  {
    std::lock_guard lock(mutex_);
    if (track < pads_.size()) pad = pads_[track];
  }
  if (pad) gst_pad_push_event(pad.get(), gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

void SinkNotifier::enqueue(std::function<void(GstElement*)> work) {
  const auto element = Ref<GstElement>::adopt(static_cast<GstElement*>(g_weak_ref_get(&element_)));
  if (!element) return;
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    if (std::exchange(draining_, true)) return;
  }
  using Self = std::shared_ptr<SinkNotifier>;
  gst_element_call_async(
      element.get(),
      [](GstElement* target, gpointer self) { guard([&] { (*static_cast<Self*>(self))->drain(target); }); },
      new Self(shared_from_this()), [](gpointer self) { delete static_cast<Self*>(self); });
}

void SinkNotifier::drain(GstElement* element) {
  for (;;) {
    std::deque<std::function<void(GstElement*)>> queue;
    {
      std::lock_guard lock(mutex_);
      queue.swap(queue_);
      draining_ = !queue.empty();
    }
    if (queue.empty()) return;
    for (auto& work : queue)
      work(element);
  }
}

}  // namespace reallive::rtc
