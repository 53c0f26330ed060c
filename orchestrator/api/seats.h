// Seats: how many connections that stay open one user and one address may have. Pure counting.
// Main loop's thread. A Seat gives its place back when it goes; it never outlives its Seats.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace reallive::api {

struct SeatLimits {
  size_t user = 64;      ///< a page of many tabs, a few devices
  size_t address = 256;  ///< a household, or an office behind one address
  size_t all = 4096;
  bool operator==(const SeatLimits&) const = default;
};

class Seats;

class Seat {
 public:
  Seat(Seat&& other) noexcept : seats_(std::exchange(other.seats_, nullptr)), keys_(std::move(other.keys_)) {}
  Seat& operator=(Seat&& other) noexcept {
    std::swap(seats_, other.seats_);
    std::swap(keys_, other.keys_);
    return *this;
  }
  ~Seat();

 private:
  friend class Seats;
  Seat(Seats* seats, std::pair<std::string, std::string> keys) : seats_(seats), keys_(std::move(keys)) {}

  Seats* seats_;
  std::pair<std::string, std::string> keys_;
};

class Seats {
 public:
  explicit Seats(SeatLimits limits = {}) : limits_(limits) {}

  /// Nothing when there is no place any more. `user` empty: nobody is signed in, only the address counts.
  std::optional<Seat> take(const std::string& user, const std::string& address);
  size_t taken() const { return taken_; }

 private:
  friend class Seat;
  void give_back(const std::string& key);

  const SeatLimits limits_;
  std::map<std::string, size_t> counts_;
  size_t taken_ = 0;
};

}  // namespace reallive::api
