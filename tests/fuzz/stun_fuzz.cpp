// STUN: any datagram, its integrity, and the writers fed with what was parsed.
#include <cassert>

#include "rtc/wire/stun.h"

using namespace reallive::rtc;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto message = stun::parse({data, size});
  if (!message) return 0;
  stun::verify_integrity(*message, "password");
  Buffer error = stun::write_error(message->transaction, 420, "password", message->unknown_types());
  auto parsed = stun::parse(error);
  assert(parsed && parsed->error && stun::verify_integrity(*parsed, "password"));
  if (message->mapped) {
    Buffer response = stun::write_response(message->transaction, *message->mapped, "password");
    parsed = stun::parse(response);
    assert(parsed && parsed->mapped == message->mapped);
  }
  if (!message->username.empty() && message->priority) {
    Buffer request = stun::write_request(
        {message->transaction, message->username, *message->priority, true, 1, message->use_candidate}, "password");
    parsed = stun::parse(request);
    assert(parsed && parsed->username == message->username && stun::verify_integrity(*parsed, "password"));
  }
  return 0;
}
