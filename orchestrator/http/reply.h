// Reply: the one answer to a request. A handler may answer at once, or keep the Reply and answer later.
// Lives on the main loop's thread, like the server; copies share one answer and only the first counts.
// It never leaves a client waiting: when the last copy goes without an answer, the client gets 500.
#pragma once

#include <functional>
#include <memory>

#include "http/message.h"

namespace reallive::http {

class Reply {
 public:
  /// `sink` is called exactly once, within the call that answers.
  Reply(RequestPtr request, std::function<void(Response)> sink);

  /// Sends. Nothing happens when an answer was given before or when the client has gone.
  void operator()(Response response) const;
  /// In the form of all errors, with this request's id.
  void error(int status, std::string_view code, std::string_view message, const base::Json& details = nullptr) const;

  const RequestPtr& request() const;
  bool answered() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

using Handler = std::function<void(const RequestPtr&, const Reply&)>;

}  // namespace reallive::http
