#include "channel/reference_time.h"

#include <cstdlib>
#include <optional>

#include "common/ref.h"

namespace reallive::channel {

namespace {

constexpr GstClockTime unix_epoch_in_ntp = 2'208'988'800ULL * GST_SECOND;

const char* const unix_name = "timestamp/x-unix";
const char* const ntp_name = "timestamp/x-ntp";

// These live as long as the program, as the references of metas on buffers that anybody may hold.
GstCaps* reference(bool from_sender) {
  static GstCaps* const caps[2] = {
      gst_caps_new_simple(unix_name, "origin", G_TYPE_STRING, "arrival", nullptr),
      gst_caps_new_simple(unix_name, "origin", G_TYPE_STRING, "sender", nullptr),
  };
  GST_MINI_OBJECT_FLAG_SET(caps[0], GST_MINI_OBJECT_FLAG_MAY_BE_LEAKED);
  GST_MINI_OBJECT_FLAG_SET(caps[1], GST_MINI_OBJECT_FLAG_MAY_BE_LEAKED);
  return caps[from_sender ? 1 : 0];
}

struct Found {
  std::optional<GstClockTime> time = {};
  bool from_sender = true;
};

gboolean collect(GstBuffer*, GstMeta** meta, gpointer data) {
  if ((*meta)->info->api != GST_REFERENCE_TIMESTAMP_META_API_TYPE) return TRUE;
  auto& found = *static_cast<Found*>(data);
  const auto* timestamp = reinterpret_cast<const GstReferenceTimestampMeta*>(*meta);
  const GstStructure* structure = gst_caps_get_structure(timestamp->reference, 0);
  const bool is_unix = gst_structure_has_name(structure, unix_name);
  const bool is_ntp = gst_structure_has_name(structure, ntp_name);
  const bool usable = is_unix || (is_ntp && timestamp->timestamp >= unix_epoch_in_ntp);
  if (usable && !found.time) {
    found.time = timestamp->timestamp - (is_ntp ? unix_epoch_in_ntp : 0);
    const char* origin = gst_structure_get_string(structure, "origin");
    found.from_sender = g_strcmp0(origin, "arrival") != 0;
  }
  // Other references (a PTP clock, a camera's own) say nothing to whoever reads the channel.
  *meta = nullptr;
  return TRUE;
}

}  // namespace

int64_t ReferenceTime::corrected(int64_t time, int64_t arrival) {
  const int64_t apart = arrival - time;
  if (std::llabs(apart) <= plausible) {
    correction_ = 0;
  } else if (correction_ == 0 || apart < correction_ || apart - correction_ > plausible) {
    correction_ = apart;  // the quickest arrival tells it best, and a jump says that the clock was set
  }
  return time + correction_;
}

int64_t ReferenceTime::settle(GstBuffer* buffer, int64_t arrival) {
  Found found;
  gst_buffer_foreach_meta(buffer, collect, &found);
  const bool from_sender = found.time.has_value() && found.from_sender;
  int64_t time = found.time ? static_cast<int64_t>(*found.time) : arrival;
  if (from_sender) time = corrected(time, arrival);
  gst_buffer_add_reference_timestamp_meta(buffer, reference(from_sender), static_cast<GstClockTime>(time),
                                          GST_CLOCK_TIME_NONE);
  origin_.store(from_sender ? Origin::sender : Origin::arrival, std::memory_order_relaxed);
  return time;
}

}  // namespace reallive::channel
