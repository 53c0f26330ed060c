#include "rtc/transport/session_table.h"

#include <set>

namespace reallive::rtc {

void SessionTable::set_limit(unsigned limit) {
  std::lock_guard lock(mutex_);
  limit_ = limit;
}

unsigned SessionTable::limit() const {
  std::lock_guard lock(mutex_);
  return limit_;
}

bool SessionTable::reserve() {
  std::lock_guard lock(mutex_);
  if (count_ >= limit_) return false;
  ++count_;
  return true;
}

void SessionTable::release() {
  std::lock_guard lock(mutex_);
  --count_;
}

void SessionTable::add(const std::string& ufrag, std::shared_ptr<Session> session) {
  std::lock_guard lock(mutex_);
  by_ufrag_[ufrag] = std::move(session);
}

void SessionTable::remove(const std::string& ufrag) {
  std::shared_ptr<Session> last;  // dies after the lock
  std::lock_guard lock(mutex_);
  if (auto found = by_ufrag_.find(ufrag); found != by_ufrag_.end()) {
    last = std::move(found->second);
    by_ufrag_.erase(found);
  }
}

std::shared_ptr<Session> SessionTable::find(std::string_view ufrag) const {
  std::lock_guard lock(mutex_);
  auto found = by_ufrag_.find(ufrag);
  return found == by_ufrag_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Session>> SessionTable::all() const {
  std::lock_guard lock(mutex_);
  std::set<std::shared_ptr<Session>> sessions;
  for (const auto& entry : by_ufrag_)
    sessions.insert(entry.second);
  return {sessions.begin(), sessions.end()};
}

unsigned SessionTable::count() const {
  std::lock_guard lock(mutex_);
  return count_;
}

}  // namespace reallive::rtc
