#include "media/output.h"

#include <string_view>

#include "media/elements.h"

namespace reallive::media {

namespace {

constexpr const char* kPeerKey = "reallive-rtc-pad";

bool is_video(GstPad* pad) {
  return std::string_view(GST_PAD_NAME(pad)).starts_with("video");
}

/// Links a track of the channel to the rtc element, which takes what WebRTC carries.
void link_track(GstPad* pad, GstElement* rtc) {
  const auto to = Ref<GstPad>::adopt(gst_element_request_pad_simple(rtc, is_video(pad) ? "video_%u" : "audio_%u"));
  if (!to) return;
  if (GST_PAD_LINK_FAILED(gst_pad_link(pad, to.get()))) {
    gst_element_release_request_pad(rtc, to.get());
    return;
  }
  // When the track goes, its pad has lost its peer before anybody is told: it remembers whom to release.
  g_object_set_data_full(G_OBJECT(pad), kPeerKey, Ref<GstPad>(to).release(), &gst_object_unref);
}

void release_peer(GstPad* pad) {
  const auto to = Ref<GstPad>::adopt(static_cast<GstPad*>(g_object_steal_data(G_OBJECT(pad), kPeerKey)));
  if (!to) return;
  const auto rtc = Ref<GstElement>::adopt(gst_pad_get_parent_element(to.get()));
  if (rtc) gst_element_release_request_pad(rtc.get(), to.get());
}

}  // namespace

Output::Output(std::string stream, OutputEvents events) : stream_(std::move(stream)), events_(std::move(events)) {}

base::Result<std::unique_ptr<Output>> Output::open(const RtcSettings& settings, const std::string& stream,
                                                   Picture picture, OutputEvents events) {
  auto pipeline = make_early_pipeline();
  const auto channel = make("reallivechannelsrc", "channel");
  if (!channel) return tl::unexpected(channel.error());
  auto rtc = make_rtc_element("reallivertcsink", settings);
  if (!rtc) return tl::unexpected(rtc.error());
  g_object_set(channel->get(), "channel", stream.c_str(), nullptr);
  gst_util_set_object_arg(G_OBJECT(channel->get()), "start", "cached");
  gst_bin_add_many(GST_BIN(pipeline.get()), channel->get(), rtc->get(), nullptr);

  std::unique_ptr<Output> output(new Output(stream, std::move(events)));
  output->rtc_ = *rtc;
  output->runner_ = std::make_unique<PipelineRunner>(
      pipeline, "", "", [self = output.get()](const PipelineFault& fault) { self->fail(fault.sentence); });
  output->sessions_ = std::make_unique<RtcSessions>(
      RtcSessions::Side::view, *rtc,
      SessionEvents{output->events_.sessions.connected, [self = output.get()](const auto& session, const auto& reason) {
                      self->listeners_.erase(session);
                      self->events_.sessions.gone(session, reason);
                    }});
  const auto post = output->mailbox_.poster();
  output->ready_ = Connection::make<void, GParamSpec*>(
      rtc->get(), "notify::ready",
      [self = output.get(), post](GParamSpec*) { post([self] { self->events_.changed(); }); });
  output->watch_tracks(channel->get(), picture);
  if (picture == Picture::converted && !output->carry(Conversion::Target::h264))
    return base::fail("failed", "the converted picture cannot be sent");
  output->runner_->start();
  return output;
}

void Output::watch_tracks(GstElement* channel, Picture picture) {
  const auto post = mailbox_.poster();
  on_pad_added(channel, [this, post, picture, rtc = rtc_.get()](GstPad* pad) {
    const std::string name = GST_PAD_NAME(pad);
    const auto caps = Ref<GstCaps>::adopt(gst_pad_get_current_caps(pad));
    post([this, name, codec = codec_of(caps.get())] {
      codecs_[name] = codec;
      events_.changed();
    });
    on_caps(pad, [this, post, name](GstCaps* now) {
      post([this, name, codec = codec_of(now)] {
        const auto known = codecs_.find(name);
        // Viewers were answered with the codec that was: they come back and are answered anew.
        if (known != codecs_.end() && known->second != codec) fail("the camera has changed its codec");
      });
    });
    if (picture == Picture::native || !is_video(pad)) link_track(pad, rtc);
  });
  on_pad_removed(channel, [this, post](GstPad* pad) {
    post([this, name = std::string(GST_PAD_NAME(pad))] {
      codecs_.erase(name);
      events_.changed();
    });
    release_peer(pad);
  });
  on_no_more_pads(channel, [this, post](GstElement*) {
    post([this] {
      tracks_known_ = true;
      events_.changed();
    });
  });
}

std::string Output::codec(bool video) const {
  for (const auto& [name, codec] : codecs_) {
    if (std::string_view(name).starts_with("video") == video) return codec;
  }
  return {};
}

bool Output::carry(Conversion::Target target) {
  if (carries(target)) return true;
  const bool video = Conversion::is_video(target);
  const auto source = make("reallivechannelsrc");
  if (!source) return false;
  const auto to = Ref<GstPad>::adopt(gst_element_request_pad_simple(rtc_.get(), video ? "video_%u" : "audio_%u"));
  if (!to) return false;
  const std::string channel = Conversion::channel_of(stream_, target);
  g_object_set(source->get(), "channel", channel.c_str(), nullptr);
  gst_util_set_object_arg(G_OBJECT(source->get()), "start", video ? "cached" : "now");
  // What will come is known: nobody has to wait with his answer until it has come.
  const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(Conversion::caps_of(target)));
  gst_pad_send_event(to.get(), gst_event_new_stream_start(channel.c_str()));
  gst_pad_send_event(to.get(), gst_event_new_caps(caps.get()));
  on_pad_added(source->get(), [to, video](GstPad* pad) {
    if (is_video(pad) == video && !gst_pad_is_linked(to.get())) gst_pad_link(pad, to.get());
  });
  if (!gst_bin_add(GST_BIN(runner_->element()), source->get())) return false;
  gst_element_sync_state_with_parent(source->get());
  carried_.insert(target);
  return true;
}

void Output::fail(const std::string& sentence) {
  const auto failed = events_.failed;  // it may destroy this
  failed(sentence);
}

bool Output::ready() const {
  gboolean ready = FALSE;
  g_object_get(rtc_.get(), "ready", &ready, nullptr);
  return tracks_known_ && ready;
}

bool Output::empty() const {
  return rtc_->numsinkpads == 0;
}

base::Result<SessionReply> Output::answer(const std::string& offer) {
  auto reply = sessions_->answer(offer);
  if (reply && has_section(offer, "audio")) listeners_.insert(reply->session);
  return reply;
}

bool Output::heard() const {
  return !listeners_.empty();
}

}  // namespace reallive::media
