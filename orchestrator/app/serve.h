// Serve: `reallive serve`: opens the data directory, builds the server from its modules and runs the main loop.
// The main thread. It never returns before every session has been said goodbye to, or after three seconds.
#pragma once

#include "app/command.h"

namespace reallive::app {

/// The exit code. Prints one line for each address it got, `listening http 127.0.0.1:8080`.
int serve(const CommonOptions& options);

}  // namespace reallive::app
