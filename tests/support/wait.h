// Waiting for conditions instead of for time: polls a predicate until it holds or the limit is over.
// Also counts this process's threads and descriptors, for leak checks. Any thread.
#pragma once

#include <chrono>
#include <functional>

namespace reallive::test {

/// True as soon as `condition` holds; false when `limit` is over. Polls every 2 ms.
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = std::chrono::seconds(10));

int open_descriptors();
int live_threads();
/// Bytes of resident memory of a process (0: this one), from /proc/PID/statm.
size_t resident_bytes(int pid = 0);

}  // namespace reallive::test
