// reallivechannelsink: writes encoded tracks into a named channel of this process.
// The GType only; what it does is in the source file. Never includes more than GStreamer's core.
#pragma once

#include <gst/gst.h>

GST_ELEMENT_REGISTER_DECLARE(reallivechannelsink)
