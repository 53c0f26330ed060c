// Control: how commands tell a running server that users or cameras changed: a socket of mode 0600 in the data
// directory. The server's side lives on the main loop; reload_server() blocks for at most two seconds. It never carries
// data: both sides read the database.
#pragma once

#include <functional>
#include <memory>

#include "app/data_dir.h"
#include "app/main_loop.h"
#include "base/result.h"

namespace reallive::app {

class ControlServer {
 public:
  /// Needs the ServerLock: a socket file that is there already belongs to a server that died.
  static base::Result<std::unique_ptr<ControlServer>> create(const DataDir& data_dir, MainLoop& loop,
                                                             std::function<void()> on_reload);
  virtual ~ControlServer() = default;
};

/// Tells the server of this directory to read users and cameras anew; false when none runs.
bool reload_server(const DataDir& data_dir);

}  // namespace reallive::app
