// The element reallivertcsink: one encoded stream to any number of WebRTC viewers. A shell around rtc::Stream.
// GStreamer's threads enter it; its signals come from a thread of the pool, never from one that sends media.
// It never sees a packet.
#pragma once

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE(reallivertcsink)
