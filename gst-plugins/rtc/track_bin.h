// TrackBin: one track's way through GStreamer inside reallivertcsrc: appsrc, depayloader, parser, ghost pad.
// push() is the shard's, finish() and remove() the worker's; its pad appears from the streaming thread.
// It never blocks who pushes, and lets nothing out without exactly one capture time.
#pragma once

#include <atomic>
#include <gst/gst.h>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/ref.h"
#include "common/result.h"
#include "rtc/receive/track_receiver.h"

namespace reallive::rtc {

class TrackBin : public std::enable_shared_from_this<TrackBin> {
 public:
  /// From streaming threads and from whoever sends events upstream.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_keyframe_wanted(size_t track) = 0;
    /// The first access unit is there: gives its pad, "video_0" say, a name that is free.
    virtual std::string name_pad(const ReceiveTrack& track) = 0;
    virtual void on_exposed(size_t track) = 0;
    /// EOS went out (or there was no pad to send it to): remove() may be called.
    virtual void on_finished(const std::shared_ptr<TrackBin>& bin) = 0;
  };

  /// Bytes that may wait for the streaming thread; beyond, packets are dropped up to the next key frame.
  static constexpr guint64 kMaxWaiting = 8 << 20;

  /// Builds the elements. Error code "failed" names the one that is missing.
  static Result<std::shared_ptr<TrackBin>> create(const ReceiveTrack& track, size_t index, GstElement* parent,
                                                  GstClockTime latency, std::shared_ptr<Listener> listener);

  /// Adds the elements to the parent and starts them. The parent's state lock is held.
  void start();
  /// Takes a packet. Those of a picture wait here for its last one, as they would in the depayloader, so that the
  /// streaming thread wakes for a picture and not for each of its packets.
  void push(MediaPacket packet, GstClockTime pts);
  /// Hands on what waits: nothing comes any more.
  void flush();
  /// Sends EOS behind what is waiting.
  void finish();
  /// Takes pad and elements out of the parent.
  void remove();

  const std::string& pad_name() const { return pad_name_; }
  GstElement* bin() const { return bin_.get(); }

 private:
  TrackBin(const ReceiveTrack& track, size_t index, GstElement* parent, std::shared_ptr<Listener> listener);
  void watch(GstPad* pad, GstPadProbeType type, GstPadProbeCallback callback);
  static GstPadProbeReturn on_upstream(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_downstream(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  GstPadProbeReturn handle_buffer(GstPad* end, GstPadProbeInfo* info);
  GstPadProbeReturn handle_eos();
  Ref<GstPad> expose(GstPad* end);
  void hand_on(MediaPacket packet, GstClockTime pts);

  const ReceiveTrack track_;
  const size_t index_;
  GstElement* const parent_;  // borrowed: it owns bin_
  const std::shared_ptr<Listener> listener_;
  Ref<GstElement> bin_;
  Ref<GstElement> source_;
  Ref<GstPad> inner_pad_;

  std::mutex mutex_;  // guards pad_ and pad_name_ until the pad is exposed
  Ref<GstPad> pad_;
  std::string pad_name_;
  std::atomic<bool> finished_{false};

  struct Held {
    MediaPacket packet;
    GstClockTime pts;
  };
  static constexpr size_t kMostHeld = 16;  // the beginning of a large picture is worked on while the rest comes

  // Shard only.
  std::vector<Held> held_;
  uint32_t timestamp_ = 0;  // of the newest packet
  bool marked_ = true;      // the newest packet has the marker
  bool waits_ = true;       // the present picture's packets do, as the one before ended by its marker
  bool overrun_ = false;

  // Streaming thread only: the capture time of the newest buffer, for one that lost its own.
  GstClockTime last_pts_ = GST_CLOCK_TIME_NONE;
  GstClockTime last_capture_ = GST_CLOCK_TIME_NONE;
};

}  // namespace reallive::rtc
