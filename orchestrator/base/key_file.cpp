#include "base/key_file.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"

namespace reallive::base {

namespace {

constexpr size_t key_bytes = 32;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

// Written under another name first and linked into place, so that a crash or a second program never leaves half a key.
bool make_key_file(const std::filesystem::path& file) {
  std::array<uint8_t, key_bytes> key;
  random_bytes(key);
  const std::filesystem::path fresh = file.string() + "." + random_token(8);
  bool written = false;
  {
    const Descriptor descriptor(open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    written = descriptor.get() >= 0 &&
              write(descriptor.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
              fsync(descriptor.get()) == 0;
  }
  const bool placed = written && (link(fresh.c_str(), file.c_str()) == 0 || errno == EEXIST);
  unlink(fresh.c_str());
  // What the key seals will be durable, so the key's name must be.
  const std::filesystem::path place = file.has_parent_path() ? file.parent_path() : ".";
  const Descriptor directory(open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return placed && directory.get() >= 0 && fsync(directory.get()) == 0;
}

}  // namespace

Result<std::vector<uint8_t>> load_or_make_key(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file) && !make_key_file(file))
    return fail("failed", "cannot write the key file " + file.string() + ": " + std::strerror(errno));
  const Descriptor descriptor(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (descriptor.get() < 0 || fstat(descriptor.get(), &info) != 0)
    return fail("failed", "cannot read the key file " + file.string() + ": " + std::strerror(errno));
  if ((info.st_mode & 077) != 0)
    return fail("failed", "others may read the key file " + file.string() + "; run: chmod 600 " + file.string());
  std::vector<uint8_t> key(key_bytes);
  if (read(descriptor.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size()))
    return fail("failed", "the key file " + file.string() + " is too short; put the right one there from a backup");
  return key;
}

}  // namespace reallive::base
