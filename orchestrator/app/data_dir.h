// DataDir: the directory that holds database, keys and the server's socket, and the lock of the one server on it.
// Used on the main thread. It never loosens or tightens the mode of a directory that it did not make.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace reallive::app {

class DataDir {
 public:
  /// Makes the directory (mode 0700) where it is missing. Code `data-dir`.
  static base::Result<DataDir> open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path database_file() const { return path_ / "reallive.db"; }
  std::filesystem::path control_socket() const { return path_ / "control.sock"; }
  /// Others than the owner may look into it; keys and database have modes of their own.
  bool is_open_to_others() const;

 private:
  explicit DataDir(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// Held while a server uses the directory; the kernel lets it go when the process ends, however it ends.
class ServerLock {
 public:
  /// Code `in-use`; the message names the other server's process.
  static base::Result<ServerLock> take(const DataDir& data_dir);
  ServerLock(ServerLock&& other) noexcept;
  ServerLock& operator=(ServerLock&&) = delete;
  ~ServerLock();

 private:
  explicit ServerLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace reallive::app
