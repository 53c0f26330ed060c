// NackList: which packets of one stream are missing, when to ask for each again, and what the answers tell of the
// round trip. Belongs to the shard's thread; the caller brings the clock. It never asks more than twelve times or
// longer than a second for one packet (RFC 4585 section 6.2.1 for the message), and is bounded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace reallive::rtc {

class NackList {
 public:
  static constexpr int kMaxTries = 12;
  static constexpr int64_t kMaxAgeUs = 1'000'000;
  static constexpr size_t kMaxEntries = 1000;

  struct Received {
    size_t missing = 0;     ///< newly missed before this one
    bool overflow = false;  ///< more is missing than can be asked for: only a new key frame helps
  };
  /// A packet came, by whatever way. `sequence` unwrapped.
  Received received(int64_t sequence, int64_t now_us);
  /// Everything below is settled.
  void forget_below(int64_t sequence);
  /// The 16-bit numbers to ask for now; counts as asked.
  std::vector<uint16_t> take_due(int64_t now_us);
  std::optional<int64_t> next_due() const;
  void reset();

  /// The round trip that repairs were answered in, or what set_rtt() said; 100 ms until known.
  int64_t rtt_us() const { return rtt_us_; }
  void set_rtt(int64_t rtt_us);
  size_t size() const { return missing_.size(); }

 private:
  struct Entry {
    int64_t noticed_us = 0;
    int64_t due_us = 0;
    int64_t first_asked_us = 0;
    int64_t last_asked_us = 0;
    int64_t interval_us = 0;  // to the next time
    int tries = 0;
  };
  void learn(const Entry& entry, int64_t now_us);

  std::map<int64_t, Entry> missing_;
  std::optional<int64_t> newest_;
  int64_t rtt_us_ = 100'000;
  bool rtt_known_ = false;
  int64_t reorder_us_ = 0;
};

}  // namespace reallive::rtc
