#include "http/reply.h"

#include "base/log.h"

namespace reallive::http {

struct Reply::State {
  State(RequestPtr asked, std::function<void(Response)> to) : request(std::move(asked)), sink(std::move(to)) {}
  ~State() {
    if (!sink) return;
    base::log::error("http", "a request was dropped without an answer",
                     {{"request", request->id}, {"path", request->path}});
    sink(error_response(request->id, 500, "INTERNAL_ERROR", "The server did not answer this request."));
  }

  RequestPtr request;
  std::function<void(Response)> sink;  // empty once answered
};

Reply::Reply(RequestPtr request, std::function<void(Response)> sink)
    : state_(std::make_shared<State>(std::move(request), std::move(sink))) {}

void Reply::operator()(Response response) const {
  if (const auto sink = std::exchange(state_->sink, nullptr)) sink(std::move(response));
}

void Reply::error(int status, std::string_view code, std::string_view message, const base::Json& details) const {
  (*this)(error_response(state_->request->id, status, code, message, details));
}

const RequestPtr& Reply::request() const {
  return state_->request;
}

bool Reply::answered() const {
  return !state_->sink;
}

}  // namespace reallive::http
