// SinkNotifier: brings what shards report to the element: signals, key-frame requests upstream; in order, one at a
// time. Called on shard threads, which it never holds up; the work is done on a thread of GStreamer's pool. It never
// keeps the element alive longer than one piece of work.
#pragma once

#include <deque>
#include <functional>
#include <gst/gst.h>
#include <memory>
#include <mutex>
#include <string>

#include "common/ref.h"
#include "rtc/send/stream.h"

namespace reallive::rtc {

class SinkNotifier final : public Stream::Listener, public std::enable_shared_from_this<SinkNotifier> {
 public:
  explicit SinkNotifier(GstElement* element);
  ~SinkNotifier() override;

  void on_viewer_connected(const std::string& viewer) override;
  void on_viewer_gone(const std::string& viewer, const std::string& reason) override;
  void on_key_frame_wanted(size_t track) override;

  /// Which pad a track's key-frame requests go to; nothing: none any more.
  void set_pad(size_t track, Ref<GstPad> pad);

 private:
  void enqueue(std::function<void(GstElement*)> work);
  void drain(GstElement* element);
  void request_key_frame(size_t track);

  GWeakRef element_;
  std::mutex mutex_;  // guards what follows; never held while work is done
  std::deque<std::function<void(GstElement*)>> queue_;
  bool draining_ = false;
  std::vector<Ref<GstPad>> pads_;
};

}  // namespace reallive::rtc
