// Each way in which a source ends, and the sentence that people read of it.
#include "media/fault.h"

#include <gst/gst.h>
#include <gtest/gtest.h>

namespace reallive::media {
namespace {

struct Said {
  GQuark domain;
  int code;
  const char* details;
  guint status;  // of an RTSP answer; 0 for none
};

PipelineFault read(const Said& said, const std::string& place = "10.0.0.7:554") {
  const GErrorPtr error(g_error_new_literal(said.domain, said.code, "Something broke."));
  GstStructure* const details =
      said.status ? gst_structure_new("details", "rtsp-status-code", G_TYPE_UINT, said.status, nullptr) : nullptr;
  const auto message =
      Ref<GstMessage>::adopt(gst_message_new_error_with_details(nullptr, error.get(), said.details, details));
  return read_fault(message.get(), place);
}

TEST(Fault, SaysInWordsWhatHappened) {
  const GQuark resource = GST_RESOURCE_ERROR;
  const GQuark stream = GST_STREAM_ERROR;
  const struct {
    Said said;
    const char* code;
    const char* sentence;
  } all[] = {
      {{resource, GST_RESOURCE_ERROR_NOT_AUTHORIZED, "Unauthorized (401)", 401},
       "auth",
       "password refused by 10.0.0.7:554"},
      {{resource, GST_RESOURCE_ERROR_READ, "Unhandled error", 403}, "auth", "password refused by 10.0.0.7:554"},
      {{resource, GST_RESOURCE_ERROR_OPEN_READ, "No supported authentication protocol was found", 0},
       "auth",
       "10.0.0.7:554 asks for a kind of login that is not known"},
      {{resource, GST_RESOURCE_ERROR_OPEN_READ_WRITE, "Failed to connect. (Generic error)", 0},
       "unreachable",
       "no answer from 10.0.0.7:554"},
      {{resource, GST_RESOURCE_ERROR_READ, "Could not receive message. (Timeout while waiting for server response)", 0},
       "unreachable",
       "no answer from 10.0.0.7:554"},
      {{resource, GST_RESOURCE_ERROR_READ, "Could not receive message. (Parse error)", 0},
       "unreachable",
       "10.0.0.7:554 does not speak RTSP"},
      {{resource, GST_RESOURCE_ERROR_READ, "Could not receive message. (Received end-of-file)", 0},
       "unreachable",
       "the connection to 10.0.0.7:554 broke"},
      {{resource, GST_RESOURCE_ERROR_READ,
        "Could not receive any UDP packets for 5.0 seconds. No other protocols to try.", 0},
       "transport",
       "no picture came by UDP from 10.0.0.7:554"},
      {{resource, GST_RESOURCE_ERROR_WRITE, "Error (404): Not Found", 0},
       "not-found",
       "no such stream on 10.0.0.7:554"},
      {{resource, GST_RESOURCE_ERROR_NOT_FOUND, "Not found", 404}, "not-found", "no such stream on 10.0.0.7:554"},
      {{resource, GST_RESOURCE_ERROR_READ, "Unhandled error", 453},
       "unreachable",
       "10.0.0.7:554 has not enough bandwidth left for another viewer"},
      {{resource, GST_RESOURCE_ERROR_READ, "Unhandled error", 503},
       "unreachable",
       "10.0.0.7:554 is busy; it may serve only a few viewers at once"},
      {{resource, GST_RESOURCE_ERROR_READ, "Unhandled error", 500},
       "unreachable",
       "10.0.0.7:554 answered with error 500"},
      {{resource, GST_RESOURCE_ERROR_READ, "Unhandled error", 310},
       "not-allowed",
       "10.0.0.7:554 sends to another address; cameras that redirect are not followed, give the address that it sends "
       "to"},
      {{resource, GST_RESOURCE_ERROR_SETTINGS, "SDP contains no streams", 0},
       "no-video",
       "no usable description from 10.0.0.7:554"},
      {{stream, GST_STREAM_ERROR_CODEC_NOT_FOUND, nullptr, 0},
       "transport",
       "10.0.0.7:554 refuses the transport (TCP or UDP) that was asked for"},
      {{stream, GST_STREAM_ERROR_DECODE, nullptr, 0}, "format", "Something broke"},
      {{GST_CORE_ERROR, GST_CORE_ERROR_FAILED, nullptr, 0}, "failed", "Something broke"},
  };
  for (const auto& one : all) {
    const PipelineFault fault = read(one.said);
    EXPECT_EQ(fault.code, one.code) << one.sentence;
    EXPECT_EQ(fault.sentence, one.sentence);
  }
}

TEST(Fault, OfThisMachineSaysWhatTheElementSaid) {
  const PipelineFault fault = read({GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "v4l2_calls.c", 0}, "");
  EXPECT_EQ(fault.code, "failed");
  EXPECT_EQ(fault.sentence, "Something broke");
}

TEST(Fault, OursComesBackAsItWas) {
  const auto pipeline = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  post_fault(pipeline.get(), {"no-video", "no video in the description of 10.0.0.7:554"});
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
  const auto message = Ref<GstMessage>::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
  ASSERT_TRUE(message);
  const PipelineFault fault = read_fault(message.get(), "10.0.0.7:554");
  EXPECT_EQ(fault.code, "no-video");
  EXPECT_EQ(fault.sentence, "no video in the description of 10.0.0.7:554");
}

}  // namespace
}  // namespace reallive::media
