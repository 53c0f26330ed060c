#include "media/fault.h"

#include <string_view>

namespace reallive::media {

namespace {

constexpr const char* kCodeField = "reallive-code";

std::string sentence_of(const GError& error) {
  std::string text = error.message ? error.message : "unknown error";
  while (!text.empty() && (text.back() == '.' || text.back() == '\n'))
    text.pop_back();
  return text;
}

bool has(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

/// RFC 2326 section 7.1.1. 0 where the message is not about an answer.
guint status_of(GstMessage* message, std::string_view details) {
  const GstStructure* structure = nullptr;
  guint status = 0;
  gst_message_parse_error_details(message, &structure);
  if (structure && gst_structure_get_uint(structure, "rtsp-status-code", &status)) return status;
  // Answers to SETUP come as text only: "Error (404): Not Found".
  const size_t at = details.find("Error (");
  if (at == std::string_view::npos) return 0;
  for (const char c : details.substr(at + 7, 3))
    status = c >= '0' && c <= '9' ? status * 10 + static_cast<guint>(c - '0') : 0;
  return status;
}

PipelineFault read_status(guint status, const std::string& where) {
  switch (status) {
    case 401:
    case 403:
    case 407:
      return {"auth", "password refused by " + where};
    case 404:
    case 410:
      return {"not-found", "no such stream on " + where};
    case 453:
      return {"unreachable", where + " has not enough bandwidth left for another viewer"};
    case 461:
      return {"transport", where + " refuses the transport (TCP or UDP) that was asked for"};
    case 503:
      return {"unreachable", where + " is busy; it may serve only a few viewers at once"};
    default:
      break;
  }
  if (status >= 300 && status < 400) {
    return {"not-allowed", where +
                               " sends to another address; cameras that redirect are not followed, "
                               "give the address that it sends to"};
  }
  return {"unreachable", where + " answered with error " + std::to_string(status)};
}

/// What rtspsrc says when there is no answer to speak of.
PipelineFault read_resource(int code, std::string_view details, const std::string& where) {
  switch (code) {
    case GST_RESOURCE_ERROR_NOT_AUTHORIZED:
      return {"auth", "password refused by " + where};
    case GST_RESOURCE_ERROR_NOT_FOUND:
      return {"not-found", "no such stream on " + where};
    case GST_RESOURCE_ERROR_OPEN_READ:
      if (has(details, "No supported authentication"))
        return {"auth", where + " asks for a kind of login that is not known"};
      if (has(details, "does not support")) return {"format", where + " lacks what RTSP players need"};
      return {"unreachable", "no answer from " + where};
    case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
    case GST_RESOURCE_ERROR_OPEN_WRITE:
      return {"unreachable", "no answer from " + where};
    case GST_RESOURCE_ERROR_SETTINGS:
      return {"no-video", "no usable description from " + where};
    case GST_RESOURCE_ERROR_READ:
      if (has(details, "protocols")) return {"transport", "no picture came by UDP from " + where};
      if (has(details, "Parse error")) return {"unreachable", where + " does not speak RTSP"};
      if (has(details, "Timeout")) return {"unreachable", "no answer from " + where};
      return {"unreachable", "the connection to " + where + " broke"};
    case GST_RESOURCE_ERROR_WRITE:
      return {"unreachable", "the connection to " + where + " broke"};
    default:
      return {};
  }
}

}  // namespace

PipelineFault read_fault(GstMessage* message, const std::string& place) {
  GError* raw = nullptr;
  char* raw_debug = nullptr;
  gst_message_parse_error(message, &raw, &raw_debug);
  const GErrorPtr error(raw);
  const CString debug(raw_debug);
  const std::string_view details = debug ? debug.get() : "";
  const std::string where = place.empty() ? "the source" : place;
  const GstStructure* structure = nullptr;
  gst_message_parse_error_details(message, &structure);
  if (structure && gst_structure_has_field(structure, kCodeField))
    return {gst_structure_get_string(structure, kCodeField), sentence_of(*error)};
  if (!place.empty()) {
    if (const guint status = status_of(message, details); status >= 300) return read_status(status, where);
  }
  const bool of_this_machine = place.empty() && details.find("rtsp") == std::string_view::npos;
  if (error->domain == GST_RESOURCE_ERROR && !of_this_machine) {
    if (const PipelineFault fault = read_resource(error->code, details, where); !fault.code.empty()) return fault;
  }
  if (error->domain == GST_STREAM_ERROR) {
    // The description had something for us, and yet nothing was set up: every SETUP was answered 461.
    if (error->code == GST_STREAM_ERROR_CODEC_NOT_FOUND && !place.empty()) return read_status(461, where);
    return {"format", sentence_of(*error)};
  }
  return {"failed", sentence_of(*error)};
}

void post_fault(GstElement* element, const PipelineFault& fault) {
  const GErrorPtr error(g_error_new_literal(GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, fault.sentence.c_str()));
  gst_element_post_message(element,
                           gst_message_new_error_with_details(
                               GST_OBJECT(element), error.get(), nullptr,
                               gst_structure_new("details", kCodeField, G_TYPE_STRING, fault.code.c_str(), nullptr)));
}

}  // namespace reallive::media
