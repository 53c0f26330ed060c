#include "media/source_test.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <utility>

#include "media/elements.h"

namespace reallive::media {

namespace {

using std::chrono::milliseconds;
using Transport = pipeline::CameraSource::Transport;

constexpr milliseconds kLimit{12'000};
constexpr milliseconds kMeasured{1'000};  // of pictures, for the rate

/// As the API names it.
std::string public_code(const std::string& code) {
  if (code == "auth") return "password_refused";
  if (code == "unreachable") return "no_answer";
  if (code == "not-found") return "not_found";
  if (code == "no-video" || code == "format") return "no_video";
  if (code == "not-allowed") return "not_allowed";
  if (code == "not-supported") return "unsupported";
  return "failed";
}

/// One key frame of the channel as a JPEG, at most 640 wide.
base::Result<Ref<GstElement>> build_picture(const std::string& channel) {
  return parse(
      fmt::format("reallivechannelsrc channel=\"{}\" start=cached name=from from.video_0 ! decodebin ! "
                  "videoconvert ! videoscale ! "
                  "video/x-raw,width=[16,640],height=[16,2160],pixel-aspect-ratio=1/1 ! jpegenc quality=75 ! "
                  "fakesink name=picture sync=false async=false signal-handoffs=true",
                  channel));
}

std::string as_data_url(GstBuffer* jpeg) {
  gpointer raw = nullptr;
  gsize size = 0;
  gst_buffer_extract_dup(jpeg, 0, static_cast<gsize>(-1), &raw, &size);
  const std::unique_ptr<void, GFreeDeleter> bytes(raw);
  const CString text(g_base64_encode(static_cast<const guchar*>(raw), size));
  return std::string("data:image/jpeg;base64,") + text.get();
}

std::string next_channel() {
  static std::atomic<unsigned> number{0};
  return "source-test-" + std::to_string(++number);
}

}  // namespace

SourceTest::SourceTest(pipeline::CameraSource source, const pipeline::AddressRule& rule, SourceTestCallback done)
    : source_(std::move(source)),
      channel_(next_channel()),
      done_(std::move(done)),
      began_us_(g_get_monotonic_time()),
      udp_(source_.transport == Transport::udp) {
  limit_.start(kLimit, [this] {
    if (meter_ && meter_->units() > 0)
      return failed({"failed", "the camera sends, but no picture of it could be decoded"});
    const std::string place = place_of(source_);
    failed({"unreachable", fmt::format("no picture {}within {} s", place.empty() ? "" : "from " + place + " ",
                                       kLimit.count() / 1000)});
  });
  if (source_.kind != pipeline::CameraSource::Kind::rtsp) {
    mailbox_.post([this] { play({}); });
    return;
  }
  lookup_ = std::make_unique<HostLookup>(source_.host, rule, [this](const auto& found) {
    if (!found) return failed({found.error().code, found.error().message});
    address_ = found->front();
    play({address_, udp_});
  });
}

void SourceTest::play(const RtspRoute& route) {
  meter_ = std::make_shared<TrackMeter>();
  auto built = build_source(source_, route, channel_, meter_);
  if (!built) return failed({built.error().code, built.error().message});
  auto picture = build_picture(channel_);
  if (!picture) return failed({"failed", picture.error().message});
  source_runner_ = std::make_unique<PipelineRunner>(built->pipeline, built->place, channel_,
                                                    [this](const PipelineFault& fault) { failed(fault); });
  // Its faults show as a picture that does not come.
  picture_runner_ = std::make_unique<PipelineRunner>(*picture, "", "", [](const PipelineFault&) {});
  const auto sink = picture_runner_->find("picture");
  picture_there_ = Connection::make<void, GstBuffer*, GstPad*>(
      sink.get(), "handoff", [this, post = mailbox_.poster(), taken = false](GstBuffer* jpeg, GstPad*) mutable {
        if (std::exchange(taken, true)) return;
        post([this, picture = as_data_url(jpeg)] {
          picture_ = picture;
          look();
        });
      });
  picture_runner_->start();
  source_runner_->start();
}

void SourceTest::failed(const PipelineFault& fault) {
  if (fault.code == "transport" && source_.transport == Transport::automatic && !transport_changed_) {
    transport_changed_ = true;
    udp_ = !udp_;
    source_runner_.reset();
    return play({address_, udp_});
  }
  SourceTestResult result;
  result.code = public_code(fault.code);
  result.message = fault.sentence;
  if (meter_) meter_->read(result.status);
  finish(std::move(result));
}

/// The picture is there: the rate is measured a moment longer.
void SourceTest::look() {
  meter_->sample();
  ticker_.start(kMeasured, [this] { measure(); });
}

void SourceTest::measure() {
  meter_->sample();
  SourceTestResult result;
  result.ok = true;
  result.code = "ok";
  result.message = "the camera works";
  meter_->read(result.status);
  result.picture = picture_;
  finish(std::move(result));
}

void SourceTest::finish(SourceTestResult result) {
  if (!done_) return;
  limit_.cancel();
  ticker_.cancel();
  picture_there_.disconnect();
  picture_runner_.reset();
  source_runner_.reset();
  result.elapsed_ms = static_cast<unsigned>((g_get_monotonic_time() - began_us_) / 1000);
  const SourceTestCallback done = std::exchange(done_, nullptr);
  done(result);  // may end this
}

}  // namespace reallive::media
