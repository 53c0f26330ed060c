#include "load/viewer.h"

#include "load/clock.h"
#include "load/offers.h"

namespace reallive::load {

namespace {
constexpr uint32_t kOwnSsrc = 1;
constexpr int64_t kReportEvery = kSecond;
constexpr int64_t kFeedbackEvery = 100 * kMillisecond;
constexpr int64_t kPictureRequestEvery = kSecond;
}  // namespace

Viewer::Viewer(const DtlsIdentity& identity, Loop& loop) : Viewer(identity, loop, Options()) {}

Viewer::Viewer(const DtlsIdentity& identity, Loop& loop, Options options)
    : loop_(loop), options_(std::move(options)), peer_(identity, *this, options_.setup) {}

Viewer::~Viewer() {
  stop();
}

std::string Viewer::offer() const {
  return rtc::sdp::write(viewer_offer(peer_.offered(), options_.profile));
}

Result<void> Viewer::start(const std::string& answer) {
  auto session = rtc::sdp::parse(answer);
  if (!session) return tl::unexpected(session.error());
  if (session->media.empty() || session->media[0].rejected()) return fail("ice", "video was refused");
  twcc_id_ = session->media[0].extension_id(kTwccUri);
  Result<void> result;
  loop_.run([&] { result = peer_.start(loop_, *session); });
  return result;
}

void Viewer::stop() {
  loop_.run([&] { peer_.stop(); });
}

Viewer::Snapshot Viewer::snapshot() {
  Snapshot snapshot;
  loop_.run([&] {
    snapshot = {peer_.connected(), failure_,       peer_.profile(),     video_.figures(),
                peer_.counters(),  other_packets_, video_.take_delays()};
  });
  return snapshot;
}

void Viewer::on_connected() {
  connected_ = true;
}

void Viewer::on_failed(const std::string& reason) {
  failure_ = reason;
  failed_ = true;
}

void Viewer::on_rtp(rtc::Bytes bytes, int64_t arrival_ns) {
  auto packet = rtc::rtp::parse(bytes);
  if (!packet) return;
  if (twcc_id_ != 0) {
    auto number = rtc::rtp::find_extension(*packet, twcc_id_);
    if (number && number->size() == 2) recorder_.record(rtc::read_u16(number->data()), arrival_ns / 1000);
  }
  if (is_h264(packet->payload_type)) {
    video_ssrc_ = packet->ssrc;
    video_.take(*packet, arrival_ns, false);
  } else if (is_rtx(packet->payload_type)) {
    // RFC 4588 section 4: the original number comes first.
    if (packet->payload.size() <= 2) return;
    packet->sequence = rtc::read_u16(packet->payload.data());
    packet->payload = packet->payload.subspan(2);
    video_.take(*packet, arrival_ns, true);
  } else {
    ++other_packets_;
  }
  if (first_key_ns_ == 0) first_key_ns_ = video_.figures().first_key_ns;
  if (first_live_ns_ == 0) first_live_ns_ = video_.figures().first_live_ns;
}

void Viewer::on_rtcp(const std::vector<rtc::rtcp::Record>& records) {
  for (const auto& record : records) {
    auto* report = std::get_if<rtc::rtcp::SenderReport>(&record);
    if (!report || report->ssrc != video_ssrc_) continue;
    last_sr_ = rtc::rtcp::ntp_middle(report->ntp);
    last_sr_ns_ = now_ns();
  }
}

void Viewer::report(int64_t now) {
  rtc::rtcp::ReportBlock block;
  block.ssrc = video_ssrc_;
  block.highest_sequence = video_.highest_sequence();
  block.cumulative_lost = static_cast<int32_t>(video_.figures().lost);
  if (last_sr_ns_ != 0) {
    block.last_sr = last_sr_;
    block.delay_since_last_sr = static_cast<uint32_t>((now - last_sr_ns_) * 65536 / kSecond);
  }
  rtc::Buffer out;
  rtc::rtcp::write(out, rtc::rtcp::ReceiverReport{kOwnSsrc, {block}});
  rtc::rtcp::write(out, rtc::rtcp::SourceDescription{{{kOwnSsrc, "load"}}});
  peer_.send_rtcp(std::move(out));
}

void Viewer::on_tick(int64_t now) {
  if (!connected_ || video_ssrc_ == 0) return;
  rtc::Buffer out;
  auto missing = video_.missing(now);
  if (!missing.empty()) rtc::rtcp::write(out, rtc::rtcp::Nack{kOwnSsrc, video_ssrc_, missing});
  // A hole that stays breaks every picture up to the next key frame: ask for one, as browsers do.
  if (video_.figures().lost > lost_seen_ && now >= next_picture_request_ns_) {
    lost_seen_ = video_.figures().lost;
    next_picture_request_ns_ = now + kPictureRequestEvery;
    rtc::rtcp::write(out, rtc::rtcp::PictureLoss{kOwnSsrc, video_ssrc_});
  }
  if (now >= next_feedback_ns_) {
    next_feedback_ns_ = now + kFeedbackEvery;
    recorder_.build(out, kOwnSsrc, video_ssrc_);
  }
  if (!out.empty()) peer_.send_rtcp(std::move(out));
  if (now >= next_report_ns_) {
    next_report_ns_ = now + kReportEvery;
    report(now);
  }
}

}  // namespace reallive::load
