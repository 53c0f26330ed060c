#include "media/rtsp_guard.h"

#include <cstring>
#include <gst/rtsp/rtsp.h>
#include <string_view>

#include "common/guard.h"
#include "media/fault.h"

namespace {

using reallive::guard;

struct Guard {
  GstElement parent;
};
struct GuardClass {
  GstElementClass parent;
};

std::string_view header(GstRTSPMessage* message, GstRTSPHeaderField field) {
  char* value = nullptr;
  return gst_rtsp_message_get_header(message, field, &value, 0) == GST_RTSP_OK && value ? value : "";
}

/// RFC 2326 section 12.39: what was asked for and what was answered travel alike.
bool same_transport(std::string_view asked, std::string_view answered) {
  const auto by_tcp = [](std::string_view text) { return text.find("/TCP") != std::string_view::npos; };
  return by_tcp(asked) == by_tcp(answered) && answered.find("multicast") == std::string_view::npos;
}

GstRTSPResult check_answer(GstRTSPExtension*, GstRTSPMessage* request, GstRTSPMessage* response) {
  guard([&] {
    if (!request || !response || response->type != GST_RTSP_MESSAGE_RESPONSE) return;
    auto& code = response->type_data.response.code;
    // rtspsrc follows 301 and 302 on its own; 310 is no answer that it knows, so it says so and ends.
    if (code >= 300 && code < 400) code = static_cast<GstRTSPStatusCode>(310);
    if (request->type_data.request.method != GST_RTSP_SETUP || code != GST_RTSP_STS_OK) return;
    if (!same_transport(header(request, GST_RTSP_HDR_TRANSPORT), header(response, GST_RTSP_HDR_TRANSPORT)))
      gst_rtsp_message_remove_header(response, GST_RTSP_HDR_TRANSPORT, -1);
  });
  return GST_RTSP_OK;
}

void extension_init(gpointer iface, gpointer) {
  static_cast<GstRTSPExtensionInterface*>(iface)->after_send = &check_answer;
}

G_DEFINE_TYPE_WITH_CODE(Guard, reallive_rtsp_guard, GST_TYPE_ELEMENT,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_RTSP_EXTENSION, extension_init))

void reallive_rtsp_guard_class_init(GuardClass* type) {
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(type), "RealLive RTSP guard", "Network/Extension/Protocol",
                                        "Keeps RTSP sources at the address that they were given", "RealLive");
}

void reallive_rtsp_guard_init(Guard*) {}

}  // namespace

namespace reallive::media {

void install_rtsp_guard() {
  static const bool done =
      gst_element_register(nullptr, "reallivertspguard", GST_RANK_PRIMARY, reallive_rtsp_guard_get_type()) == TRUE;
  (void)done;
}

void pin_datagrams(GstElement* rtspsrc, const std::string& address) {
  g_signal_connect_data(
      rtspsrc, "element-added", G_CALLBACK(+[](GstBin* bin, GstElement* element, gpointer data) {
        guard([&] {
          const GstElementFactory* factory = gst_element_get_factory(element);
          const std::string_view name = factory ? GST_OBJECT_NAME(factory) : "";
          if (name == "udpsink") g_object_set(element, "host", static_cast<const std::string*>(data)->c_str(), nullptr);
          if (name != "udpsrc") return;
          char* raw = nullptr;
          g_object_get(element, "address", &raw, nullptr);
          const CString bound(raw);
          if (!bound || std::strcmp(bound.get(), "0.0.0.0") == 0 || std::strcmp(bound.get(), "::") == 0) return;
          post_fault(GST_ELEMENT(bin), {"not-allowed",
                                        "the camera sends to a group of addresses (multicast), which is not "
                                        "joined; use another transport"});
        });
      }),
      new std::string(address), [](gpointer data, GClosure*) { delete static_cast<std::string*>(data); },
      GConnectFlags{});
}

}  // namespace reallive::media
