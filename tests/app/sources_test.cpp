#include "app/sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace reallive::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Writes down what it is told to play.
class RecordingMedia final : public media::Media {
 public:
  base::Result<std::shared_ptr<media::RtcAnchor>> open_address(const media::Config&) override { return nullptr; }
  void reconfigure(media::Config, std::shared_ptr<media::RtcAnchor>) override {}
  void set_source(const media::SourceSpec& spec) override {
    told.push_back("set " + spec.stream + " " + pipeline::describe(spec.source) + (spec.on_demand ? "" : " always") +
                   (spec.transcode ? " transcoded" : ""));
  }
  void remove_source(const std::string& stream) override { told.push_back("remove " + stream); }
  bool test_source(const pipeline::CameraSource&, media::SourceTestCallback) override { return false; }
  void view(const std::string&, const std::string&, media::SessionCallback) override {}
  void publish(const std::string&, const std::string&, media::SessionCallback) override {}
  bool trickle(const std::string&, const std::string&) override { return false; }
  base::Result<std::string> restart_ice(const std::string&, const std::string&) override { return {}; }
  bool end_session(const std::string&) override { return false; }
  media::StreamStatus status(const std::string&) const override { return {}; }
  std::vector<media::SessionStats> sessions() const override { return {}; }
  std::optional<media::SessionStats> session(const std::string&) const override { return {}; }
  uint16_t webrtc_port() const override { return 0; }
  void shutdown() override {}

  std::vector<std::string> take() { return std::exchange(told, {}); }
  std::vector<std::string> told;
};

catalog::Camera camera(const std::string& id, const std::string& url) {
  catalog::Camera result;
  result.id = id;
  result.source.url = url;
  return result;
}

class SourcesTest : public testing::Test {
 protected:
  RecordingMedia media_;
  Sources sources_{media_};
};

TEST_F(SourcesTest, FollowsTheCatalog) {
  using Kind = catalog::CameraEvent::Kind;
  catalog::Camera door = camera("a", "test");
  sources_.apply({Kind::created, door});
  door.source.on_demand = false;
  sources_.apply({Kind::changed, door});
  door.source.transcode = "h264";
  sources_.apply({Kind::changed, door});
  sources_.apply({Kind::removed, door});
  EXPECT_THAT(media_.take(),
              ElementsAre("set a test", "set a test always", "set a test always transcoded", "remove a"));
  sources_.apply({Kind::removed, door});
  EXPECT_THAT(media_.take(), IsEmpty());
}

TEST_F(SourcesTest, ACameraThatIsOffHasNoSource) {
  using Kind = catalog::CameraEvent::Kind;
  catalog::Camera door = camera("a", "publish");
  door.is_active = false;
  sources_.apply({Kind::created, door});
  EXPECT_THAT(media_.take(), IsEmpty());
  door.is_active = true;
  sources_.apply({Kind::changed, door});
  door.is_active = false;
  sources_.apply({Kind::changed, door});
  EXPECT_THAT(media_.take(), ElementsAre("set a publish", "remove a"));
}

TEST_F(SourcesTest, AnUnreadableSourceEndsTheFormerOne) {
  sources_.apply({catalog::CameraEvent::Kind::created, camera("a", "test")});
  sources_.apply({catalog::CameraEvent::Kind::changed, camera("a", "nonsense://x")});
  EXPECT_THAT(media_.take(), ElementsAre("set a test", "remove a"));
}

}  // namespace
}  // namespace reallive::app
