// ElementCensus: how many elements of a factory live in this process, counted from its construction on.
// Made before the first element that matters, on the test's thread; elements come and go on any. It never keeps one.
#pragma once

#include <gst/gst.h>
#define GST_USE_UNSTABLE_API
#include <gst/gsttracer.h>
#include <map>
#include <mutex>
#include <string>

#include "common/ref.h"

namespace reallive::media::test {

class ElementCensus {
 public:
  static ElementCensus& get() {
    static ElementCensus census;
    return census;
  }
  int living(const std::string& factory) {
    const std::lock_guard lock(mutex_);
    return counts_[factory];
  }

 private:
  using Hook = void (*)(GObject*, GstClockTime, GstElement*);

  ElementCensus() {
    const Hook hook = [](GObject*, GstClockTime, GstElement* element) { get().take(element); };
    // GstTracer is abstract, and adds nothing that would be needed here.
    const GType type = g_type_register_static_simple(GST_TYPE_TRACER, "ElementCensusTracer", sizeof(GstTracerClass),
                                                     nullptr, sizeof(GstTracer), nullptr, GTypeFlags{});
    tracer_ = Ref<GstTracer>::sink(static_cast<GstTracer*>(g_object_new(type, nullptr)));
    gst_tracing_register_hook(tracer_.get(), "element-new", G_CALLBACK(hook));
  }
  void take(GstElement* element) {
    GstElementFactory* const factory = gst_element_get_factory(element);
    if (!factory) return;
    auto* const name = new std::string(GST_OBJECT_NAME(factory));
    {
      const std::lock_guard lock(mutex_);
      ++counts_[*name];
    }
    g_object_weak_ref(
        G_OBJECT(element),
        [](gpointer data, GObject*) {
          const std::unique_ptr<std::string> gone(static_cast<std::string*>(data));
          const std::lock_guard lock(get().mutex_);
          --get().counts_[*gone];
        },
        name);
  }

  Ref<GstTracer> tracer_;
  std::mutex mutex_;  // guards counts_
  std::map<std::string, int> counts_;
};

}  // namespace reallive::media::test
