#include "app/data_dir.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace reallive::app {

using base::fail;
using base::Result;

Result<DataDir> DataDir::open(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return fail("data-dir", path.string() + ": " + error.message());
  std::filesystem::create_directories(absolute.parent_path(), error);
  if (error) return fail("data-dir", "cannot make " + absolute.parent_path().string() + ": " + error.message());
  if (mkdir(absolute.c_str(), 0700) != 0 && errno != EEXIST)
    return fail("data-dir", "cannot make " + absolute.string() + ": " + std::strerror(errno));
  if (!std::filesystem::is_directory(absolute, error)) return fail("data-dir", absolute.string() + " is no directory");
  if (access(absolute.c_str(), R_OK | W_OK | X_OK) != 0)
    return fail("data-dir", "cannot write to " + absolute.string() + ": " + std::strerror(errno));
  return DataDir(absolute);
}

bool DataDir::is_open_to_others() const {
  struct stat info {};
  return stat(path_.c_str(), &info) == 0 && (info.st_mode & 077) != 0;
}

Result<ServerLock> ServerLock::take(const DataDir& data_dir) {
  const std::filesystem::path file = data_dir.path() / "lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail("data-dir", "cannot open " + file.string() + ": " + std::strerror(errno));
  ServerLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    char text[32] = {};
    const ssize_t got = pread(descriptor, text, sizeof text - 1, 0);
    const std::string process(text, static_cast<size_t>(got > 0 ? got : 0));
    return fail("in-use", "another server (process " + process + ") uses " + data_dir.path().string() +
                              "; stop it first, or give this one a directory of its own with --data");
  }
  const std::string process = std::to_string(getpid());
  if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, process.data(), process.size(), 0) < 0)
    return fail("data-dir", "cannot write " + file.string() + ": " + std::strerror(errno));
  return lock;
}

ServerLock::ServerLock(ServerLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
ServerLock::~ServerLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace reallive::app
