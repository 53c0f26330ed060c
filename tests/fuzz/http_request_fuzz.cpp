// What a client's first lines may hold: target, query, Authorization, entity tags, listening addresses. The input is
// cut at line ends: target, Authorization, If-Match, the rest.
#include <cassert>
#include <cstdint>
#include <string_view>

#include "auth/authorization.h"
#include "http/listen_address.h"
#include "http/router.h"
#include "signaling/ice_fragment.h"

using namespace reallive;

namespace {

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

const http::Router& router() {
  static const http::Router routes = [] {
    http::Router made;
    const auto handler = [](const http::RequestPtr& request, const http::Reply& reply) {
      for (const auto& [name, value] : request->params)
        assert(!value.empty() && value != ".." && value.find('\0') == std::string::npos);
      reply(http::Response::empty(200));
    };
    made.add("GET", "/api/v1/cameras/{id}", handler);
    made.add("GET", "/whep/{stream}/{session}", handler);
    return made;
  }();
  return routes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view target = take_line(rest);
  const std::string_view authorization = take_line(rest);
  const std::string_view if_match = take_line(rest);

  const size_t question = target.find('?');
  auto segments = http::split_path(target.substr(0, question));
  const auto query = http::parse_query(question == std::string_view::npos ? "" : target.substr(question + 1));
  if (segments && query) {
    const auto request = std::make_shared<http::Request>();
    request->method = "GET";
    request->path = target.substr(0, question);
    for (const std::string& segment : *segments)
      assert(http::percent_decode(http::percent_encode(segment)) == segment);
    request->segments = std::move(*segments);
    request->query = *query;
    int answers = 0;
    router().dispatch(request, http::Reply(request, [&](const http::Response&) { ++answers; }));
    assert(answers == 1);
  }

  const auth::Authorization parsed = auth::parse_authorization(authorization);
  assert(parsed.kind == auth::Authorization::Kind::password || (parsed.username.empty() && parsed.password.empty()));
  assert(parsed.kind == auth::Authorization::Kind::bearer || parsed.token.empty());
  http::etag_matches(if_match, "\"tag\"", false);
  http::etag_matches(if_match, "\"tag\"", true);
  if (const auto address = http::parse_listen_address(if_match); address && *address) {
    assert((*address)->host.size() <= 45);
  }
  if (const auto fragment = signaling::parse_ice_fragment(rest)) {
    assert(fragment->ufrag.size() <= 256 && fragment->password.size() <= 256);
  }
  return 0;
}
