#include "media/media.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <list>
#include <map>
#include <unordered_map>

#include "base/log.h"
#include "media/rtsp_source.h"
#include "media/source_test.h"
#include "media/stream.h"

namespace reallive::media {

namespace {

constexpr std::chrono::milliseconds kShutdownLimit{2000};
constexpr size_t kTestsAtOnce = 2;
constexpr std::chrono::milliseconds kLookAgain{50};  // whether a port is free

RtcSettings rtc_settings(const Config& config) {
  return {config.webrtc_listen, fmt::format("{}", fmt::join(config.announced_addresses, ",")), config.limits};
}

/// An element that is held below PLAYING and thereby keeps the socket and the certificate.
base::Result<Ref<GstElement>> open_anchor(const RtcSettings& settings) {
  auto anchor = make_rtc_element("reallivertcsink", settings);
  if (!anchor) return anchor;
  if (gst_element_set_state(anchor->get(), GST_STATE_READY) == GST_STATE_CHANGE_SUCCESS) return anchor;
  gst_element_set_state(anchor->get(), GST_STATE_NULL);
  return base::fail("failed", "cannot listen for WebRTC media on " + settings.listen);
}

class MediaImpl final : public Media, public StreamListener {
 public:
  MediaImpl(Config config, RtcSettings rtc, Ref<GstElement> anchor, Listener& listener)
      : config_(std::move(config)), rtc_(std::move(rtc)), anchor_(std::move(anchor)), listener_(listener) {}

  ~MediaImpl() override {
    if (anchor_) gst_element_set_state(anchor_.get(), GST_STATE_NULL);
  }

  base::Result<void> reconfigure(Config next) override {
    if (next == config_) return {};
    const RtcSettings rtc = rtc_settings(next);
    const bool moves = next.webrtc_listen != config_.webrtc_listen;
    Ref<GstElement> anchor;
    if (moves) {
      auto opened = open_anchor(rtc);
      if (!opened && !frees_port_of(rtc)) return tl::unexpected(opened.error());
      if (opened) anchor = std::move(*opened);
    }
    const bool sources = next.allow != config_.allow || next.probe_ms != config_.probe_ms ||
                         next.source_back_off_ms != config_.source_back_off_ms ||
                         next.source_healthy_ms != config_.source_healthy_ms;
    config_ = std::move(next);
    rtc_ = rtc;
    pull_ = pull_settings();
    if (moves) {
      if (anchor_) PipelineRunner::stop(anchor_);
      anchor_ = std::move(anchor);
    } else if (anchor_) {
      set_rtc_limits(anchor_.get(), rtc_.limits);
    }
    if (sources) prober_.set_rule(config_.allow);
    for (const auto& [name, stream] : streams_) {
      if (moves) stream->endpoint_changed();
      stream->settings_changed();
      if (sources) stream->sources_changed();
    }
    if (moves) listen_when_free();
    return {};
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

  uint16_t webrtc_port() const override {
    guint port = 0;
    if (anchor_) g_object_get(anchor_.get(), "port", &port, nullptr);
    return static_cast<uint16_t>(port);
  }

  void shutdown() override {
    moving_.cancel();
    tests_.clear();
    streams_.clear();
    // The pipelines say goodbye on threads of GStreamer's; the socket stays open until they have.
    const auto end = std::chrono::steady_clock::now() + kShutdownLimit;
    while (PipelineRunner::stopping() > 0 && std::chrono::steady_clock::now() < end)
      g_usleep(1000);
    if (PipelineRunner::stopping() > 0)
      base::log::warning("media", "some pipelines did not stop in time",
                         {{"count", std::to_string(PipelineRunner::stopping())}});
    if (anchor_) gst_element_set_state(anchor_.get(), GST_STATE_NULL);
    anchor_.reset();
  }

 private:
  PullSettings pull_settings() {
    return {config_.allow, &prober_, std::chrono::milliseconds(config_.probe_ms),
            std::chrono::milliseconds(config_.source_back_off_ms),
            std::chrono::milliseconds(config_.source_healthy_ms)};
  }

  /// Whether only this endpoint itself is in the way: its port at another of this machine's addresses.
  bool frees_port_of(const RtcSettings& next) const {
    const size_t colon = next.listen.rfind(':');
    if (next.listen.substr(colon + 1) != std::to_string(webrtc_port())) return false;
    RtcSettings any_port = next;
    any_port.listen = next.listen.substr(0, colon) + ":0";
    any_port.endpoint_name.clear();
    auto trial = open_anchor(any_port);
    if (trial) PipelineRunner::stop(*trial);
    return trial.has_value();
  }

  /// A former socket at the same port closes once the last pipeline that uses it has ended.
  void listen_when_free() {
    if (!anchor_) {
      auto opened = open_anchor(rtc_);
      if (!opened) {
        moving_.start(kLookAgain, [this] { listen_when_free(); });
        return;
      }
      anchor_ = std::move(*opened);
    }
    base::log::info("media", "WebRTC media has another address",
                    {{"listen", rtc_.listen}, {"port", std::to_string(webrtc_port())}});
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
  Ref<GstElement> anchor_;
  Prober prober_{config_.allow};
  PullSettings pull_ = pull_settings();
  Timer moving_;  // to an address whose port is not free yet
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
  auto anchor = open_anchor(rtc);
  if (!anchor) return tl::unexpected(anchor.error());
  return std::make_unique<MediaImpl>(std::move(config), std::move(rtc), std::move(*anchor), listener);
}

}  // namespace reallive::media
