// RTCP: any datagram; every record that is written again must parse to itself.
#include <cassert>

#include "rtc/wire/rtcp.h"
#include "rtc/wire/twcc.h"

using namespace reallive::rtc;

namespace {

template <typename T>
void check(const T& record) {
  Buffer bytes;
  rtcp::write(bytes, record);
  auto again = rtcp::parse(bytes);
  assert(again && again->size() == 1 && std::holds_alternative<T>(again->front()));
  // NACK entries that repeat a number come back once, zero-padded BYE reasons shorter: compare what is exact.
  if constexpr (!std::is_same_v<T, rtcp::Nack> && !std::is_same_v<T, rtcp::Bye>) {
    assert(std::get<T>(again->front()) == record);
  }
}

/// Times are modulo the 24 bits of the reference, so only what arrived is compared.
void check(const rtcp::TwccFeedback& record) {
  Buffer bytes;
  if (rtcp::write(bytes, record) == record.arrivals.size() && !record.arrivals.empty()) {
    auto again = rtcp::parse(bytes);
    assert(again && std::get<rtcp::TwccFeedback>(again->front()).arrivals.size() == record.arrivals.size());
  }
  TwccRecorder recorder;
  for (const auto& arrival : record.arrivals)
    recorder.record(arrival.sequence, arrival.time_us);
  bytes.clear();
  recorder.build(bytes, 1, 2);
  assert(bytes.empty() || rtcp::parse(bytes));
  assert(!recorder.pending());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 2048) return 0;
  auto records = rtcp::parse({data, size});
  if (!records) return 0;
  for (const auto& record : *records)
    std::visit([](const auto& value) { check(value); }, record);
  return 0;
}
