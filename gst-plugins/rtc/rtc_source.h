// RtcSource: what reallivertcsrc does: takes one publisher at a time, builds its tracks, tells when it comes and goes.
// Any thread; owned by the element, which outlives it but for what runs on the worker or the shard.
// It never holds its lock while it calls GStreamer, a session or a signal handler.
#pragma once

#include <gst/gst.h>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/result.h"
#include "rtc/element_worker.h"
#include "rtc/publication.h"
#include "rtc/transport/endpoint.h"

namespace reallive::rtc {

struct PublisherAnswer {
  std::string publisher;
  std::string sdp;
};

struct PublisherReport {
  std::string publisher;
  std::vector<ReceiveTrack> tracks;
  PublisherStats stats;
};

struct SourceTotals {
  bool publishing = false;  // a publisher is there or connecting
  bool connected = false;
  uint64_t publishers = 0;  // since the element was made
};

class RtcSource final : public Publication::Owner, public std::enable_shared_from_this<RtcSource> {
 public:
  explicit RtcSource(GstElement* element);

  /// Error codes: those of the contract.
  Result<PublisherAnswer> publish(Endpoint& endpoint, const std::string& offer,
                                  const std::vector<std::string>& announced, unsigned latency_ms);
  Result<PublisherAnswer> restart_ice(Endpoint& endpoint, const std::string& publisher, const std::string& fragment,
                                      const std::vector<std::string>& announced);
  bool add_candidates(const Endpoint& endpoint, const std::string& publisher, const std::string& fragment);
  bool remove(const std::string& publisher, const std::string& reason);
  std::optional<PublisherReport> stats(const std::string& publisher) const;
  std::optional<PublisherStats> current_stats() const;
  SourceTotals totals() const;

  /// Media may flow: the element is at least PAUSED.
  void open();
  /// Ends the publisher and takes all pads down; the element's children do not run any more.
  void close(const std::string& reason);
  /// An error or warning from inside a track: after an error its publisher goes, the element stays. False when
  /// `source` is none of a track's elements.
  bool child_complained(GstObject* source, const std::string& what, bool error);

 private:
  void on_connected(const std::shared_ptr<Publication>& publication) override;
  void on_gone(const std::shared_ptr<Publication>& publication, const std::string& reason) override;
  std::string name_pad(const ReceiveTrack& track) override;
  void on_all_exposed() override;
  void on_finished(const std::shared_ptr<TrackBin>& bin) override;

  std::shared_ptr<Publication> current(const std::string& publisher) const;
  std::optional<Error> reserve();
  bool settle(std::shared_ptr<Publication> publication);
  void withdraw(const std::shared_ptr<Publication>& publication);
  void build(GstElement* element, const std::shared_ptr<Publication>& publication, GstClockTime latency);
  void take_down(const std::shared_ptr<TrackBin>& bin);

  GstElement* const element_;  // borrowed: the owner
  const std::shared_ptr<ElementWorker> worker_ = std::make_shared<ElementWorker>();

  mutable std::mutex mutex_;  // guards what follows; a leaf
  std::shared_ptr<Publication> current_;
  std::vector<std::shared_ptr<TrackBin>> bins_;  // all that are in the element
  std::set<std::string> pad_names_;
  SourceTotals totals_;
  bool open_ = false;
  bool reserved_ = false;  // an offer is being answered
};

}  // namespace reallive::rtc
