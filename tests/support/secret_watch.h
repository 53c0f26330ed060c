// SecretWatch: the secrets that a test used, to be looked for in what its server printed. The test's thread.
// Short texts are no secrets: they would be found in anything. It never prints a secret, only where it stands.
#pragma once

#include <algorithm>
#include <set>
#include <string>

namespace reallive::test {

class SecretWatch {
 public:
  void add(const std::string& secret) {
    if (secret.size() >= 8) secrets_.insert(secret);
  }
  /// The line that tells one, with the secret blotted out; empty: none does.
  std::string told_by(const std::string& output) const {
    for (const std::string& secret : secrets_) {
      const size_t at = output.find(secret);
      if (at == std::string::npos) continue;
      const size_t begin = output.rfind('\n', at) + 1, end = std::min(output.find('\n', at), output.size());
      std::string line = output.substr(begin, end - begin);
      return line.replace(at - begin, secret.size(), "[a secret]");
    }
    return {};
  }

 private:
  std::set<std::string> secrets_;
};

}  // namespace reallive::test
