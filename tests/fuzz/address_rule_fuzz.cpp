// What stands in sources.allow and as a camera's host: a network in the first line, an address in the second.
#include <cassert>
#include <cstdint>
#include <string_view>

#include "pipeline/address_rule.h"

using namespace reallive;
using namespace reallive::pipeline;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = text.find('\n');
  const std::string_view named = text.substr(0, end);
  const auto network = base::Network::parse(named);
  const auto address = parse_address(end == text.npos ? std::string_view() : text.substr(end + 1));
  if (network) {
    const auto inside = base::IpAddress::parse(named.substr(0, named.find('/')));
    assert(inside && network->contains(*inside));
    assert(AddressRule({*network}).check(*inside, {*inside}));
  }
  if (address) {
    const auto again = parse_address(address->to_string());
    assert(again && *again == *address);
    const bool allowed = AddressRule().check(*address, {}).has_value();
    assert(allowed || address->bytes()[0] == 0 || address->bytes()[0] >= 0x20);
    assert(!AddressRule().check(*address, {*address}));
    if (network && network->contains(*address)) assert(AddressRule({*network}).check(*address, {*address}));
  }
  return 0;
}
