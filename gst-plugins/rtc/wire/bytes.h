// Big-endian numbers in byte spans: what every parser and writer of this directory reads and writes through.
// Plain functions, usable on any thread. They never check bounds by themselves except where they say so.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace reallive::rtc {

using Bytes = std::span<const uint8_t>;
using Buffer = std::vector<uint8_t>;

inline uint16_t read_u16(const uint8_t* p) {
  return static_cast<uint16_t>(p[0] << 8 | p[1]);
}
inline uint32_t read_u24(const uint8_t* p) {
  return uint32_t{p[0]} << 16 | uint32_t{p[1]} << 8 | p[2];
}
inline uint32_t read_u32(const uint8_t* p) {
  return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3];
}
inline uint64_t read_u64(const uint8_t* p) {
  return uint64_t{read_u32(p)} << 32 | read_u32(p + 4);
}

inline void put_u16(uint8_t* p, uint16_t value) {
  p[0] = static_cast<uint8_t>(value >> 8);
  p[1] = static_cast<uint8_t>(value);
}
inline void put_u24(uint8_t* p, uint32_t value) {
  p[0] = static_cast<uint8_t>(value >> 16);
  put_u16(p + 1, static_cast<uint16_t>(value));
}
inline void put_u32(uint8_t* p, uint32_t value) {
  put_u16(p, static_cast<uint16_t>(value >> 16));
  put_u16(p + 2, static_cast<uint16_t>(value));
}
inline void put_u64(uint8_t* p, uint64_t value) {
  put_u32(p, static_cast<uint32_t>(value >> 32));
  put_u32(p + 4, static_cast<uint32_t>(value));
}

inline void append_u8(Buffer& out, uint8_t value) {
  out.push_back(value);
}
inline void append_u16(Buffer& out, uint16_t value) {
  out.resize(out.size() + 2);
  put_u16(out.data() + out.size() - 2, value);
}
inline void append_u24(Buffer& out, uint32_t value) {
  out.resize(out.size() + 3);
  put_u24(out.data() + out.size() - 3, value);
}
inline void append_u32(Buffer& out, uint32_t value) {
  out.resize(out.size() + 4);
  put_u32(out.data() + out.size() - 4, value);
}
inline void append_u64(Buffer& out, uint64_t value) {
  out.resize(out.size() + 8);
  put_u64(out.data() + out.size() - 8, value);
}
inline void append_bytes(Buffer& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace reallive::rtc
