#include "events/journal.h"

#include <charconv>

namespace reallive::events {

Journal::Journal(Bus& bus, std::string epoch, size_t capacity) : epoch_(std::move(epoch)), capacity_(capacity) {
  subscription_ = bus.subscribe([this](const Event& event) {
    entries_.push_back({id_of(++last_), event});
    if (entries_.size() > capacity_) entries_.pop_front();
    if (listener_) listener_(Entry(entries_.back()));
  });
}

std::optional<std::vector<Entry>> Journal::since(std::string_view id) const {
  if (id.size() <= epoch_.size() + 1 || id.substr(0, epoch_.size()) != epoch_ || id[epoch_.size()] != '-') return {};
  const std::string_view digits = id.substr(epoch_.size() + 1);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number > last_) return {};
  const uint64_t missed = last_ - number;
  if (missed > entries_.size()) return {};
  return std::vector<Entry>(entries_.end() - static_cast<std::ptrdiff_t>(missed), entries_.end());
}

std::string Journal::id_of(uint64_t number) const {
  return epoch_ + "-" + std::to_string(number);
}

}  // namespace reallive::events
