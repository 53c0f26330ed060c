// TempDir: a directory of one test's own, gone with everything in it at the end of the scope.
// Belongs to the test's thread. It never follows links out of itself.
#pragma once

#include <filesystem>

namespace reallive::test {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace reallive::test
