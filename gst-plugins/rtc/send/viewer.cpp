#include "rtc/send/viewer.h"

#include <algorithm>
#include <openssl/rand.h>

namespace reallive::rtc {

namespace {

using std::chrono::milliseconds;

constexpr auto kReportInterval = milliseconds(1000);
constexpr auto kFar = std::chrono::hours(1);
constexpr auto kAudioLate = milliseconds(300);
// A request that comes later than this after a key frame has not crossed it: it was lost.
constexpr auto kCrossing = milliseconds(1000);
// Repeats may cost as much again as the stream itself, and never less than this.
constexpr uint64_t kMinRepeatBudget = 2'000'000;

struct Start {
  uint16_t sequence = 0;
  uint32_t offset = 0;
};

// RFC 3550 section 5.1: both start anywhere, so that known plaintext is hard to guess.
Start random_start() {
  Start start;
  RAND_bytes(reinterpret_cast<unsigned char*>(&start.sequence), sizeof start.sequence);
  RAND_bytes(reinterpret_cast<unsigned char*>(&start.offset), sizeof start.offset);
  return start;
}

}  // namespace

struct Viewer::Track {
  Track(TrackPlan plan, CodecKind codec, Start start, const FrameHistory& history)
      : sender(std::move(plan), codec, start.sequence, start.offset) {
    if (is_video(codec)) video.emplace(sender, history);
  }

  TrackSender sender;
  std::optional<VideoFeed> video;
  uint64_t audio_position = 0;
  std::optional<std::pair<uint32_t, uint8_t>> full_intra;  // who sent the newest request, and its number
};

Viewer::Viewer(std::vector<TrackPlan> plan, std::string cname, const std::vector<CodecKind>& codecs,
               const StreamView& view, Listener& listener)
    : cname_(std::move(cname)), view_(view), listener_(listener) {
  for (auto& track : plan) {
    const CodecKind codec = codecs[track.track];
    tracks_.push_back(std::make_unique<Track>(std::move(track), codec, random_start(), view_.history));
  }
}

Viewer::~Viewer() = default;

TimePoint Viewer::connect(ViewerTransport& transport, Instant now) {
  transport_ = &transport;
  for (auto& track : tracks_) {
    track->sender.connect(transport);
    track->audio_position = view_.history.end();
  }
  return advance(now);
}

TimePoint Viewer::advance(Instant now) {
  TimePoint wake = now.steady + kFar;
  if (!transport_) return wake;
  bool sent = false;
  for (auto& track : tracks_) {
    if (track->video) {
      if (auto when = track->video->advance(now)) wake = std::min(wake, *when);
      if (track->video->take_key_frame_wish(now)) listener_.on_key_frame_wanted(track->sender.plan().track);
    } else {
      advance_audio(*track, now);
    }
    sent = sent || track->sender.stats().packets > 0;
  }
  // The first report goes with the first media, so that picture and sound are in step at once.
  if (sent && (!next_report_ || now.steady >= *next_report_)) send_reports(now);
  return next_report_ ? std::min(wake, *next_report_) : wake;
}

void Viewer::advance_audio(Track& track, Instant now) {
  const FrameHistory& history = view_.history;
  if (!track.sender.flush()) {
    track.audio_position = history.end();  // sound that is late is of no use
    return;
  }
  track.audio_position = std::max(track.audio_position, history.first());
  for (; const auto* entry = history.at(track.audio_position); ++track.audio_position) {
    if (entry->track != track.sender.plan().track || now.steady - entry->arrival > kAudioLate) continue;
    const Frame& frame = *entry->frame;
    track.sender.send(frame, track.audio_position, 0, frame.packets.size(), frame.meta.rtp_time);
  }
}

void Viewer::send_reports(Instant now) {
  next_report_ = now.steady + kReportInterval;
  rtcp_.clear();
  rtcp::SourceDescription description;
  for (const auto& track : tracks_) {
    rtcp::write(rtcp_, track->sender.report(view_.zero, now));
    description.chunks.push_back({track->sender.plan().ssrc, cname_});
  }
  rtcp::write(rtcp_, description);
  if (reference_time_arrival_) {
    const auto delay = std::chrono::duration<double>(now.steady - *reference_time_arrival_).count();
    rtcp::DelaySinceLastRr answer;
    answer.sender = tracks_.front()->sender.plan().ssrc;
    answer.blocks.push_back({reference_time_.sender, rtcp::ntp_middle(reference_time_.ntp),
                             static_cast<uint32_t>(std::min(delay, 60000.0) * 65536)});
    rtcp::write(rtcp_, answer);
    reference_time_arrival_.reset();
  }
  transport_->send_rtcp(rtcp_);
}

TimePoint Viewer::on_rtcp(Bytes packet, Instant now) {
  if (const auto records = rtcp::parse(packet)) {
    for (const auto& record : *records)
      handle(record, now);
  }
  return advance(now);
}

void Viewer::handle(const rtcp::Record& record, Instant now) {
  const auto on_blocks = [&](const std::vector<rtcp::ReportBlock>& blocks) {
    for (const auto& block : blocks) {
      for (auto& track : tracks_)
        track->sender.on_report(block, now);
    }
  };
  if (const auto* receiver = std::get_if<rtcp::ReceiverReport>(&record)) {
    on_blocks(receiver->blocks);
  } else if (const auto* sender = std::get_if<rtcp::SenderReport>(&record)) {
    on_blocks(sender->blocks);
  } else if (const auto* nack = std::get_if<rtcp::Nack>(&record)) {
    for (auto& track : tracks_) {
      if (track->sender.plan().ssrc != nack->media) continue;
      const uint64_t bitrate = view_.history.bitrate(track->sender.plan().track);
      track->sender.repeat(nack->sequences, view_.history, std::max(kMinRepeatBudget, bitrate), now);
    }
  } else if (const auto* loss = std::get_if<rtcp::PictureLoss>(&record)) {
    if (Track* track = video_track(loss->media)) on_picture_lost(*track, now);
  } else if (const auto* request = std::get_if<rtcp::FullIntraRequest>(&record)) {
    on_full_intra_request(*request, now);
  } else if (const auto* remb = std::get_if<rtcp::Remb>(&record)) {
    remb_bps_ = remb->bitrate;
  } else if (const auto* reference = std::get_if<rtcp::ReceiverReferenceTime>(&record)) {
    reference_time_ = *reference;
    reference_time_arrival_ = now.steady;
  }
}

Viewer::Track* Viewer::video_track(uint32_t ssrc) {
  for (auto& track : tracks_) {
    if (track->sender.plan().ssrc == ssrc && track->video) return track.get();
  }
  return nullptr;
}

void Viewer::on_picture_lost(Track& track, Instant now) {
  ++picture_losses_;
  track.video->on_picture_lost(now);
  listener_.on_key_frame_wanted(track.sender.plan().track);
}

// RFC 5104 section 4.3.1.1: one that comes again under its number is the same. Once a key frame has gone it is over for
// as long as it may have crossed it; whoever goes on asking has not got it.
void Viewer::on_full_intra_request(const rtcp::FullIntraRequest& request, Instant now) {
  for (const auto& entry : request.entries) {
    Track* const track = video_track(entry.ssrc);
    if (!track) continue;
    const std::pair number(request.sender, entry.sequence);
    const auto went = track->video->key_frame_went();
    const bool answered = !track->video->misses_picture() && went && now.steady - *went < kCrossing;
    if (track->full_intra == number && answered) continue;
    track->full_intra = number;
    on_picture_lost(*track, now);
  }
}

void Viewer::say_bye(const std::string& reason) {
  if (!transport_) return;
  rtcp_.clear();
  // A compound packet begins with a report (RFC 3550 section 6.1).
  rtcp::write(rtcp_, rtcp::ReceiverReport{tracks_.front()->sender.plan().ssrc, {}});
  rtcp::Bye bye;
  for (const auto& track : tracks_)
    bye.ssrcs.push_back(track->sender.plan().ssrc);
  bye.reason = reason;
  rtcp::write(rtcp_, bye);
  transport_->send_rtcp(rtcp_);
}

ViewerStats Viewer::stats() const {
  ViewerStats stats;
  stats.picture_losses = picture_losses_;
  stats.remb_bps = remb_bps_;
  for (const auto& track : tracks_) {
    ViewerTrackStats entry;
    entry.codec = track->sender.codec();
    entry.sender = track->sender.stats();
    entry.rtx = track->sender.plan().rtx_payload_type.has_value();
    if (track->video) {
      entry.frames_skipped = track->video->frames_skipped();
      entry.catching_up = track->video->catching_up();
      entry.behind = std::chrono::duration_cast<milliseconds>(track->video->behind());
    }
    stats.tracks.push_back(entry);
  }
  return stats;
}

}  // namespace reallive::rtc
