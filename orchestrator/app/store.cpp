#include "app/store.h"

#include <utility>

namespace reallive::app {

base::Result<std::unique_ptr<Store>> Store::open(DataDir data_dir) {
  auto database = db::Database::open({.file = data_dir.database_file()});
  if (!database) return tl::unexpected(database.error());
  return std::unique_ptr<Store>(new Store(std::move(data_dir), std::move(*database)));
}

}  // namespace reallive::app
