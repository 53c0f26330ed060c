// SessionTable: the sessions of one endpoint by their local ICE user fragments; it counts them against the limit.
// Any thread; its mutex is a leaf. It never calls a session and never keeps one that is finished.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace reallive::rtc {

class Session;

class SessionTable {
 public:
  explicit SessionTable(unsigned limit) : limit_(limit) {}

  /// Of the places taken from now on; nobody loses one.
  void set_limit(unsigned limit);
  unsigned limit() const;

  /// Takes one of the places; false when there is none.
  bool reserve();
  void release();
  void add(const std::string& ufrag, std::shared_ptr<Session> session);
  void remove(const std::string& ufrag);
  /// Nothing when unknown: one look-up is all that a stranger costs.
  std::shared_ptr<Session> find(std::string_view ufrag) const;
  /// Every session once.
  std::vector<std::shared_ptr<Session>> all() const;
  unsigned count() const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  mutable std::mutex mutex_;  // guards what follows; a leaf
  unsigned limit_;
  unsigned count_ = 0;
  std::unordered_map<std::string, std::shared_ptr<Session>, Hash, std::equal_to<>> by_ufrag_;
};

}  // namespace reallive::rtc
