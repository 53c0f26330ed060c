// What stands in sources.allow and as a camera's host: a network in the first line, an address in the second.
#include <cassert>
#include <cstdint>
#include <string_view>

#include "pipeline/address_rule.h"

using namespace reallive::pipeline;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = text.find('\n');
  const auto network = parse_network(text.substr(0, end));
  const auto address = parse_address(end == text.npos ? std::string_view() : text.substr(end + 1));
  if (network) {
    assert(network->bits <= 128);
    assert(contains(*network, network->address));
    assert(AddressRule({*network}).check(network->address));
  }
  if (address) {
    const auto again = parse_address(to_text(*address));
    assert(again && *again == *address);
    const bool allowed = AddressRule().check(*address).has_value();
    assert(allowed || address->bytes[0] == 0 || address->bytes[0] >= 0x20);
    if (network && contains(*network, *address)) assert(AddressRule({*network}).check(*address));
  }
  return 0;
}
