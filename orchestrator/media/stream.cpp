#include "media/stream.h"

#include "base/log.h"

namespace reallive::media {

using pipeline::CameraSource;
using std::chrono::milliseconds;

namespace {

constexpr unsigned kSettleSeconds = 2;  // after which tracks that stay silent are given up

}  // namespace

Stream::Stream(SourceSpec spec, const Config& config, const RtcSettings& rtc, const PullSettings& pull,
               StreamListener& listener)
    : spec_(std::move(spec)), config_(config), rtc_(rtc), listener_(listener) {
  if (spec_.source.kind == CameraSource::Kind::publish) return;
  pull_ = std::make_unique<PullSource>(spec_.stream, spec_.source, pull, [this] {
    listener_.changed(spec_.stream);
    mailbox_.post([this] { tell_waiting_of_error(); });
  });
  settle();
}

Stream::~Stream() {
  for (auto& waiting : std::exchange(waiting_, {}))
    refuse(*waiting, "no-such-stream", "the camera was removed");
  close_output("removed");
  close_ingest("removed");
}

bool Stream::source_can_come() const {
  return pull_ != nullptr || (ingest_ && ingest_->sessions->count() > 0);
}

void Stream::view(const std::string& offer, SessionCallback done) {
  if (!source_can_come()) {
    done(base::fail("not-live", "nobody publishes this camera now"));
    return;
  }
  linger_.cancel();
  if (const auto opened = open_output(); !opened) {
    done(tl::unexpected(opened.error()));
    return;
  }
  waiting_.push_back(std::make_unique<Waiting>());
  Waiting& waiting = *waiting_.back();
  waiting.offer = offer;
  waiting.done = std::move(done);
  settle();  // starts an on-demand source
  waiting.deadline.start(milliseconds(config_.start_limit_ms), [this, &waiting] {
    const std::string why = pull_ && !pull_->error().empty() ? pull_->error() : "no picture came in time";
    std::unique_ptr<Waiting> late;
    for (auto entry = waiting_.begin(); entry != waiting_.end(); ++entry) {
      if (entry->get() != &waiting) continue;
      late = std::move(*entry);
      waiting_.erase(entry);
      break;
    }
    refuse(*late, "not-live", why);
    settle();
  });
  // A source that is known to be broken is waiting for its next try: nobody has to wait with it.
  if (pull_ && pull_->state() == StreamState::error) mailbox_.post([this] { tell_waiting_of_error(); });
  answer_waiting();
}

void Stream::refuse(Waiting& waiting, const std::string& code, const std::string& sentence) {
  waiting.done(base::fail(code, sentence));
}

/// Whoever waits for a camera that cannot be had is told why at once; trying goes on while others watch.
void Stream::tell_waiting_of_error() {
  if (pull_->state() != StreamState::error || waiting_.empty()) return;
  for (auto& waiting : std::exchange(waiting_, {}))
    refuse(*waiting, "not-live", pull_->error());
  settle();
}

base::Result<void> Stream::open_output() {
  if (output_) return {};
  auto pipeline = build_output(rtc_, spec_.stream);
  if (!pipeline) return tl::unexpected(pipeline.error());
  auto output = std::make_unique<Output>();
  output->runner = std::make_unique<PipelineRunner>(*pipeline, "", "", [this](const PipelineFault& fault) {
    base::log::error("media", "an output failed", {{"stream", spec_.stream}, {"reason", fault.sentence}});
    close_output("failed: " + fault.sentence);
    settle();
  });
  const Ref<GstElement> rtc = output->runner->find("rtc");
  const Ref<GstElement> channel = output->runner->find("channel");
  output->sessions = std::make_unique<RtcSessions>(RtcSessions::Side::view, rtc, viewer_events());
  const auto post = mailbox_.poster();
  output->ready = Connection::make<void, GParamSpec*>(
      rtc.get(), "notify::ready", [this, post](GParamSpec*) { post([this] { answer_waiting(); }); });
  output->complete = Connection::make<void>(channel.get(), "no-more-pads", [this, post] {
    post([this] {
      if (!output_) return;
      output_->tracks_known = true;
      answer_waiting();
    });
  });
  output_ = std::move(output);
  output_->runner->start();
  return {};
}

void Stream::answer_waiting() {
  if (!output_ || !output_->tracks_known || waiting_.empty()) return;
  gboolean ready = FALSE;
  g_object_get(output_->runner->find("rtc").get(), "ready", &ready, nullptr);
  if (!ready) return;
  for (auto& waiting : std::exchange(waiting_, {})) {
    auto reply = output_->sessions->answer(waiting->offer);
    if (reply) listener_.session_opened(spec_.stream, reply->session);
    waiting->done(std::move(reply));
  }
  settle();
}

SessionEvents Stream::viewer_events() {
  return {[this](const std::string& session) { listener_.session_connected(session); },
          [this](const std::string& session, const std::string& reason) {
            listener_.session_gone(session, reason);
            settle();
          }};
}

void Stream::close_output(const std::string& reason) {
  linger_.cancel();
  if (const auto output = std::exchange(output_, nullptr)) output->sessions->close(reason);
}

/// Starts what is wanted now and begins the linger time of what is not.
void Stream::settle() {
  const bool watched = output_ && (output_->sessions->count() > 0 || !waiting_.empty());
  if (watched) {
    linger_.cancel();
  } else if (output_ && !linger_.running()) {
    linger_.start(milliseconds(config_.viewer_linger_ms), [this] {
      close_output("removed");
      settle();
    });
  }
  if (pull_) pull_->want(!spec_.on_demand || output_ != nullptr);
}

void Stream::publish(const std::string& offer, SessionCallback done) {
  if (pull_) {
    done(base::fail("not-publishable", "this camera is pulled from its own address; it takes no publisher"));
    return;
  }
  if (ingest_ && (ingest_->waiting || ingest_->sessions->count() > 0)) {
    done(base::fail("already-published", "somebody publishes this camera already"));
    return;
  }
  close_ingest("");
  auto ingest = std::make_unique<Ingest>();
  ingest->meter = std::make_shared<TrackMeter>();
  auto built = build_ingest(rtc_, spec_.stream, offer, ingest->meter);
  if (!built) {
    done(tl::unexpected(built.error()));
    return;
  }
  ingest->runner =
      std::make_unique<PipelineRunner>(built->pipeline, "", spec_.stream, [this](const PipelineFault& fault) {
        if (fault.code != "ended")
          base::log::error("media", "a publication failed", {{"stream", spec_.stream}, {"reason", fault.sentence}});
        close_ingest(fault.code == "ended" ? "the publisher ended the stream" : "failed: " + fault.sentence);
      });
  ingest->sessions =
      std::make_unique<RtcSessions>(RtcSessions::Side::publish, ingest->runner->find("rtc"), publisher_events());
  ingest->waiting = std::move(done);
  ingest_ = std::move(ingest);
  // The publisher before may still be stopping.
  ingest_->sampler.start(milliseconds(config_.start_limit_ms), [this] { close_ingest("failed"); });
  ingest_->runner->start([this, offer] { answer_publisher(offer); });
}

void Stream::answer_publisher(const std::string& offer) {
  const SessionCallback done = std::exchange(ingest_->waiting, nullptr);
  auto reply = ingest_->sessions->answer(offer);
  if (reply) {
    listener_.session_opened(spec_.stream, reply->session);
    ingest_->sampler.repeat(milliseconds(1000), [this] { sample_ingest(); });
  } else {
    close_ingest("");
  }
  done(std::move(reply));
}

void Stream::sample_ingest() {
  ingest_->meter->sample();
  if (ingest_->meter->units() == 0) return;
  if (++ingest_->flowing_seconds == 1) listener_.changed(spec_.stream);
  if (ingest_->flowing_seconds == kSettleSeconds) forget_silent_tracks(ingest_->runner->element());
}

SessionEvents Stream::publisher_events() {
  return {[this](const std::string& session) {
            listener_.session_connected(session);
            listener_.changed(spec_.stream);
          },
          [this](const std::string& session, const std::string& reason) {
            listener_.session_gone(session, reason);
            // A publisher has a pipeline of its own: the next one begins with fresh tracks.
            mailbox_.post([this] {
              if (ingest_ && !ingest_->waiting && ingest_->sessions->count() == 0) close_ingest("");
            });
          }};
}

void Stream::close_ingest(const std::string& reason) {
  const auto ingest = std::exchange(ingest_, nullptr);
  if (!ingest) return;
  if (ingest->waiting) ingest->waiting(base::fail("failed", "the publication ended before it began"));
  ingest->sessions->close(reason);
  listener_.changed(spec_.stream);
}

RtcSessions* Stream::sessions_with(const std::string& session) {
  if (output_ && output_->sessions->contains(session)) return output_->sessions.get();
  if (ingest_ && ingest_->sessions->contains(session)) return ingest_->sessions.get();
  return nullptr;
}

StreamStatus Stream::status() const {
  StreamStatus status;
  if (pull_) {
    status.state = pull_->state();
    status.error = pull_->error();
    pull_->read(status);
  } else if (ingest_) {
    status.state = ingest_->meter->units() > 0 ? StreamState::online : StreamState::connecting;
    ingest_->meter->read(status);
  }
  status.viewers = output_ ? static_cast<unsigned>(output_->sessions->count()) : 0;
  return status;
}

void Stream::append_sessions(std::vector<SessionStats>& to) const {
  if (output_) output_->sessions->append_stats(spec_.stream, to);
  if (ingest_) ingest_->sessions->append_stats(spec_.stream, to);
}

}  // namespace reallive::media
