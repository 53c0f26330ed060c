#include "rtc/element_worker.h"

#include "common/guard.h"

namespace reallive::rtc {

void ElementWorker::post(GstElement* element, Work work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    if (draining_) return;
    draining_ = true;
  }
  using Self = std::shared_ptr<ElementWorker>;
  gst_element_call_async(
      element, [](GstElement* target, gpointer data) { guard([&] { (*static_cast<Self*>(data))->drain(target); }); },
      new Self(shared_from_this()), [](gpointer data) { delete static_cast<Self*>(data); });
}

void ElementWorker::drain(GstElement* element) {
  for (;;) {
    Work work;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.empty()) {
        draining_ = false;
        return;
      }
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    guard([&] { work(element); });
  }
}

}  // namespace reallive::rtc
