#include "rtc/receive/rtcp_batch.h"

namespace reallive::rtc {

void RtcpBatch::add(Bytes packets) {
  while (packets.size() >= 4) {
    const size_t size = (size_t{read_u16(packets.data() + 2)} + 1) * 4;
    if (size > packets.size()) return;
    if (!pending_.empty() && pending_.size() + size > kLargest) flush();
    if (pending_.empty()) pending_ = prefix_;
    append_bytes(pending_, packets.first(size));
    packets = packets.subspan(size);
  }
}

void RtcpBatch::flush() {
  if (!pending_.empty()) send_(pending_);
  pending_.clear();
}

}  // namespace reallive::rtc
