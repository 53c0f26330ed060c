// What reallivertcsink and reallivertcsrc share: the properties of their endpoint.
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <map>
#include <stdexcept>
#include <string>

#include "common/ref.h"

namespace reallive::rtc {
namespace {

class EndpointProperties : public testing::TestWithParam<const char*> {
 protected:
  EndpointProperties() {
    GstElement* element = gst_element_factory_make(GetParam(), nullptr);
    if (!element) throw std::runtime_error(std::string(GetParam()) + " is not there");
    element_ = Ref<GstElement>::sink(element);
  }
  std::string text(const char* name) {
    gchar* value = nullptr;
    g_object_get(element_.get(), name, &value, nullptr);
    const CString owned(value);
    return value ? value : "";
  }
  guint number(const char* name) {
    guint value = 0;
    g_object_get(element_.get(), name, &value, nullptr);
    return value;
  }

  Ref<GstElement> element_;
};

TEST_P(EndpointProperties, AreWhatTheyWereSetTo) {
  g_object_set(element_.get(), "listen", "127.0.0.1:0", "endpoint-name", "shared", "announced-addresses",
               " 203.0.113.5, ,2001:db8::5 ", nullptr);
  EXPECT_EQ(text("listen"), "127.0.0.1:0");
  EXPECT_EQ(text("endpoint-name"), "shared");
  EXPECT_EQ(text("announced-addresses"), "203.0.113.5,2001:db8::5");
  g_object_set(element_.get(), "announced-addresses", nullptr, nullptr);
  EXPECT_EQ(text("announced-addresses"), "");
  const std::map<const char*, guint> limits = {
      {"max-sessions", 11},       {"handshakes-per-second", 12},  {"max-sdp-bytes", 1300},
      {"max-packet-bytes", 1400}, {"connect-timeout-ms", 15'000}, {"consent-timeout-ms", 16'000},
  };
  for (const auto& [name, value] : limits)
    g_object_set(element_.get(), name, value, nullptr);
  for (const auto& [name, value] : limits)
    EXPECT_EQ(number(name), value) << name;
}

INSTANTIATE_TEST_SUITE_P(Rtc, EndpointProperties, testing::Values("reallivertcsink", "reallivertcsrc"));

}  // namespace
}  // namespace reallive::rtc
