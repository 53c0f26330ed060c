// Runs a fuzz target over its committed corpus, so that what fuzzing once found stays found.
// Each file is also run cut short at every length (at most the first 2048), from a heap block of exactly that size.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void run(const std::vector<char>& bytes, size_t size) {
  auto exact = std::make_unique<uint8_t[]>(size);
  std::copy_n(bytes.begin(), size, exact.get());
  LLVMFuzzerTestOneInput(exact.get(), size);
}

TEST(Corpus, Replays) {
  const char* root = getenv("REALLIVE_SOURCE_ROOT");
  ASSERT_NE(root, nullptr);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(root) + "/tests/fuzz/corpus/" FUZZ_TARGET)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    SCOPED_TRACE(entry.path().filename().string());
    run(bytes, bytes.size());
    for (size_t size = 0; size < std::min<size_t>(bytes.size(), 2048); ++size)
      run(bytes, size);
    ++files;
  }
  EXPECT_GT(files, 0) << "the corpus is empty";
}

}  // namespace
