// DTLS record headers and the sorting of datagrams.
#include <cassert>

#include "rtc/wire/dtls_record.h"

using namespace reallive::rtc;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes datagram(data, size);
  PacketKind kind = classify(datagram);
  size_t total = 0;
  DtlsRecords records(datagram);
  while (auto record = records.next())
    total += 13 + record->fragment.size();
  assert(total <= size && records.finished() == (total == size));
  assert(!is_client_hello(datagram) || kind == PacketKind::kDtls);
  return 0;
}
