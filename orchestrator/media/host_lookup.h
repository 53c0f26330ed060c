// HostLookup: the addresses of a camera's host, resolved off the main loop and checked against the rule.
// Main loop's thread; going out of scope cancels it, and then nothing is told.
// It never gives an address that the rule forbids, and never calls back inside its constructor.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "common/ref.h"
#include "media/mailbox.h"
#include "pipeline/address_rule.h"

typedef struct _GCancellable GCancellable;

namespace reallive::media {

class HostLookup {
 public:
  /// At least one numeric address, or `not-allowed`, or `unreachable` (no such name, no answer within five seconds).
  using Done = std::function<void(base::Result<std::vector<std::string>>)>;

  HostLookup(const std::string& host, const pipeline::AddressRule& rule, Done done);
  ~HostLookup();
  HostLookup(const HostLookup&) = delete;
  HostLookup& operator=(const HostLookup&) = delete;

 private:
  void finish(base::Result<std::vector<std::string>> result);

  const std::string host_;
  const pipeline::AddressRule rule_;
  Done done_;
  Ref<GCancellable> cancel_;
  Timer limit_;
  Mailbox mailbox_;
};

}  // namespace reallive::media
