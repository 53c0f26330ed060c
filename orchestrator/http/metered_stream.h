// MeteredStream: a GIOStream around another one that shows a meter what goes through, fails reads that the
// meter refuses, and gives away only so much each turn of the main loop. Main loop's thread, without blocking. The
// library's WebSocket bounds neither a message in pieces nor its own queue; this never keeps bytes itself.
#pragma once

#include <gio/gio.h>
#include <memory>

#include "http/gobject.h"
#include "http/meter.h"

namespace reallive::http {

/// Takes a reference of `base`, whose streams must be pollable, and closes it when it is closed itself.
Object<GIOStream> metered_stream(GIOStream* base, std::shared_ptr<Meter> meter);

}  // namespace reallive::http
