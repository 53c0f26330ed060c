// Cameras and microphones of this machine, with stand-ins for those that a build machine has not.
#include <gst/gst.h>

#include "common/ref.h"
#include "media/media_fixture.h"

namespace reallive::media::test {
namespace {

/// TEST DOUBLE: a live source with one property, which remembers the name that it was given.
struct StandIn {
  GstBin parent;
};
struct StandInClass {
  GstBinClass parent;
};
std::string last_camera, last_microphone;

template <bool video>
void set_name(GObject*, guint, const GValue* value, GParamSpec*) {
  (video ? last_camera : last_microphone) = g_value_get_string(value);
}
template <bool video>
void get_name(GObject*, guint, GValue* value, GParamSpec*) {
  g_value_set_string(value, (video ? last_camera : last_microphone).c_str());
}

template <bool video>
void class_init(gpointer type, gpointer) {
  GObjectClass* const object = G_OBJECT_CLASS(type);
  object->set_property = &set_name<video>;
  object->get_property = &get_name<video>;
  g_object_class_install_property(object, 1,
                                  g_param_spec_string(video ? "camera-name" : "device", nullptr, nullptr, nullptr,
                                                      static_cast<GParamFlags>(G_PARAM_READWRITE)));
  GstElementClass* const element = GST_ELEMENT_CLASS(type);
  gst_element_class_set_static_metadata(element, "stand-in", "Source", "stand-in", "tests");
  const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(video ? "video/x-raw" : "audio/x-raw"));
  gst_element_class_add_pad_template(element, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps.get()));
}

template <bool video>
void init(GTypeInstance* instance, gpointer) {
  GstElement* const source = gst_element_factory_make(video ? "videotestsrc" : "audiotestsrc", nullptr);
  g_object_set(source, "is-live", TRUE, nullptr);
  gst_bin_add(GST_BIN(instance), source);
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(source, "src"));
  gst_element_add_pad(GST_ELEMENT(instance), gst_ghost_pad_new("src", pad.get()));
}

template <bool video>
void offer(const char* factory) {
  const GType type =
      g_type_register_static_simple(GST_TYPE_BIN, video ? "StandInCamera" : "StandInMicrophone", sizeof(StandInClass),
                                    reinterpret_cast<GClassInitFunc>(&class_init<video>), sizeof(StandIn),
                                    reinterpret_cast<GInstanceInitFunc>(&init<video>), GTypeFlags{});
  ASSERT_TRUE(gst_element_register(nullptr, factory, GST_RANK_NONE, type));
}

class Devices : public MediaTest {
 protected:
  static void SetUpTestSuite() {
    offer<true>("libcamerasrc");
    offer<false>("alsasrc");
  }
};

TEST_F(Devices, ACameraAndAMicrophoneOfThisMachinePlay) {
  add("yard", "device:Garden \"cam\" ! 1;audio=hw:1,0", false);
  ASSERT_TRUE(wait_state("yard", StreamState::online)) << media->status("yard").error;
  EXPECT_TRUE(run_until([&] { return media->status("yard").audio_codec == "opus"; }));
  EXPECT_EQ(media->status("yard").video_codec, "H264");
  EXPECT_EQ(last_camera, "Garden \"cam\" ! 1") << "a name is never part of a launch line";
  EXPECT_EQ(last_microphone, "hw:1,0");
}

TEST_F(Devices, AutoTakesTheFirstCameraAndIdleMeansThere) {
  add("yard", "device:auto");
  EXPECT_EQ(media->status("yard").state, StreamState::idle);
  last_camera = "untouched";
  const auto reply = view("yard");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(last_camera, "untouched");
}

TEST_F(Devices, AMissingDeviceIsSaid) {
  add("none", "device:/dev/video-that-is-not-there", false);
  ASSERT_TRUE(wait_state("none", StreamState::error));
  EXPECT_NE(media->status("none").error.find("/dev/video-that-is-not-there"), std::string::npos)
      << media->status("none").error;
}

}  // namespace
}  // namespace reallive::media::test
