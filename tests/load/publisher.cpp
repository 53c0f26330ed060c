#include "load/publisher.h"

#include "load/clock.h"
#include "load/h264.h"
#include "load/offers.h"
#include "rtc/wire/rtp.h"

namespace reallive::load {

namespace {
constexpr uint8_t kPayloadType = kFirstH264;
constexpr uint8_t kRtxPayloadType = kFirstH264 + 1;
}  // namespace

Publisher::Publisher(const DtlsIdentity& identity, Loop& loop, const Clip& clip, Options options)
    : loop_(loop), clip_(clip), options_(options), peer_(identity, *this) {}

Publisher::~Publisher() {
  stop();
}

std::string Publisher::offer() const {
  return rtc::sdp::write(publisher_offer(peer_.offered(), ssrc_, repair_ssrc_));
}

Result<void> Publisher::start(const std::string& answer) {
  auto session = rtc::sdp::parse(answer);
  if (!session) return tl::unexpected(session.error());
  if (session->media.empty() || session->media[0].rejected()) return fail("ice", "video was refused");
  twcc_id_ = session->media[0].extension_id(kTwccUri);
  peer_.set_loss(options_.loss);
  Result<void> result;
  loop_.run([&] { result = peer_.start(loop_, *session); });
  if (result) pacer_ = std::thread([this] { pace(); });
  return result;
}

void Publisher::stop() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (pacer_.joinable()) pacer_.join();
  loop_.run([&] { peer_.stop(); });
}

void Publisher::pace() {
  int64_t next = now_ns();
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    // Waiting for the loop keeps at most one frame under way.
    if (connected_) loop_.run([&] { send_frame(now_ns()); });
    lock.lock();
    next += kSecond / clip_.fps;
    auto pause = std::chrono::nanoseconds(std::max<int64_t>(0, next - now_ns()));
    wake_.wait_for(lock, pause, [&] { return ending_; });
  }
}

void Publisher::send_frame(int64_t now) {
  if (std::exchange(restart_, false)) position_ = 0;
  const Clip::Frame& frame = clip_.frames[position_];
  position_ = (position_ + 1) % clip_.frames.size();
  // The stamp goes after the parameter sets, before the first slice.
  rtc::Buffer stamp = h264::make_stamp(now);
  std::vector<rtc::Bytes> units;
  bool stamped = !options_.stamps;
  for (rtc::Bytes unit : h264::split(frame.annex_b)) {
    uint8_t type = unit[0] & 0x1F;
    if (type == 9) continue;
    if (!stamped && type >= 1 && type <= 5) {
      units.emplace_back(stamp);
      stamped = true;
    }
    units.push_back(unit);
  }
  timestamp_ = static_cast<uint32_t>(now / 1000 * 9 / 100);
  auto payloads = h264::packetize(units);
  for (size_t i = 0; i < payloads.size(); ++i) {
    bool marker = i + 1 == payloads.size();
    send_packet(sequence_, timestamp_, marker, payloads[i]);
    history_[sequence_ % kHistory] = {sequence_, timestamp_, marker, std::move(payloads[i])};
    ++sequence_;
  }
  ++figures_.frames;
}

void Publisher::send_packet(uint16_t sequence, uint32_t timestamp, bool marker, const rtc::Buffer& payload) {
  rtc::rtp::ExtensionBlock block;
  uint8_t number[2];
  rtc::put_u16(number, twcc_sequence_);
  if (twcc_id_ != 0 && block.add(twcc_id_, number)) ++twcc_sequence_;
  uint8_t header[64];
  size_t size = rtc::rtp::write_header(header, {marker, kPayloadType, sequence, timestamp, ssrc_}, block.bytes());
  rtc::Buffer packet(header, header + size);
  rtc::append_bytes(packet, payload);
  peer_.send_rtp(std::move(packet));
  ++figures_.packets;
  octets_ += payload.size();
}

void Publisher::repair(const rtc::rtcp::Nack& nack) {
  for (uint16_t wanted : nack.sequences) {
    const Sent& sent = history_[wanted % kHistory];
    if (sent.payload.empty() || sent.sequence != wanted) continue;
    uint8_t header[64];
    size_t size = rtc::rtp::write_header(
        header, {sent.marker, kRtxPayloadType, repair_sequence_++, sent.timestamp, repair_ssrc_});
    rtc::Buffer packet(header, header + size);
    rtc::append_u16(packet, wanted);
    rtc::append_bytes(packet, sent.payload);
    peer_.send_rtp(std::move(packet));
    ++figures_.repairs;
  }
}

void Publisher::answer_picture_request() {
  ++figures_.picture_requests;
  if (!options_.ignore_pli) restart_ = true;
}

void Publisher::on_connected() {
  connected_ = true;
}

void Publisher::on_failed(const std::string& reason) {
  figures_.failure = reason;
  failed_ = true;
}

void Publisher::on_rtcp(const std::vector<rtc::rtcp::Record>& records) {
  for (const auto& record : records) {
    if (auto* nack = std::get_if<rtc::rtcp::Nack>(&record)) repair(*nack);
    if (std::holds_alternative<rtc::rtcp::PictureLoss>(record) ||
        std::holds_alternative<rtc::rtcp::FullIntraRequest>(record)) {
      answer_picture_request();
    }
    if (std::holds_alternative<rtc::rtcp::TwccFeedback>(record) || std::holds_alternative<rtc::rtcp::Remb>(record)) {
      ++figures_.feedback;
    }
  }
}

void Publisher::on_tick(int64_t now) {
  if (!connected_ || figures_.packets == 0 || now < next_report_ns_) return;
  next_report_ns_ = now + kSecond;
  rtc::rtcp::SenderReport report;
  report.ssrc = ssrc_;
  report.ntp = rtc::rtcp::ntp_from_unix(read_clock(CLOCK_REALTIME));
  report.rtp_timestamp = static_cast<uint32_t>(now / 1000 * 9 / 100);
  report.packets = static_cast<uint32_t>(figures_.packets);
  report.octets = static_cast<uint32_t>(octets_);
  rtc::Buffer out;
  rtc::rtcp::write(out, report);
  rtc::rtcp::write(out, rtc::rtcp::SourceDescription{{{ssrc_, "load"}}});
  peer_.send_rtcp(std::move(out));
}

Publisher::Snapshot Publisher::snapshot() {
  Snapshot snapshot;
  loop_.run([&] {
    snapshot = figures_;
    snapshot.connected = peer_.connected();
    snapshot.profile = peer_.profile();
  });
  return snapshot;
}

}  // namespace reallive::load
