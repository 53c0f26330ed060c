// The element reallivertcsrc: one WebRTC publisher in, encoded video and audio out. A shell around rtc::RtcSource.
// GStreamer's threads enter it; its signals come from a thread of the pool, never from one that receives media.
// It never sees a packet.
#pragma once

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE(reallivertcsrc)
