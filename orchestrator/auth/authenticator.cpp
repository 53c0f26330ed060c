#include "auth/authenticator.h"

#include <array>
#include <map>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <utility>
#include <vector>

#include "auth/password.h"
#include "auth/token_key.h"
#include "base/id.h"
#include "base/worker_pool.h"

namespace reallive::auth {

using base::fail;
using base::Result;

namespace {

constexpr size_t most_remembered = 1024;

// A password on its way to a worker; wiped when the last holder is done.
class Secret {
 public:
  explicit Secret(std::string_view text) : text_(text) {}
  ~Secret() { OPENSSL_cleanse(text_.data(), text_.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

tl::unexpected<base::Error> wrong_credentials() {
  return fail("AUTH_CREDENTIALS_INVALID", "the user name or the password is wrong");
}
tl::unexpected<base::Error> invalid_token() {
  return fail("AUTH_TOKEN_INVALID", "the token is invalid or has expired; log in again");
}
tl::unexpected<base::Error> busy() {
  return fail("RATE_LIMIT_EXCEEDED", "too many passwords are being checked; try again in a few seconds");
}

class AuthenticatorImpl final : public Authenticator {
 public:
  AuthenticatorImpl(const Config& config, TokenKey key, Users& users, base::Executor& executor,
                    const base::Clock& clock)
      : config_(config),
        key_(std::move(key)),
        users_(users),
        executor_(executor),
        clock_(clock),
        workers_("rl-password", config.workers, config.queue) {
    base::random_bytes(memory_key_);
    // A valid setting whose hash nobody knows: checking it takes as long as checking a real one.
    const std::string cost = std::to_string(config.bcrypt_cost);
    nobodys_hash_ =
        "$2b$" + std::string(cost.size() < 2 ? "0" : "") + cost + "$" + std::string(22, '.') + std::string(31, 'x');
  }

  void authenticate(const Authorization& authorization, PrincipalCallback done) override {
    switch (authorization.kind) {
      case Authorization::Kind::password:
        return verify_password(authorization.username, authorization.password, std::move(done));
      case Authorization::Kind::bearer:
        return later(std::move(done), verify_token(authorization.token));
      case Authorization::Kind::none:
        return later(std::move(done), fail("AUTH_TOKEN_MISSING", "log in first"));
      case Authorization::Kind::malformed:
        return later(std::move(done), invalid_token());
    }
  }

  void verify_password(std::string_view username, std::string_view password, PrincipalCallback done) override {
    const std::string fingerprint = fingerprint_of(username, password);
    if (const auto known = remembered_.find(fingerprint); known != remembered_.end()) {
      if (known->second.until > clock_.steady()) {
        const auto user = users_.credentials_by_id(known->second.user_id);
        if (user && user->user.is_active && user->version == known->second.version)
          return later(std::move(done), user->user.principal());
      }
      remembered_.erase(known);
    }
    if (const auto running = checking_.find(fingerprint); running != checking_.end()) {
      running->second.push_back(std::move(done));
      return;
    }
    auto found = users_.credentials(username);
    if (!found && found.error().code != "USER_NOT_FOUND") return later(std::move(done), tl::unexpected(found.error()));
    const bool known = found && found->user.is_active;
    auto secret = std::make_shared<const Secret>(password);
    const bool queued =
        workers_.submit([this, secret, fingerprint, known, hash = known ? found->password_hash : nobodys_hash_,
                         user_id = known ? found->user.id : "", version = known ? found->version : 0,
                         alive = std::weak_ptr<const int>(alive_)]() mutable {
          const bool right = check_password(secret->text(), hash) && known;
          secret.reset();
          executor_.post([this, fingerprint, right, user_id, version, alive] {
            if (!alive.expired()) checked(fingerprint, right, user_id, version);
          });
        });
    if (!queued) return later(std::move(done), busy());
    checking_[fingerprint].push_back(std::move(done));
  }

  Result<Principal> verify_token(std::string_view token) override {
    const auto claims = key_.verify(token, clock_.now());
    if (!claims) return invalid_token();
    const auto found = users_.credentials_by_id(claims->user_id);
    if (!found) {
      if (found.error().code == "USER_NOT_FOUND") return invalid_token();
      return tl::unexpected(found.error());
    }
    if (!found->user.is_active || found->version != claims->version) return invalid_token();
    return found->user.principal();
  }

  Result<IssuedToken> issue_token(const Principal& principal) override {
    const auto found = users_.credentials_by_id(principal.user_id);
    if (!found) return tl::unexpected(found.error());
    const base::Time now = clock_.now();
    auto token = key_.sign({principal.user_id, principal.username, std::string(to_string(principal.role)),
                            principal.organization_id, found->version, now, now + config_.token_life});
    if (!token) return tl::unexpected(token.error());
    return IssuedToken{std::move(*token), config_.token_life.count()};
  }

  void hash_new_password(std::string_view password, std::string_view username, HashCallback done) override {
    const auto alive = std::weak_ptr<const int>(alive_);
    const auto answer = [this, alive, done](Result<std::string> result) {
      executor_.post([alive, done, result = std::move(result)] {
        if (!alive.expired()) done(result);
      });
    };
    if (auto checked = check_password_rule(password, username); !checked)
      return answer(tl::unexpected(checked.error()));
    const auto secret = std::make_shared<const Secret>(password);
    if (!workers_.submit([secret, answer, cost = config_.bcrypt_cost] { answer(hash_password(secret->text(), cost)); }))
      answer(busy());
  }

 private:
  struct Remembered {
    std::string user_id;
    int64_t version;
    std::chrono::milliseconds until;
  };

  void later(PrincipalCallback done, Result<Principal> result) {
    executor_.post([alive = std::weak_ptr<const int>(alive_), done = std::move(done), result = std::move(result)] {
      if (!alive.expired()) done(result);
    });
  }

  // HMAC-SHA256 under a key of this process: what is remembered is of no use to anybody who reads the memory later.
  std::string fingerprint_of(std::string_view username, std::string_view password) const {
    Secret text(std::string(username) + '\0' + std::string(password));
    std::array<uint8_t, 32> digest{};
    unsigned length = 0;
    HMAC(EVP_sha256(), memory_key_.data(), static_cast<int>(memory_key_.size()),
         reinterpret_cast<const unsigned char*>(text.text().data()), text.text().size(), digest.data(), &length);
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
  }

  void checked(const std::string& fingerprint, bool right, const std::string& user_id, int64_t version) {
    Result<Principal> result = wrong_credentials();
    if (right) {
      // Looked up again: the account may have changed while bcrypt ran.
      const auto found = users_.credentials_by_id(user_id);
      if (found && found->user.is_active && found->version == version) {
        remember(fingerprint, {user_id, version, clock_.steady() + config_.remember_password});
        result = found->user.principal();
      }
    }
    const auto waiting = checking_.extract(fingerprint);
    for (const PrincipalCallback& done : waiting.mapped())
      done(result);
  }

  void remember(const std::string& fingerprint, Remembered entry) {
    std::erase_if(remembered_, [now = clock_.steady()](const auto& item) { return item.second.until <= now; });
    if (remembered_.size() < most_remembered) remembered_[fingerprint] = std::move(entry);
  }

  const Config config_;
  const TokenKey key_;
  Users& users_;
  base::Executor& executor_;
  const base::Clock& clock_;
  std::array<uint8_t, 32> memory_key_{};
  std::string nobodys_hash_;
  std::map<std::string, Remembered> remembered_;                      // by fingerprint
  std::map<std::string, std::vector<PrincipalCallback>> checking_;    // by fingerprint: who waits for the same check
  std::shared_ptr<const int> alive_ = std::make_shared<const int>();  // gone: posted functions do nothing
  base::WorkerPool workers_;                                          // last: ends before what its jobs use
};

}  // namespace

Result<std::unique_ptr<Authenticator>> Authenticator::create(const Config& config,
                                                             const std::filesystem::path& data_dir, Users& users,
                                                             base::Executor& executor, const base::Clock& clock) {
  auto key = TokenKey::load_or_make(data_dir / "jwt.key");
  if (!key) return tl::unexpected(key.error());
  return std::make_unique<AuthenticatorImpl>(config, std::move(*key), users, executor, clock);
}

}  // namespace reallive::auth
