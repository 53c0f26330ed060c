#include "rtc/rtc_source.h"

#include <algorithm>
#include <openssl/rand.h>

#include "rtc/transport/answer.h"

GST_DEBUG_CATEGORY_EXTERN(reallive_rtc_src_debug);
#define GST_CAT_DEFAULT reallive_rtc_src_debug

namespace reallive::rtc {

namespace {

constexpr auto kReplaceAfter = std::chrono::seconds(5);

uint32_t random_ssrc() {
  uint32_t ssrc = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&ssrc), sizeof ssrc);
  return ssrc | 1;
}

// The state lock keeps the element from changing its state while children are added.
class StateLock {
 public:
  explicit StateLock(GstElement* element) : element_(element) { GST_STATE_LOCK(element_); }
  ~StateLock() { GST_STATE_UNLOCK(element_); }
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;

 private:
  GstElement* const element_;
};

}  // namespace

RtcSource::RtcSource(GstElement* element) : element_(element) {}

// A publisher that fell silent (crashed, lost its network) keeps nobody out: whoever comes next replaces it.
std::optional<Error> RtcSource::reserve() {
  std::shared_ptr<Publication> replaced;
  {
    const std::lock_guard lock(mutex_);
    if (!open_) return Error{"not-ready", "The element is not running."};
    if (reserved_ || (current_ && current_->session().silence() < kReplaceAfter)) {
      return Error{"already-published", "There is a publisher already."};
    }
    reserved_ = true;
    replaced = std::exchange(current_, nullptr);
  }
  if (replaced) replaced->session().close("replaced");
  return std::nullopt;
}

// Takes the reserved place, or gives it up when there is nobody for it or the element stopped meanwhile.
bool RtcSource::settle(std::shared_ptr<Publication> publication) {
  const std::lock_guard lock(mutex_);
  reserved_ = false;
  if (!open_ || !publication) return false;
  current_ = std::move(publication);
  totals_.publishing = true;
  totals_.connected = false;
  ++totals_.publishers;
  return true;
}

Result<PublisherAnswer> RtcSource::publish(Endpoint& endpoint, const std::string& offer,
                                           const std::vector<std::string>& announced, unsigned latency_ms) {
  const auto parsed = sdp::parse(offer, endpoint.max_sdp_bytes());
  if (!parsed) return tl::unexpected(parsed.error());
  auto negotiation = negotiate_receive(*parsed);
  if (!negotiation) return tl::unexpected(negotiation.error());
  auto remote = remote_transport_of(*parsed);
  if (!remote) return tl::unexpected(remote.error());
  sdp::Session answer = negotiation->answer;

  if (auto error = reserve()) return tl::unexpected(*error);
  const auto session = endpoint.create_session(std::move(*remote));
  if (!session) {
    settle(nullptr);
    return tl::unexpected(session.error());
  }
  Publisher::Config config;
  config.wait_us = int64_t{latency_ms} * 1000;
  config.ssrc = random_ssrc();
  const auto publication =
      std::make_shared<Publication>(Ref<GstElement>::retain(element_), shared_from_this(), std::move(*negotiation));
  publication->prepare(*session, config);
  if (!settle(publication)) {
    (*session)->close("shutdown");
    return fail("not-ready", "The element is not running.");
  }
  finish_answer(answer, (*session)->local_credentials(), endpoint.fingerprint(), endpoint.candidates(announced));
  publication->start();
  // Built while the other side shakes hands.
  worker_->post(element_, [self = shared_from_this(), publication, latency_ms](GstElement* element) {
    self->build(element, publication, latency_ms * GST_MSECOND);
  });
  return PublisherAnswer{(*session)->id(), sdp::write(answer)};
}

void RtcSource::build(GstElement* element, const std::shared_ptr<Publication>& publication, GstClockTime latency) {
  const StateLock state(element);
  {
    const std::lock_guard lock(mutex_);
    if (!open_ || publication->gone()) return;
  }
  const auto built = publication->build(latency);
  if (!built) {
    GST_ELEMENT_ERROR(element, CORE, MISSING_PLUGIN, ("%s", built.error().message.c_str()), (nullptr));
    publication->session().close("failed");
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    bins_.insert(bins_.end(), built->begin(), built->end());
  }
  // It went while this was being built: then nobody else ends these.
  if (publication->gone()) publication->finish();
}

std::shared_ptr<Publication> RtcSource::current(const std::string& publisher) const {
  const std::lock_guard lock(mutex_);
  return current_ && current_->id() == publisher ? current_ : nullptr;
}

Result<PublisherAnswer> RtcSource::restart_ice(Endpoint& endpoint, const std::string& publisher,
                                               const std::string& fragment, const std::vector<std::string>& announced) {
  const auto publication = current(publisher);
  if (!publication) return fail("failed", "There is no such publisher.");
  const auto parsed = sdp::parse_fragment(fragment, endpoint.max_sdp_bytes());
  if (!parsed) return tl::unexpected(parsed.error());
  if (parsed->ufrag().empty() || parsed->pwd().empty()) {
    return fail("bad-offer", "The fragment has no a=ice-ufrag and a=ice-pwd.");
  }
  const auto local = publication->session().restart_ice({parsed->ufrag(), parsed->pwd()});
  return PublisherAnswer{publisher, restart_answer(local, endpoint.candidates(announced))};
}

// Candidates of the other side are not needed: it finds us, and browsers hide theirs anyway.
bool RtcSource::add_candidates(const Endpoint& endpoint, const std::string& publisher, const std::string& fragment) {
  return current(publisher) && sdp::parse_fragment(fragment, endpoint.max_sdp_bytes());
}

bool RtcSource::remove(const std::string& publisher, const std::string& reason) {
  const auto publication = current(publisher);
  if (!publication) return false;
  publication->session().close(reason);
  return true;
}

std::optional<PublisherReport> RtcSource::stats(const std::string& publisher) const {
  const auto publication = current(publisher);
  if (!publication) return std::nullopt;
  return PublisherReport{publisher, publication->tracks(), publication->session().stats()};
}

std::optional<PublisherStats> RtcSource::current_stats() const {
  std::shared_ptr<Publication> publication;
  {
    const std::lock_guard lock(mutex_);
    publication = current_;
  }
  if (!publication) return std::nullopt;
  return publication->session().stats();
}

SourceTotals RtcSource::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

void RtcSource::open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
}

void RtcSource::close(const std::string& reason) {
  std::shared_ptr<Publication> publication;
  std::vector<std::shared_ptr<TrackBin>> bins;
  {
    const std::lock_guard lock(mutex_);
    open_ = false;
    publication = current_;
    bins = std::move(bins_);
    bins_.clear();
  }
  if (publication) publication->session().close(reason);
  for (const auto& bin : bins) {
    bin->remove();
    const std::lock_guard lock(mutex_);
    pad_names_.erase(bin->pad_name());
  }
}

bool RtcSource::child_complained(GstObject* source, const std::string& what, bool error) {
  std::shared_ptr<Publication> publication;
  bool ours = false;
  {
    const std::lock_guard lock(mutex_);
    publication = current_;
    ours = std::any_of(bins_.begin(), bins_.end(), [source](const auto& bin) {
      return gst_object_has_as_ancestor(source, GST_OBJECT(bin->bin()));
    });
  }
  if (!ours) return false;
  GST_WARNING_OBJECT(element_, "%s", what.c_str());
  if (error && publication) publication->session().close("failed");
  return true;
}

// Forgets a publisher that is gone.
void RtcSource::withdraw(const std::shared_ptr<Publication>& publication) {
  const std::lock_guard lock(mutex_);
  if (current_ != publication) return;
  current_.reset();
  totals_.publishing = totals_.connected = false;
}

void RtcSource::on_connected(const std::shared_ptr<Publication>& publication) {
  {
    const std::lock_guard lock(mutex_);
    if (current_ == publication) totals_.connected = true;
  }
  worker_->post(element_, [id = publication->id()](GstElement* element) {
    g_signal_emit_by_name(element, "publisher-connected", id.c_str());
  });
}

void RtcSource::on_gone(const std::shared_ptr<Publication>& publication, const std::string& reason) {
  withdraw(publication);
  worker_->post(element_, [publication, id = publication->id(), reason](GstElement* element) {
    publication->finish();
    g_signal_emit_by_name(element, "publisher-gone", id.c_str(), reason.c_str());
  });
}

std::string RtcSource::name_pad(const ReceiveTrack& track) {
  const std::string kind = track.video() ? "video_" : "audio_";
  const std::lock_guard lock(mutex_);
  for (unsigned number = 0;; ++number) {
    std::string name = kind + std::to_string(number);
    if (pad_names_.insert(name).second) return name;
  }
}

void RtcSource::on_all_exposed() {
  gst_element_no_more_pads(element_);
}

void RtcSource::on_finished(const std::shared_ptr<TrackBin>& bin) {
  worker_->post(element_, [self = shared_from_this(), bin](GstElement*) { self->take_down(bin); });
}

void RtcSource::take_down(const std::shared_ptr<TrackBin>& bin) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find(bins_.begin(), bins_.end(), bin);
    if (found == bins_.end()) return;  // close() has it
    bins_.erase(found);
  }
  bin->remove();
  const std::lock_guard lock(mutex_);
  pad_names_.erase(bin->pad_name());
}

}  // namespace reallive::rtc
