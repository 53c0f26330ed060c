// SourceElement: a test with a pipeline around reallivertcsrc, which writes down what comes out of each pad and decodes
// it. Made and asked on the test's thread; pads come and buffers are noted on others, under its mutex. It publishes
// nothing by itself.
#pragma once

#include <functional>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <gtest/gtest.h>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/connection.h"
#include "common/ref.h"
#include "webrtcbin_publisher.h"

namespace reallive::rtc::test {

struct Seen {
  GstClockTime pts = 0;
  bool key = false;
  int metas = 0;
  GstClockTime capture = 0;
  bool from_sender = false;
};

// What came out of one pad.
struct Output {
  std::string caps;
  std::vector<Seen> buffers;
  std::vector<int> shades;  // of the decoded pictures
  bool eos = false;
};

inline Seen look_at(GstBuffer* buffer) {
  Seen seen;
  seen.pts = GST_BUFFER_PTS(buffer);
  seen.key = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  gpointer state = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta_filtered(buffer, &state, GST_REFERENCE_TIMESTAMP_META_API_TYPE)) {
    const auto* reference = reinterpret_cast<GstReferenceTimestampMeta*>(meta);
    const GstStructure* caps = gst_caps_get_structure(reference->reference, 0);
    if (gst_structure_has_name(caps, "timestamp/x-unix")) ++seen.metas;
    seen.capture = reference->timestamp;
    seen.from_sender = g_strcmp0(gst_structure_get_string(caps, "origin"), "sender") == 0;
  }
  return seen;
}

class SourceElement : public testing::Test {
 protected:
  SourceElement() {
    pipeline_ = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
    GstElement* source = gst_element_factory_make("reallivertcsrc", "in");
    if (!source) throw std::runtime_error("reallivertcsrc is not there");
    source_ = Ref<GstElement>::sink(source);
    g_object_set(source, "listen", ":0", nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), GST_ELEMENT(gst_object_ref(source)));
    added_ = Connection::make<void, GstPad*>(source, "pad-added",
                                             std::function<void(GstPad*)>([this](GstPad* pad) { take(pad); }));
    gone_ = Connection::make<void, const char*, const char*>(
        source, "publisher-gone",
        std::function<void(const char*, const char*)>([this](const char* id, const char* reason) {
          const std::lock_guard lock(mutex_);
          gone_reasons_[id] = reason;
        }));
    connected_ = Connection::make<void, const char*>(source, "publisher-connected",
                                                     std::function<void(const char*)>([this](const char* id) {
                                                       const std::lock_guard lock(mutex_);
                                                       connected_ids_.push_back(id);
                                                     }));
  }
  ~SourceElement() override { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

  void play() {
    EXPECT_EQ(gst_element_set_state(pipeline_.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_NO_PREROLL);
    EXPECT_EQ(gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
  }

  // Each pad: what comes is written down; video is decoded as well.
  void take(GstPad* pad) {
    const std::string name = GST_PAD_NAME(pad);
    const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
    const CString text(caps ? gst_caps_to_string(caps.get()) : nullptr);
    {
      const std::lock_guard lock(mutex_);
      outputs_[name].caps = text ? text.get() : "";
      outputs_[name].eos = false;
    }
    const bool h264 = text && g_str_has_prefix(text.get(), "video/x-h264");
    const bool vp8 = text && g_str_has_prefix(text.get(), "video/x-vp8");
    const std::string line = h264  ? "queue ! avdec_h264 output-corrupt=false ! fakesink name=end sync=false"
                             : vp8 ? "queue ! vp8dec ! fakesink name=end sync=false"
                                   : "queue ! fakesink name=end sync=false";
    GstElement* bin = gst_parse_bin_from_description(line.c_str(), TRUE, nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), bin);
    const auto end = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(bin), "end"));
    const auto end_pad = Ref<GstPad>::adopt(gst_element_get_static_pad(end.get(), "sink"));
    watch(pad, name, false);
    if (h264 || vp8) watch(end_pad.get(), name, true);
    const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(bin, "sink"));
    EXPECT_EQ(gst_pad_link(pad, sink.get()), GST_PAD_LINK_OK);
    gst_element_sync_state_with_parent(bin);
  }

  struct Watch {
    SourceElement* test;
    std::string name;
    bool decoded;
  };
  void watch(GstPad* pad, const std::string& name, bool decoded) {
    gst_pad_add_probe(
        pad, static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
        [](GstPad*, GstPadProbeInfo* info, gpointer data) {
          const auto& watch = *static_cast<Watch*>(data);
          watch.test->write_down(watch, info);
          return GST_PAD_PROBE_OK;
        },
        new Watch{this, name, decoded}, [](gpointer data) { delete static_cast<Watch*>(data); });
  }
  void write_down(const Watch& watch, GstPadProbeInfo* info) {
    const std::lock_guard lock(mutex_);
    Output& output = outputs_[watch.name];
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
      if (!watch.decoded && GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS) output.eos = true;
      return;
    }
    GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    if (!watch.decoded) {
      output.buffers.push_back(look_at(buffer));
      return;
    }
    guint8 luma = 0;
    const GstVideoMeta* meta = gst_buffer_get_video_meta(buffer);
    gst_buffer_extract(buffer, (meta ? meta->offset[0] : 0) + 80, &luma, 1);
    output.shades.push_back(luma);
  }

  StructurePtr publish(const std::string& offer) {
    GstStructure* answer = nullptr;
    g_signal_emit_by_name(source_.get(), "publish", offer.c_str(), nullptr, &answer);
    return StructurePtr(answer);
  }
  std::string error_of(const std::string& offer) {
    const auto answer = publish(offer);
    EXPECT_TRUE(gst_structure_has_name(answer.get(), "error"));
    const char* code = gst_structure_get_string(answer.get(), "code");
    return code ? code : "";
  }
  // The publisher's id.
  std::string connect(WebrtcbinPublisher& publisher) {
    const auto answer = publish(publisher.offer());
    if (!gst_structure_has_name(answer.get(), "answer")) {
      ADD_FAILURE() << gst_structure_get_string(answer.get(), "reason");
      return {};
    }
    publisher.accept(gst_structure_get_string(answer.get(), "sdp"));
    return gst_structure_get_string(answer.get(), "publisher");
  }

  Output output(const std::string& pad) {
    const std::lock_guard lock(mutex_);
    return outputs_[pad];
  }
  size_t count(const std::string& pad) { return output(pad).buffers.size(); }
  std::optional<std::string> gone(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto found = gone_reasons_.find(id);
    return found == gone_reasons_.end() ? std::nullopt : std::optional(found->second);
  }
  bool remove(const std::string& id) {
    gboolean removed = FALSE;
    g_signal_emit_by_name(source_.get(), "remove-publisher", id.c_str(), &removed);
    return removed != FALSE;
  }
  guint pads() {
    GST_OBJECT_LOCK(source_.get());
    const guint number = source_->numpads;
    GST_OBJECT_UNLOCK(source_.get());
    return number;
  }
  // Takes away what take() has built.
  void clear_sinks() {
    std::vector<GstElement*> others;
    GST_OBJECT_LOCK(pipeline_.get());
    for (GList* item = GST_BIN_CHILDREN(pipeline_.get()); item; item = item->next) {
      if (item->data != source_.get()) others.push_back(GST_ELEMENT(item->data));
    }
    GST_OBJECT_UNLOCK(pipeline_.get());
    for (GstElement* element : others) {
      gst_element_set_state(element, GST_STATE_NULL);
      gst_bin_remove(GST_BIN(pipeline_.get()), element);
    }
  }

  Ref<GstElement> pipeline_;
  Ref<GstElement> source_;
  Connection added_, gone_, connected_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Output> outputs_;
  std::map<std::string, std::string> gone_reasons_;
  std::vector<std::string> connected_ids_;
};

}  // namespace reallive::rtc::test
