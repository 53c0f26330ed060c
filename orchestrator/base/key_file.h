// KeyFile: 32 random bytes in a file of mode 0600, made at first. Pure but for the file; any thread.
// Two programs that start at the same moment get the same key, and a crash never leaves half of one.
// It never uses a file that others may read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"

namespace reallive::base {

/// Code `failed`; the message names the file and what to do.
Result<std::vector<uint8_t>> load_or_make_key(const std::filesystem::path& file);

}  // namespace reallive::base
