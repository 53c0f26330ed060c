#include "media/stream.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/log.h"
#include "media/elements.h"

namespace reallive::media {

using pipeline::CameraSource;
using std::chrono::milliseconds;

namespace {

using Target = Conversion::Target;

constexpr milliseconds kPictureRest{5000};  // after a conversion of the picture that failed
constexpr unsigned kSettleSeconds = 2;      // after which tracks that stay silent are given up
constexpr Output::Picture kPictures[] = {Output::Picture::native, Output::Picture::converted};

/// What nobody's browser plays is told with its usual name.
std::string name_for_people(const std::string& codec) {
  if (codec == "H264" || codec == "H265") return "H." + codec.substr(1);
  return codec;
}

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
  for (const Picture picture : kPictures)
    close_output(picture, "removed");
  close_ingest("removed");
}

void Stream::settings_changed() {
  for (const Picture picture : kPictures) {
    Place& here = place(picture);
    here.linger.cancel();  // settle() begins it anew, as long as it shall be now
    if (here.output) here.output->sessions().announce(rtc_.announced_addresses);
  }
  if (ingest_) ingest_->sessions->announce(rtc_.announced_addresses);
  sound_linger_.cancel();
  settle();
}

void Stream::sources_changed() {
  if (!pull_ || pull_->settings_changed()) return;
  for (const Picture picture : kPictures)
    close_output(picture, "failed: " + pull_->error());
  settle();
}

void Stream::endpoint_changed() {
  static const std::string kReason = "the server's address for WebRTC has changed";
  for (const Picture picture : kPictures) {
    if (!place(picture).output) continue;
    close_output(picture, kReason);
    const bool awaited = std::any_of(waiting_.begin(), waiting_.end(),
                                     [picture](const auto& waiting) { return waiting->picture == picture; });
    if (!awaited) continue;
    if (const auto opened = open_output(picture); !opened) output_failed(picture, opened.error().message);
  }
  if (ingest_ && ingest_->waiting) {
    const auto former = std::exchange(ingest_, nullptr);
    open_ingest(former->offer, std::move(former->waiting));
  } else {
    close_ingest(kReason);
  }
  settle();
}

bool Stream::source_can_come() const {
  return pull_ != nullptr || (ingest_ && ingest_->sessions->count() > 0);
}

void Stream::view(const std::string& offer, SessionCallback done) {
  if (!source_can_come()) {
    done(base::fail("not-live", "nobody publishes this camera now"));
    return;
  }
  if (const auto opened = open_output(Picture::native); !opened) {
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
  // A source that is known to be broken is waiting for its next try: nobody has to wait with it, nor is answered with
  // what the pipeline that just broke has left in the channel.
  if (pull_ && pull_->state() == StreamState::error) {
    tell_waiting_of_error();
  } else {
    answer_waiting();
  }
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

base::Result<void> Stream::open_output(Picture picture) {
  Place& here = place(picture);
  here.linger.cancel();
  if (here.output) return {};
  auto output = Output::open(
      rtc_, spec_.stream, picture,
      {[this] { answer_waiting(); }, [this, picture](const std::string& sentence) { output_failed(picture, sentence); },
       viewer_events()});
  if (!output) return tl::unexpected(output.error());
  here.output = std::move(*output);
  return {};
}

void Stream::output_failed(Picture picture, const std::string& sentence) {
  base::log::error("media", "an output failed", {{"stream", spec_.stream}, {"reason", sentence}});
  close_output(picture, "failed: " + sentence);
  std::list<std::unique_ptr<Waiting>> refused;
  for (auto entry = waiting_.begin(); entry != waiting_.end();) {
    const auto next = std::next(entry);
    if ((*entry)->picture == picture) refused.splice(refused.end(), waiting_, entry);
    entry = next;
  }
  for (auto& waiting : refused)
    refuse(*waiting, "not-live", sentence);
  settle();
}

void Stream::answer_waiting() {
  for (const Picture picture : kPictures) {
    if (place(picture).output && wants_sound_converted(picture)) convert_sound();
  }
  // Answers lead to calls that may add to the list.
  std::list<std::unique_ptr<Waiting>> asking = std::exchange(waiting_, {});
  for (auto entry = asking.begin(); entry != asking.end();) {
    entry = answer(**entry) ? asking.erase(entry) : std::next(entry);
  }
  waiting_.splice(waiting_.begin(), asking);
  settle();
}

bool Stream::answer(Waiting& waiting) {
  Output* output = place(waiting.picture).output.get();
  if (!output || !output->tracks_known()) return false;
  if (output->empty()) {
    refuse(waiting, "no-common-codec",
           fmt::format("This camera sends {}, which browsers cannot play.",
                       name_for_people(output->codec(true) + output->codec(false))));
    return true;
  }
  if (!output->ready()) return false;
  auto reply = output->answer(waiting.offer);
  if (!reply && reply.error().code == "not-ready") return false;
  const bool has_other = waiting.picture == Picture::native && Conversion::converts(output->codec(true), Target::h264);
  if (!reply && reply.error().code == "no-common-codec" && has_other) {
    const std::string sentence =
        fmt::format("This camera sends {}, which this browser cannot show.", name_for_people(output->codec(true)));
    if (!spec_.transcode) {
      refuse(waiting, "no-common-codec", sentence + " The camera's owner can switch transcoding on.");
      return true;
    }
    if (picture_rest_.running()) {
      refuse(waiting, "not-live", picture_error_);
      return true;
    }
    if (const auto opened = open_output(Picture::converted); !opened) {
      refuse(waiting, "failed", sentence + " " + opened.error().message);
      return true;
    }
    // Another round, in which its sound is seen to first.
    waiting.picture = Picture::converted;
    mailbox_.post([this] { answer_waiting(); });
    return false;
  }
  if (!reply && reply.error().code == "no-common-codec" && waiting.picture == Picture::converted) {
    refuse(waiting, "no-common-codec",
           fmt::format("This camera sends {}, which this browser cannot show, nor H.264 in its place.",
                       name_for_people(output->codec(true))));
    return true;
  }
  if (reply) {
    if (waiting.picture == Picture::converted) convert_picture();
    listener_.session_opened(spec_.stream, reply->session);
  }
  waiting.done(std::move(reply));
  return true;
}

/// Whether somebody of this output has, or is about to get, sound that browsers do not play as it is.
bool Stream::wants_sound_converted(Picture picture) {
  const Output* output = place(picture).output.get();
  if (!output || !Conversion::converts(output->codec(false), Target::opus)) return false;
  return output->heard() || std::any_of(waiting_.begin(), waiting_.end(), [picture](const auto& waiting) {
           return waiting->picture == picture && has_section(waiting->offer, "audio");
         });
}

void Stream::convert_sound() {
  for (const Picture picture : kPictures) {
    if (wants_sound_converted(picture)) place(picture).output->carry(Target::opus);
  }
  sound_linger_.cancel();
  if (!sound_)
    sound_ = std::make_unique<Conversion>(Target::opus, spec_.stream, [this] { listener_.changed(spec_.stream); });
}

void Stream::convert_picture() {
  if (picture_) return;
  picture_error_.clear();
  picture_ = std::make_unique<Conversion>(Target::h264, spec_.stream, [this] { convert_picture_failed(); });
}

/// Without its picture this output is of no use: whoever has it is told, and tries again when he wants.
void Stream::convert_picture_failed() {
  if (!picture_ || picture_->error().empty()) return;
  picture_error_ = picture_->error();
  picture_rest_.start(kPictureRest, [this] {
    picture_error_.clear();
    listener_.changed(spec_.stream);
  });
  listener_.changed(spec_.stream);
  output_failed(Picture::converted, picture_error_);
}

SessionEvents Stream::viewer_events() {
  return {[this](const std::string& session) { listener_.session_connected(session); },
          [this](const std::string& session, const std::string& reason) {
            listener_.session_gone(session, reason);
            settle();
          }};
}

void Stream::close_output(Picture picture, const std::string& reason) {
  place(picture).linger.cancel();
  if (const auto output = std::exchange(place(picture).output, nullptr)) output->sessions().close(reason);
}

/// Starts what is wanted now and begins the linger time of what is not.
void Stream::settle() {
  const auto linger = milliseconds(config_.viewer_linger_ms);
  for (const Picture picture : kPictures) {
    Place& here = place(picture);
    const bool awaited = std::any_of(waiting_.begin(), waiting_.end(),
                                     [picture](const auto& waiting) { return waiting->picture == picture; });
    if (!here.output || awaited || here.output->sessions().count() > 0) {
      here.linger.cancel();
    } else if (!here.linger.running()) {
      here.linger.start(linger, [this, picture] {
        close_output(picture, "removed");
        settle();
      });
    }
  }
  const bool watched = places_[0].output || places_[1].output;
  if (!place(Picture::converted).output) picture_.reset();
  if (!watched) sound_.reset();
  if (!sound_ || wants_sound_converted(Picture::native) || wants_sound_converted(Picture::converted)) {
    sound_linger_.cancel();
  } else if (!sound_linger_.running()) {
    sound_linger_.start(linger, [this] { sound_.reset(); });
  }
  if (pull_) pull_->want(!spec_.on_demand || watched);
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
  open_ingest(offer, std::move(done));
}

void Stream::open_ingest(const std::string& offer, SessionCallback done) {
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
  ingest->offer = offer;
  ingest->waiting = std::move(done);
  ingest_ = std::move(ingest);
  // The publisher before may still be stopping.
  ingest_->sampler.start(milliseconds(config_.start_limit_ms), [this] { close_ingest("failed"); });
  ingest_->runner->start([this] { answer_publisher(); });
}

void Stream::answer_publisher() {
  const SessionCallback done = std::exchange(ingest_->waiting, nullptr);
  auto reply = ingest_->sessions->answer(ingest_->offer);
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

RtcSessions* Stream::sessions_with(const std::string& session) const {
  for (const Place& here : places_) {
    if (here.output && here.output->sessions().contains(session)) return &here.output->sessions();
  }
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
  for (const Place& here : places_)
    status.viewers += here.output ? static_cast<unsigned>(here.output->sessions().count()) : 0;
  if (sound_ && !status.audio_codec.empty()) status.conversions.push_back(status.audio_codec + " to Opus");
  if (picture_ && !status.video_codec.empty()) status.conversions.push_back(status.video_codec + " to H264");
  status.note = sound_ && !sound_->error().empty() ? sound_->error() : picture_error_;
  return status;
}

void Stream::append_sessions(std::vector<SessionStats>& to) const {
  for (const Place& here : places_) {
    if (here.output) here.output->sessions().append_stats(spec_.stream, to);
  }
  if (ingest_) ingest_->sessions->append_stats(spec_.stream, to);
}

std::optional<SessionStats> Stream::session(const std::string& session) const {
  const RtcSessions* sessions = sessions_with(session);
  return sessions ? sessions->stats(spec_.stream, session) : std::nullopt;
}

}  // namespace reallive::media
