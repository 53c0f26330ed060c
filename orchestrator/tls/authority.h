// Authority: this server's own certificate authority, made once and kept in its data directory, and the certificates
// that it issues for the server's names. Any thread, one at a time. It never leaves the machine's owner's hands: the
// key has mode 0600, may sign for servers only, and signs nothing but leaves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "tls/identity.h"

namespace reallive::tls {

/// Apple refuses leaves that are good for longer than 398 days.
inline constexpr int leaf_days = 397;
/// A leaf is renewed this long before its end.
inline constexpr int renewal_days = 30;

class Authority {
 public:
  /// Reads `ca.crt` and `ca.key` of `directory`, or makes both (EC P-256) where neither is. Codes `authority`,
  /// `certificate`: one of them is missing or broken; nothing is written over.
  static base::Result<std::unique_ptr<Authority>> open(const std::filesystem::path& directory, int64_t now_s);
  ~Authority();

  /// What people install on their devices.
  const std::string& certificate_pem() const;

  /// A leaf with a key of its own (EC P-256) for these names and addresses (as text), good for `leaf_days`.
  base::Result<Identity> issue(const std::vector<std::string>& names, const std::vector<std::string>& addresses,
                               int64_t now_s) const;
  /// Whether this authority signed the first certificate of `identity`.
  bool issued(const Identity& identity) const;

 private:
  struct Secret;
  explicit Authority(std::unique_ptr<Secret> secret);
  std::unique_ptr<Secret> secret_;
};

/// Writes a file of mode 0600 (or `mode`) as a whole or not at all. Code `file`.
base::Result<void> write_file(const std::filesystem::path& file, const std::string& text, unsigned mode = 0600);
/// Code `file`; at most 1 MiB.
base::Result<std::string> read_file(const std::filesystem::path& file);

}  // namespace reallive::tls
