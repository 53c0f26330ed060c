#include "rtc/receive/publisher.h"

#include <algorithm>

#include "rtc/receive/rtx.h"

namespace reallive::rtc {

namespace {

constexpr int64_t kReportIntervalUs = 1'000'000;
constexpr int64_t kByeGraceUs = 1'000'000;  // a stream that says BYE because its SSRC changes goes on at once

std::vector<uint32_t> clock_rates(const std::vector<ReceiveTrack>& tracks) {
  std::vector<uint32_t> rates;
  rates.reserve(tracks.size());
  for (const ReceiveTrack& track : tracks)
    rates.push_back(track.clock_rate);
  return rates;
}

}  // namespace

Publisher::Publisher(const ReceiveNegotiation& negotiation, Config config, Output& output)
    : config_(std::move(config)),
      extensions_(negotiation.extensions),
      reduced_size_(negotiation.reduced_size),
      output_(output),
      playout_(clock_rates(negotiation.tracks)),
      feedback_(negotiation.feedback) {
  tracks_.reserve(negotiation.tracks.size());
  for (const ReceiveTrack& track : negotiation.tracks) {
    const size_t index = tracks_.size();
    tracks_.emplace_back(track, index, config_.wait_us);
    for (uint32_t ssrc : track.ssrcs) {
      if (routes_.size() < kMaxRoutes) routes_.emplace(ssrc, Route{index, false});
    }
    for (uint32_t ssrc : track.rtx_ssrcs) {
      if (routes_.size() < kMaxRoutes) routes_.emplace(ssrc, Route{index, true});
    }
  }
}

void Publisher::start(Moment now) {
  started_ = true;
  last_media_us_ = now.us;
}

std::optional<Publisher::Route> Publisher::route_by_mid(const rtp::Packet& packet) const {
  if (extensions_.mid == 0 || !packet.has_extension) return std::nullopt;
  const auto mid = rtp::find_extension(packet, extensions_.mid);
  if (!mid) return std::nullopt;
  for (size_t index = 0; index < tracks_.size(); ++index) {
    const ReceiveTrack& track = tracks_[index].description();
    if (track.mid == as_text(*mid)) return Route{index, packet.payload_type == track.rtx_payload_type};
  }
  return std::nullopt;
}

std::optional<Publisher::Route> Publisher::route_by_payload_type(uint8_t payload_type) const {
  std::optional<Route> found;
  for (size_t index = 0; index < tracks_.size(); ++index) {
    const ReceiveTrack& track = tracks_[index].description();
    const bool retransmission = track.rtx_payload_type == payload_type;
    if (track.payload_type != payload_type && !retransmission) continue;
    if (found) return std::nullopt;  // two lines share the number: it tells nothing
    found = Route{index, retransmission};
  }
  return found;
}

// RFC 8843 section 9.2: a MID in the packet decides, then what is known of the SSRC, then the payload type.
std::optional<Publisher::Route> Publisher::route(const rtp::Packet& packet) {
  auto found = route_by_mid(packet);
  const auto known = routes_.find(packet.ssrc);
  if (!found && known != routes_.end()) {
    found = known->second;
    found->retransmission = tracks_[found->track].description().rtx_payload_type == packet.payload_type;
  }
  if (!found) found = route_by_payload_type(packet.payload_type);
  if (!found) return std::nullopt;
  if (known != routes_.end()) {
    known->second = *found;
  } else if (routes_.size() < kMaxRoutes) {
    routes_.emplace(packet.ssrc, *found);
  }
  return found;
}

void Publisher::receive_rtp(Bytes plain, Moment now) {
  const auto packet = rtp::parse(plain);
  if (!packet) {
    ++rejected_;
    return;
  }
  std::optional<uint16_t> transport_sequence;
  if (extensions_.transport_sequence != 0 && packet->has_extension) {
    const auto data = rtp::find_extension(*packet, extensions_.transport_sequence);
    if (data && data->size() >= 2) transport_sequence = read_u16(data->data());
  }
  feedback_.received(transport_sequence, plain.size(), now.us);
  const auto way = route(*packet);
  if (!way) {
    ++rejected_;
    return;
  }
  last_media_us_ = now.us;
  if (way->retransmission) {
    receive_retransmission(plain, *packet, way->track, now);
  } else {
    bye_us_.reset();
    feedback_.missed(tracks_[way->track].receive(plain, *packet, now, false, extensions_.absolute_capture_time));
  }
  drain(now);
  if (now.us >= next_wake()) tick(now);
}

void Publisher::receive_retransmission(Bytes plain, const rtp::Packet& packet, size_t index, Moment now) {
  TrackReceiver& track = tracks_[index];
  if (!track.ssrc()) return;  // repairs nothing that we have begun
  const auto original = restore_retransmission(plain, packet, *track.ssrc(), track.description().payload_type);
  if (!original) return;
  const auto restored = rtp::parse(*original);
  if (restored) track.receive(*original, *restored, now, true, extensions_.absolute_capture_time);
}

void Publisher::receive_rtcp(Bytes plain, Moment now) {
  const auto records = rtcp::parse(plain);
  if (!records) {
    ++rejected_;
    return;
  }
  for (const rtcp::Record& record : *records)
    handle(record, now);
}

void Publisher::handle(const rtcp::Record& record, Moment now) {
  if (const auto* report = std::get_if<rtcp::SenderReport>(&record)) {
    for (TrackReceiver& track : tracks_)
      track.sender_report(*report, now);
  } else if (const auto* bye = std::get_if<rtcp::Bye>(&record)) {
    handle_bye(*bye, now);
  }
}

void Publisher::handle_bye(const rtcp::Bye& bye, Moment now) {
  for (uint32_t ssrc : bye.ssrcs)
    routes_.erase(ssrc);
  const auto gone = [this](const TrackReceiver& track) {
    return !track.ssrc() || routes_.find(*track.ssrc()) == routes_.end();
  };
  if (!bye.ssrcs.empty() && std::all_of(tracks_.begin(), tracks_.end(), gone)) bye_us_ = now.us;
}

void Publisher::drain(Moment now) {
  const auto deliver = [this](size_t track, MediaPacket packet) { output_.deliver(track, std::move(packet)); };
  for (TrackReceiver& track : tracks_)
    track.drain(now, playout_, deliver);
}

std::vector<uint32_t> Publisher::media_ssrcs() const {
  std::vector<uint32_t> ssrcs;
  for (const TrackReceiver& track : tracks_) {
    if (track.ssrc()) ssrcs.push_back(*track.ssrc());
  }
  return ssrcs;
}

void Publisher::write_report(Buffer& out, int64_t now_us) {
  rtcp::ReceiverReport report;
  report.ssrc = config_.ssrc;
  for (TrackReceiver& track : tracks_) {
    if (const auto block = track.report(now_us)) report.blocks.push_back(*block);
  }
  rtcp::write(out, report);
  write_name(out);
}

void Publisher::write_empty_report(Buffer& out) const {
  rtcp::write(out, rtcp::ReceiverReport{config_.ssrc, {}});
  write_name(out);
}

void Publisher::write_name(Buffer& out) const {
  rtcp::SourceDescription description;
  description.chunks.push_back({config_.ssrc, config_.cname});
  rtcp::write(out, description);
}

void Publisher::tick(Moment now) {
  drain(now);
  const auto ssrcs = media_ssrcs();
  if (ssrcs.empty()) return check_end(now);
  if (!next_report_us_) next_report_us_ = now.us;  // the first at once
  const bool report_due = now.us >= *next_report_us_;
  Buffer feedback;
  feedback_.build(feedback, config_.ssrc, ssrcs, now.us);
  for (TrackReceiver& track : tracks_)
    track.build_feedback(feedback, config_.ssrc, now.us);
  Buffer opening;
  if (report_due) {
    write_report(opening, now.us);
    next_report_us_ = now.us + kReportIntervalUs;
  } else if (!reduced_size_) {
    write_empty_report(opening);
  }
  if (!feedback.empty()) {
    RtcpBatch(opening, [this](Bytes datagram) { output_.send_rtcp(datagram); }).add(feedback);
  } else if (report_due) {
    output_.send_rtcp(opening);
  }
  check_end(now);
}

void Publisher::check_end(Moment now) {
  if (ended_ || !started_) return;
  const bool said_bye = bye_us_ && now.us - *bye_us_ >= kByeGraceUs;
  const bool silent = now.us - last_media_us_ >= config_.silence_us;
  if (!said_bye && !silent) return;
  ended_ = true;
  output_.expired(said_bye ? "peer-closed" : "no-media");
}

int64_t Publisher::next_wake() const {
  int64_t next = INT64_MAX;
  const auto sooner = [&next](std::optional<int64_t> other) {
    if (other) next = std::min(next, *other);
  };
  if (started_ && !ended_) {
    next = last_media_us_ + config_.silence_us;
    if (bye_us_) sooner(*bye_us_ + kByeGraceUs);
  }
  bool any = false;
  for (const TrackReceiver& track : tracks_) {
    any = any || track.ssrc().has_value();
    sooner(track.next_wake());
  }
  if (any) {
    sooner(next_report_us_.value_or(INT64_MIN));
    sooner(feedback_.next_due());
  }
  return next;
}

void Publisher::request_keyframe(size_t track) {
  if (track < tracks_.size()) tracks_[track].want_keyframe();
}

Buffer Publisher::goodbye() const {
  Buffer out;
  rtcp::write(out, rtcp::ReceiverReport{config_.ssrc, {}});
  rtcp::write(out, rtcp::Bye{{config_.ssrc}, ""});
  return out;
}

std::vector<TrackStats> Publisher::stats() const {
  std::vector<TrackStats> all;
  for (const TrackReceiver& track : tracks_)
    all.push_back(track.stats());
  return all;
}

}  // namespace reallive::rtc
