#include "app/store.h"

#include <utility>

namespace reallive::app {

base::Result<std::unique_ptr<Store>> Store::open(DataDir data_dir) {
  auto database = db::Database::open({.file = data_dir.database_file()});
  if (!database) return tl::unexpected(database.error());
  auto secrets = base::SecretBox::load_or_make(data_dir.path() / "secrets.key");
  if (!secrets) return tl::unexpected(secrets.error());
  std::unique_ptr<Store> store(new Store(std::move(data_dir), std::move(*database), std::move(*secrets)));
  if (auto sealed = store->cameras.seal(); !sealed) return tl::unexpected(sealed.error());
  return store;
}

}  // namespace reallive::app
