// Store: the data directory opened for work: database, users, cameras, sessions.
// Made on the main thread, by commands as by the server. It never starts anything.
#pragma once

#include <memory>

#include "app/data_dir.h"
#include "auth/invitations.h"
#include "auth/logins.h"
#include "auth/users.h"
#include "base/result.h"
#include "base/secret_box.h"
#include "base/time.h"
#include "catalog/cameras.h"
#include "catalog/sessions.h"
#include "db/database.h"

namespace reallive::app {

struct Store {
  static base::Result<std::unique_ptr<Store>> open(DataDir data_dir);

  DataDir data_dir;
  std::unique_ptr<db::Database> database;
  const base::SecretBox secrets;
  auth::Users users{*database, base::system_clock()};
  auth::Logins logins{*database, base::system_clock()};
  auth::Invitations invitations{*database, base::system_clock()};
  catalog::Cameras cameras{*database, base::system_clock(), secrets};
  catalog::Sessions sessions{*database, base::system_clock()};

 private:
  Store(DataDir directory, std::unique_ptr<db::Database> opened, base::SecretBox box)
      : data_dir(std::move(directory)), database(std::move(opened)), secrets(std::move(box)) {}
};

}  // namespace reallive::app
