// /metrics against a strict reading of Prometheus' text format 0.0.4, and the probes.
#include "api/metrics.h"

#include "api/fixture.h"
#include "api/prometheus.h"

namespace reallive::api::testing_only {
namespace {

struct MetricsTest : ApiTest {
  MetricsTest() {
    const auto ann = add_user("ann", auth::Role::operator_);
    add_user("root", auth::Role::admin);
    door = add_camera("door", ann.id);
  }
  std::map<std::string, Family> read() {
    const Answer answer = ask("GET", "/metrics", "root");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    return parse_strictly(answer.response.body);
  }
  double value(const std::string& family, const std::string& series) {
    const auto families = read();
    const auto found = families.find(family);
    if (found == families.end() || found->second.samples.count(series) == 0) {
      ADD_FAILURE() << "no " << series;
      return -1;
    }
    return found->second.samples.at(series);
  }
  double value(const std::string& name) { return value(name, name); }

  catalog::Camera door;
};

TEST_F(MetricsTest, CountsRequestsByRoute) {
  ask("GET", "/api/v1/cameras", "ann");
  ask("GET", "/api/v1/cameras/door", "ann");
  ask("GET", "/api/v1/cameras/door", "ann");
  ask("GET", "/api/v1/cameras/none", "ann");
  ask("BREW", "/teapot/1");
  ask("BREW", "/teapot/2");
  const auto families = read();
  const auto& requests = families.at("reallive_http_requests_total").samples;
  EXPECT_EQ(requests.at("reallive_http_requests_total{method=\"GET\",route=\"/api/v1/cameras/{id}\",status=\"200\"}"),
            2);
  EXPECT_EQ(requests.at("reallive_http_requests_total{method=\"GET\",route=\"/api/v1/cameras/{id}\",status=\"404\"}"),
            1);
  EXPECT_EQ(requests.at("reallive_http_requests_total{method=\"other\",route=\"none\",status=\"404\"}"), 2);
  const auto& durations = families.at("reallive_http_request_duration_seconds").samples;
  const auto at = [&](const std::string& suffix, const std::string& le) {
    return durations.at("reallive_http_request_duration_seconds" + suffix + "{route=\"/api/v1/cameras/{id}\"" +
                        (le.empty() ? "" : ",le=\"" + le + "\"") + "}");
  };
  EXPECT_EQ(at("_bucket", "0.001"), 0);
  EXPECT_EQ(at("_bucket", "0.005"), 3);
  EXPECT_EQ(at("_bucket", "+Inf"), 3);
  EXPECT_EQ(at("_count", ""), 3);
  EXPECT_NEAR(at("_sum", ""), 0.009, 1e-9);
}

TEST_F(MetricsTest, CountersOfSessionsSurviveTheSessions) {
  const std::string session = ask("POST", "/whep/door", "ann", offer).header("Location");
  ASSERT_EQ(ask("POST", "/whip/door", "ann", offer).status, 201);
  EXPECT_EQ(value("reallive_viewers"), 1);
  EXPECT_EQ(value("reallive_sessions", "reallive_sessions{kind=\"publish\"}"), 1);
  auto& view = media.open.at("media-1");
  view.packets = 100;
  view.bytes = 120'000;
  view.retransmissions = 3;
  view.lost = 5;
  media.open.at("media-2").lost = 7;
  EXPECT_EQ(value("reallive_webrtc_sent_packets_total"), 100);
  view.packets = 150;
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(ask("DELETE", session, "ann").status, 200);
  EXPECT_EQ(value("reallive_webrtc_sent_packets_total"), 150);
  EXPECT_EQ(value("reallive_webrtc_sent_bytes_total"), 120'000);
  EXPECT_EQ(value("reallive_webrtc_retransmissions_total"), 3);
  EXPECT_EQ(value("reallive_webrtc_lost_packets_total"), 7) << "a publisher's";
  EXPECT_EQ(value("reallive_webrtc_viewers_lost_packets_total"), 5);
  EXPECT_EQ(value("reallive_sessions_started_total"), 2);
  EXPECT_EQ(value("reallive_sessions_ended_total"), 1);
  EXPECT_EQ(value("reallive_sessions_failed_total"), 0);
  EXPECT_EQ(value("reallive_viewers"), 0);
}

TEST_F(MetricsTest, StreamsAreCountedByState) {
  media.statuses[door.id] = {media::StreamState::online, "", "H264", "", 1280, 720, 25, 2e6, 4, 5000};
  EXPECT_EQ(value("reallive_streams", "reallive_streams{state=\"online\"}"), 1);
  EXPECT_EQ(value("reallive_streams", "reallive_streams{state=\"offline\"}"), 0);
  EXPECT_EQ(value("reallive_stream_viewers", "reallive_stream_viewers{stream=\"door\"}"), 4);
  EXPECT_EQ(value("reallive_stream_fps", "reallive_stream_fps{stream=\"door\"}"), 25);
}

TEST_F(MetricsTest, TheAgeOfPicturesIsToldWithWhoseClockItIs) {
  media::StreamStatus& status = media.statuses[door.id];
  status.capture_time = "sender";
  status.capture_age_s = 0.25;
  status.latency_ms = 80;
  status.dropped_frames = 7;
  const char* const age = "reallive_stream_capture_age_seconds";
  EXPECT_TRUE(read().at(age).samples.empty()) << "a stream from which nothing comes has no newest picture";
  status.state = media::StreamState::online;
  EXPECT_EQ(value(age, "reallive_stream_capture_age_seconds{stream=\"door\",clock=\"sender\"}"), 0.25);
  EXPECT_EQ(
      value("reallive_stream_latency_seconds", "reallive_stream_latency_seconds{stream=\"door\",clock=\"sender\"}"),
      0.08);
  status.bytes_in = 5000;
  for (const auto& [name, now] :
       {std::pair{"reallive_stream_dropped_frames_total", 7}, {"reallive_stream_received_bytes_total", 5000}}) {
    EXPECT_EQ(value(name, name + std::string("{stream=\"door\"}")), now);
    EXPECT_EQ(read().at(name).type, "counter");
  }
  status.capture_time = "arrival";
  status.latency_ms.reset();
  EXPECT_EQ(value(age, "reallive_stream_capture_age_seconds{stream=\"door\",clock=\"arrival\"}"), 0.25);
  EXPECT_TRUE(read().at("reallive_stream_latency_seconds").samples.empty());
}

TEST_F(MetricsTest, TheProcessIsMeasured) {
  EXPECT_GT(value("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(value("process_open_fds"), 3);
  EXPECT_GE(value("process_threads"), 1);
  const double started = value("process_start_time_seconds");
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_LT(std::abs(now - started), 3600);
}

TEST_F(MetricsTest, SamplesByItself) {
  ask("POST", "/whep/door", "ann", offer);
  media.open.at("media-1").packets = 5;
  executor.advance(std::chrono::seconds(5));
  EXPECT_EQ(live.totals().packets_sent, 5u);
  media.open.at("media-1").packets = 9;
  executor.advance(std::chrono::seconds(5));
  EXPECT_EQ(live.totals().packets_sent, 9u);
}

TEST_F(MetricsTest, ProbesAnswerForTheWhole) {
  EXPECT_EQ(ask("GET", "/healthz").json.get_string("status"), "ok");
  EXPECT_EQ(ask("GET", "/readyz").json.get_string("status"), "ready");
  api->drain();
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  const Answer draining = ask("GET", "/readyz");
  EXPECT_EQ(draining.status, 503);
  EXPECT_EQ(draining.json.get("checks").get_bool("draining"), true);
}

TEST(MetricsText, EscapesLabels) {
  MetricsText text;
  text.family("a_total", "counter", "Help.").sample(0.5, {{"b", "c\"d\\e\nf"}});
  EXPECT_EQ(text.text(), "# HELP a_total Help.\n# TYPE a_total counter\na_total{b=\"c\\\"d\\\\e\\nf\"} 0.5\n");
}

}  // namespace
}  // namespace reallive::api::testing_only
