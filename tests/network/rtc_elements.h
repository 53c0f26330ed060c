// Small help for tests of reallivertcsink and reallivertcsrc: launching, action signals, comparing pictures.
// For the test's thread. Nothing here retries.
#pragma once

#include <algorithm>
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/ref.h"

namespace reallive::test {

/// A pipeline that is stopped at the end of the scope.
class Pipeline {
 public:
  explicit Pipeline(const std::string& line) {
    GError* error = nullptr;
    pipeline_ = Ref<GstElement>::sink(gst_parse_launch(line.c_str(), &error));
    if (error) throw std::runtime_error(error->message);
    // Nobody reads the bus here, and each message on it would keep its element alive.
    const auto bus = Ref<GstObject>::adopt(GST_OBJECT(gst_element_get_bus(pipeline_.get())));
    gst_bus_set_sync_handler(GST_BUS(bus.get()), drop, nullptr, nullptr);
  }
  ~Pipeline() { stop(); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  GstElement* get() const { return pipeline_.get(); }
  Ref<GstElement> find(const char* name) const {
    return Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
  }
  void play() { gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING); }
  void stop() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

 private:
  static GstBusSyncReply drop(GstBus*, GstMessage* message, gpointer) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      ADD_FAILURE() << GST_MESSAGE_SRC_NAME(message) << ": " << error->message;
      g_error_free(error);
    }
    gst_message_unref(message);
    return GST_BUS_DROP;
  }

  Ref<GstElement> pipeline_;
};

struct Answer {
  std::string id;
  std::string sdp;
  std::string error;  // "CODE: REASON"; empty when it was accepted
};

/// `signal` is "add-viewer" or "publish", `id_field` "viewer" or "publisher".
inline Answer answer_of(GstElement* element, const char* signal, const char* id_field, const std::string& offer) {
  GstStructure* raw = nullptr;
  g_signal_emit_by_name(element, signal, offer.c_str(), nullptr, &raw);
  const StructurePtr structure(raw);
  const auto text = [&](const char* field) {
    const char* const value = structure ? gst_structure_get_string(structure.get(), field) : nullptr;
    return std::string(value ? value : "");
  };
  if (!structure || !gst_structure_has_name(structure.get(), "answer"))
    return {"", "", text("code") + ": " + text("reason")};
  return {text(id_field), text("sdp"), ""};
}

/// True when `part` lies within `whole` without a gap.
inline bool is_run_of(const std::vector<uint64_t>& part, const std::vector<uint64_t>& whole) {
  return !part.empty() && std::search(whole.begin(), whole.end(), part.begin(), part.end()) != whole.end();
}

/// Where `part` leaves `whole`, for a person who reads a failed test.
inline std::string difference(const std::vector<uint64_t>& part, const std::vector<uint64_t>& whole) {
  if (part.empty()) return "no pictures";
  const auto start = std::find(whole.begin(), whole.end(), part[0]);
  if (start == whole.end()) return "the first picture is none of the source's";
  const auto [here, there] = std::mismatch(part.begin(), part.end(), start, whole.end());
  if (here == part.end()) return "equal";
  const auto later = std::find(there, whole.end(), *here);
  return "picture " + std::to_string(here - part.begin()) + " of " + std::to_string(part.size()) + " " +
         (later == whole.end() ? std::string("is none of the source's")
                               : "comes " + std::to_string(later - there) + " pictures early");
}

}  // namespace reallive::test
