#include "media/media.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <list>
#include <map>
#include <unordered_map>

#include "base/log.h"
#include "media/rtc_anchor.h"
#include "media/rtsp_source.h"
#include "media/source_test.h"
#include "media/stream.h"

namespace reallive::media {

namespace {

constexpr std::chrono::milliseconds kShutdownLimit{2000};
constexpr size_t kTestsAtOnce = 2;

RtcSettings rtc_settings(const Config& config) {
  return {config.webrtc_listen, fmt::format("{}", fmt::join(config.announced_addresses, ",")), config.limits};
}

class MediaImpl final : public Media, public StreamListener {
 public:
  MediaImpl(Config config, RtcSettings rtc, std::shared_ptr<RtcAnchor> anchor, Listener& listener)
      : config_(std::move(config)), rtc_(std::move(rtc)), anchor_(std::move(anchor)), listener_(listener) {
    anchor_->set_limits(rtc_.limits);
  }

  ~MediaImpl() override { anchor_->close(); }

  base::Result<std::shared_ptr<RtcAnchor>> open_address(const Config& next) override {
    if (next.webrtc_listen == config_.webrtc_listen) return nullptr;
    return RtcAnchor::open(rtc_settings(next));
  }

  void reconfigure(Config next, std::shared_ptr<RtcAnchor> address) override {
    if (next == config_) return;
    const bool sources = next.allow != config_.allow || next.probe_ms != config_.probe_ms ||
                         next.source_back_off_ms != config_.source_back_off_ms ||
                         next.source_healthy_ms != config_.source_healthy_ms;
    const bool moves = address != nullptr;
    config_ = std::move(next);
    rtc_ = rtc_settings(config_);
    pull_ = pull_settings();
    if (moves) anchor_ = std::move(address);
    anchor_->set_limits(rtc_.limits);
    if (sources) prober_.set_rule(config_.allow);
    for (const auto& [name, stream] : streams_) {
      if (moves) stream->endpoint_changed();
      stream->settings_changed();
      if (sources) stream->sources_changed();
    }
    if (moves)
      base::log::info("media", "WebRTC media has another address",
                      {{"listen", rtc_.listen}, {"port", std::to_string(anchor_->port())}});
  }

  void set_source(const SourceSpec& spec) override {
    const auto found = streams_.find(spec.stream);
    if (found != streams_.end() && found->second->spec() == spec) return;
    if (found != streams_.end()) streams_.erase(found);
    streams_.emplace(spec.stream, std::make_unique<Stream>(spec, config_, rtc_, pull_, *this));
    changed(spec.stream);
  }

  void remove_source(const std::string& stream) override {
    if (streams_.erase(stream) > 0) changed(stream);
  }

  bool test_source(const pipeline::CameraSource& source, SourceTestCallback done) override {
    if (tests_.size() >= kTestsAtOnce) return false;
    const auto place = tests_.emplace(tests_.end());
    *place = std::make_unique<SourceTest>(source, config_.allow,
                                          [this, place, done = std::move(done)](const SourceTestResult& result) {
                                            const auto ended = std::move(*place);
                                            tests_.erase(place);
                                            done(result);
                                          });
    return true;
  }

  void view(const std::string& stream, const std::string& offer, SessionCallback done) override {
    if (Stream* found = find(stream)) {
      found->view(offer, std::move(done));
    } else {
      done(base::fail("no-such-stream", "there is no such stream"));
    }
  }

  void publish(const std::string& stream, const std::string& offer, SessionCallback done) override {
    if (Stream* found = find(stream)) {
      found->publish(offer, std::move(done));
    } else {
      done(base::fail("no-such-stream", "there is no such stream"));
    }
  }

  bool trickle(const std::string& session, const std::string& sdpfrag) override {
    RtcSessions* sessions = sessions_of(session);
    return sessions && sessions->trickle(session, sdpfrag);
  }

  base::Result<std::string> restart_ice(const std::string& session, const std::string& sdpfrag) override {
    RtcSessions* sessions = sessions_of(session);
    if (!sessions) return base::fail("no-such-session", "this session has ended");
    return sessions->restart_ice(session, sdpfrag);
  }

  bool end_session(const std::string& session) override {
    RtcSessions* sessions = sessions_of(session);
    return sessions && sessions->remove(session);
  }

  StreamStatus status(const std::string& stream) const override {
    const auto found = streams_.find(stream);
    return found == streams_.end() ? StreamStatus{} : found->second->status();
  }

  std::vector<SessionStats> sessions() const override {
    std::vector<SessionStats> all;
    for (const auto& [name, stream] : streams_)
      stream->append_sessions(all);
    return all;
  }

  std::optional<SessionStats> session(const std::string& session) const override {
    const auto found = session_streams_.find(session);
    if (found == session_streams_.end()) return std::nullopt;
    const auto stream = streams_.find(found->second);
    return stream == streams_.end() ? std::nullopt : stream->second->session(session);
  }

  uint16_t webrtc_port() const override { return anchor_->port(); }

  void shutdown() override {
    tests_.clear();
    streams_.clear();
    // The pipelines say goodbye on threads of GStreamer's; the socket stays open until they have.
    const auto end = std::chrono::steady_clock::now() + kShutdownLimit;
    while (PipelineRunner::stopping() > 0 && std::chrono::steady_clock::now() < end)
      g_usleep(1000);
    if (PipelineRunner::stopping() > 0)
      base::log::warning("media", "some pipelines did not stop in time",
                         {{"count", std::to_string(PipelineRunner::stopping())}});
    anchor_->close();
  }

 private:
  PullSettings pull_settings() {
    return {config_.allow, &prober_, std::chrono::milliseconds(config_.probe_ms),
            std::chrono::milliseconds(config_.source_back_off_ms),
            std::chrono::milliseconds(config_.source_healthy_ms)};
  }

  Stream* find(const std::string& stream) {
    const auto found = streams_.find(stream);
    return found == streams_.end() ? nullptr : found->second.get();
  }

  RtcSessions* sessions_of(const std::string& session) {
    const auto found = session_streams_.find(session);
    Stream* stream = found == session_streams_.end() ? nullptr : find(found->second);
    return stream ? stream->sessions_with(session) : nullptr;
  }

  void changed(const std::string& stream) override {
    // Posted: the stream that speaks may be in the middle of its own change.
    mailbox_.post([this, stream] { listener_.stream_changed(stream, status(stream)); });
  }
  void session_opened(const std::string& stream, const std::string& session) override {
    session_streams_[session] = stream;
  }
  void session_connected(const std::string& session) override { listener_.session_connected(session); }
  void session_gone(const std::string& session, const std::string& reason) override {
    session_streams_.erase(session);
    listener_.session_gone(session, reason);
  }

  Config config_;
  RtcSettings rtc_;
  std::shared_ptr<RtcAnchor> anchor_;
  Prober prober_{config_.allow};
  PullSettings pull_ = pull_settings();
  Listener& listener_;
  std::unordered_map<std::string, std::string> session_streams_;
  Mailbox mailbox_;  // streams speak through it until they are gone
  std::map<std::string, std::unique_ptr<Stream>> streams_;
  std::list<std::unique_ptr<SourceTest>> tests_;
};

}  // namespace

base::Result<std::unique_ptr<Media>> Media::create(Config config, Listener& listener) {
  if (!gst_is_initialized() && !gst_init_check(nullptr, nullptr, nullptr))
    return base::fail("failed", "GStreamer cannot be initialized");
  prepare_rtsp();
  RtcSettings rtc = rtc_settings(config);
  auto anchor = RtcAnchor::open(rtc);
  if (!anchor) return tl::unexpected(anchor.error());
  return std::make_unique<MediaImpl>(std::move(config), std::move(rtc), std::move(*anchor), listener);
}

}  // namespace reallive::media
