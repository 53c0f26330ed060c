// Elements: what every builder of pipelines needs: making an element, parsing a line, hearing of pads, naming codecs.
// Pure functions and signal connections; pads come on the elements' own threads. They never start anything.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "common/ref.h"

namespace reallive::media {

/// Error code `failed`: the element is missing, and the sentence names it.
base::Result<Ref<GstElement>> make(const char* factory, const char* name = nullptr);
/// A pipeline from a line of our own. Error code `failed`.
base::Result<Ref<GstElement>> parse(const std::string& line);

/// A pipeline whose time begins a while ago: what comes out of a channel and is older than the pipeline keeps its time,
/// so that tracks out of several channels stay in step.
Ref<GstElement> make_early_pipeline();

/// Connects `function` for the element's whole life; it is called on the element's threads.
void on_pad_added(GstElement* element, std::function<void(GstPad*)> function);
void on_pad_removed(GstElement* element, std::function<void(GstPad*)> function);
void on_no_more_pads(GstElement* element, std::function<void(GstElement*)> function);

/// Tells `function` of each caps event that passes, on the pad's thread.
void on_caps(GstPad* pad, std::function<void(GstCaps*)> function);

/// As status and statistics name it: `H264 H265 VP8 VP9 AV1 opus AAC PCMA PCMU`, else what the caps say; empty for
/// none.
std::string codec_of(const GstCaps* caps);

/// Whether a session description has an m-line of this kind (`audio`, `video`).
bool has_section(const std::string& sdp, const std::string& media);

}  // namespace reallive::media
