// ElementWorker: does an element's slow or outward work (signals, building and removing children) on a thread of
// GStreamer's pool, in order, one piece at a time. post() is for any thread, which it never holds up.
// It never keeps the element alive longer than the work that is waiting.
#pragma once

#include <deque>
#include <functional>
#include <gst/gst.h>
#include <memory>
#include <mutex>

#include "common/ref.h"

namespace reallive::rtc {

class ElementWorker : public std::enable_shared_from_this<ElementWorker> {
 public:
  using Work = std::function<void(GstElement*)>;

  /// The caller holds a reference to `element`; always the same one.
  void post(GstElement* element, Work work);

 private:
  void drain(GstElement* element);

  std::mutex mutex_;  // guards what follows; never held while work is done
  std::deque<Work> queue_;
  bool draining_ = false;
};

}  // namespace reallive::rtc
