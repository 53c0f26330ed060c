// What a test says to servers, what secrets it makes, and what servers log, kept for the end of the whole run, where
// tests/run.py searches all logs for all secrets (tests/support/run_secrets.py). Any thread; nothing without a run.
#pragma once

#include <string>

namespace reallive::test {

enum class Record {
  said,    ///< requests, answers, commands: the run picks the secrets out by the names of their fields
  secret,  ///< one that stands under no such name
  log      ///< what a server printed: none of them may be in it
};

/// Adds to the record of this program. A text is cut at 64 KiB, a log is not.
void record(Record kind, std::string text);

}  // namespace reallive::test
