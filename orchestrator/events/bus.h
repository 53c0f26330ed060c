// Bus: tells parts of the process what happened to whom. Owns the list of subscribers, not the subscribers.
// Main loop's thread only; subscribers are called within publish(), in the order they came.
// It never stores events and never crosses a process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "base/time.h"

namespace reallive::events {

/// `camera-status`: what media sees of a camera changed.
struct CameraStatus {
  std::string camera_id;
  std::string stream_status;  ///< `online offline connecting error`
  std::string status;         ///< `offline online streaming`
  std::string error;          ///< a sentence, when stream_status is error
  base::Time time;
};

/// `session`: somebody began or stopped publishing or watching.
struct SessionChanged {
  std::string session_id;  ///< of the record in the database
  std::string camera_id;
  std::string user_id;  ///< empty: a stream key, or a public camera's guest
  std::string kind;     ///< `publish view`
  bool active = true;
  std::string error;  ///< why it ended, when nobody asked for it
  base::Time time;
};

/// `camera`: somebody added, changed or removed one.
struct CameraChanged {
  std::string camera_id;
  std::string stream;           ///< its short name
  std::string change;           ///< `added changed removed`
  std::string organization_id;  ///< whose it is, or was: nobody can ask the catalog about a camera that is removed
  std::string owner_id;
  bool is_public = false;
  base::Time time;
};

using Event = std::variant<CameraStatus, SessionChanged, CameraChanged>;

class Bus;

/// Ends the subscription when it goes. May outlive the bus.
class Subscription {
 public:
  Subscription() = default;
  Subscription(Subscription&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
  Subscription& operator=(Subscription&& other) noexcept {
    std::swap(end_, other.end_);
    return *this;
  }
  ~Subscription() {
    if (end_) end_();
  }

 private:
  friend class Bus;
  explicit Subscription(std::function<void()> end) : end_(std::move(end)) {}
  std::function<void()> end_;
};

class Bus {
 public:
  using Subscriber = std::function<void(const Event&)>;

  [[nodiscard]] Subscription subscribe(Subscriber subscriber);
  /// One kind of event only.
  template <typename T>
  [[nodiscard]] Subscription subscribe_to(std::function<void(const T&)> subscriber) {
    return subscribe([subscriber = std::move(subscriber)](const Event& event) {
      if (const T* wanted = std::get_if<T>(&event)) subscriber(*wanted);
    });
  }

  /// Subscribers may subscribe, end subscriptions and publish meanwhile: who ended is not called any more, who came
  /// hears from the next event on.
  void publish(const Event& event);

 private:
  using Table = std::map<uint64_t, Subscriber>;
  std::shared_ptr<Table> subscribers_ = std::make_shared<Table>();
  uint64_t last_ = 0;
};

}  // namespace reallive::events
