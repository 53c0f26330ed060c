#include "auth/authenticator.h"

#include <algorithm>
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
  return tl::unexpected(
      base::Error{"RATE_LIMIT_EXCEEDED", "too many passwords are being checked; try again in a few seconds", {}, 2});
}
tl::unexpected<base::Error> has_to_wait(std::chrono::seconds wait) {
  return tl::unexpected(base::Error{"RATE_LIMIT_EXCEEDED",
                                    "too many wrong passwords; try again in " + std::to_string(wait.count()) + " s",
                                    {},
                                    wait.count()});
}

constexpr std::array<std::string_view, 4> use_names = {"view", "publish", "events", "snapshot"};

class AuthenticatorImpl final : public Authenticator {
 public:
  AuthenticatorImpl(const Config& config, TokenKey key, Users& users, Logins& logins, base::Executor& executor,
                    const base::Clock& clock)
      : config_(config),
        token_life_(config.token_life),
        key_(std::move(key)),
        users_(users),
        logins_(logins),
        executor_(executor),
        clock_(clock),
        throttle_(config.throttle, clock),
        workers_("rl-password", config.workers, config.queue) {
    base::random_bytes(memory_key_);
    // A valid setting whose hash nobody knows: checking it takes as long as checking a real one.
    const std::string cost = std::to_string(config.bcrypt_cost);
    nobodys_hash_ =
        "$2b$" + std::string(cost.size() < 2 ? "0" : "") + cost + "$" + std::string(22, '.') + std::string(31, 'x');
  }

  void set_token_life(std::chrono::seconds life) override { token_life_ = life; }

  void authenticate(const Authorization& authorization, std::string_view address, PrincipalCallback done) override {
    switch (authorization.kind) {
      case Authorization::Kind::password:
        return verify_password(authorization.username, authorization.password, address, std::move(done));
      case Authorization::Kind::bearer:
        return later(std::move(done), verify_token(authorization.token));
      case Authorization::Kind::none:
        return later(std::move(done), fail("AUTH_TOKEN_MISSING", "log in first"));
      case Authorization::Kind::malformed:
        return later(std::move(done), invalid_token());
    }
  }

  void verify_password(std::string_view username, std::string_view password, std::string_view address,
                       PrincipalCallback done) override {
    // The address is part of it: who guesses from elsewhere learns nothing of what somebody else has just shown.
    const std::string fingerprint = fingerprint_of(username, password, address_group(address));
    if (const auto known = remembered_.find(fingerprint); known != remembered_.end()) {
      if (known->second.until > clock_.steady()) {
        const auto user = users_.credentials_by_id(known->second.user_id);
        if (user && user->user.is_active && user->version == known->second.version)
          return later(std::move(done), user->principal());
      }
      remembered_.erase(known);
    }
    if (const auto running = checking_.find(fingerprint); running != checking_.end()) {
      running->second.push_back(std::move(done));
      return;
    }
    const auto wait = throttle_.begin(username, address);
    if (wait.count() > 0) return later(std::move(done), has_to_wait(wait));
    auto found = users_.credentials(username);
    if (!found && found.error().code != "USER_NOT_FOUND") return later(std::move(done), tl::unexpected(found.error()));
    const bool known = found && found->user.is_active;
    auto secret = std::make_shared<const Secret>(password);
    Check check{fingerprint, std::string(username), std::string(address), known ? found->user.id : "",
                known ? found->version : 0};
    const bool queued = workers_.submit([this, secret, known, hash = known ? found->password_hash : nobodys_hash_,
                                         check, alive = std::weak_ptr<const int>(alive_)]() mutable {
      const bool right = check_password(secret->text(), hash) && known;
      secret.reset();
      executor_.post([this, check, right, alive] {
        if (!alive.expired()) checked(check, right);
      });
    });
    if (!queued) {
      throttle_.not_tried(username, address);
      return later(std::move(done), busy());
    }
    ++passwords_checked_;
    checking_[fingerprint].push_back(std::move(done));
  }

  Result<Principal> verify_token(std::string_view token) override {
    const auto claims = key_.verify(token, Audience::login, clock_.now());
    if (!claims || claims->login_id.empty()) return invalid_token();
    return present(claims->user_id, claims->version, claims->login_id);
  }

  Result<Principal> verify_again(const Principal& principal) override {
    return present(principal.user_id, principal.version, principal.login_id);
  }

  Result<OpenLogin> open_login(const Principal& principal, Delivery delivery) override {
    auto login = logins_.start(principal.user_id, principal.version, delivery);
    if (!login && login.error().code == "foreign-key") return invalid_token();  // removed meanwhile
    if (!login) return tl::unexpected(login.error());
    Principal logged_in = principal;
    logged_in.login_id = login->id;
    return with_token(std::move(logged_in), std::move(*login));
  }

  Result<OpenLogin> refresh(std::string_view refresh_token) override {
    auto login = logins_.rotate(refresh_token);
    if (!login) return tl::unexpected(login.error());
    auto principal = present(login->user_id, login->version, login->id);
    if (!principal) return tl::unexpected(principal.error());
    return with_token(std::move(*principal), std::move(*login));
  }

  Result<IssuedToken> issue_stream_token(const Principal& principal, std::string_view stream, StreamUse use) override {
    Claims claims = claims_of(principal, config_.stream_token_life);
    claims.audience = Audience::stream;
    claims.stream = stream;
    claims.use = use_names[static_cast<size_t>(use)];
    return sign(claims);
  }

  Result<StreamAccess> verify_stream_token(std::string_view token) override {
    const auto claims = key_.verify(token, Audience::stream, clock_.now());
    if (!claims) return invalid_token();
    const auto use = std::find(use_names.begin(), use_names.end(), claims->use);
    if (use == use_names.end()) return invalid_token();
    auto principal = present(claims->user_id, claims->version, claims->login_id);
    if (!principal) return tl::unexpected(principal.error());
    return StreamAccess{std::move(*principal), claims->stream, static_cast<StreamUse>(use - use_names.begin())};
  }

  void hash_new_password(std::string_view password, std::string_view username, HashCallback done) override {
    const auto alive = std::weak_ptr<const int>(alive_);
    const auto answer = [this, alive, done](Result<std::string> result) {
      executor_.post([alive, done, result = std::move(result)] {
        if (!alive.expired()) done(result);
      });
    };
    const auto secret = std::make_shared<const Secret>(password);
    const bool queued = workers_.submit([secret, answer, name = std::string(username), cost = config_.bcrypt_cost] {
      if (auto checked = check_password_rule(secret->text(), name); !checked)
        return answer(tl::unexpected(checked.error()));
      answer(hash_password(secret->text(), cost));
    });
    if (!queued) answer(busy());
  }

  uint64_t passwords_checked() const override { return passwords_checked_; }

 private:
  struct Remembered {
    std::string user_id;
    int64_t version;
    std::chrono::milliseconds until;
  };

  struct Check {
    std::string fingerprint, username, address;
    std::string user_id;
    int64_t version;
  };

  // Who this is by now, if a token of that version and login still counts.
  Result<Principal> present(const std::string& user_id, int64_t version, const std::string& login_id) {
    const auto found = users_.credentials_by_id(user_id);
    if (!found) {
      if (found.error().code == "USER_NOT_FOUND") return invalid_token();
      return tl::unexpected(found.error());
    }
    if (!found->user.is_active || found->version != version) return invalid_token();
    Principal principal = found->principal();
    if (login_id.empty()) return principal;
    const auto login = logins_.find(login_id);
    if (!login) return tl::unexpected(login.error());
    if (login->user_id != user_id) return invalid_token();
    principal.login_id = login_id;
    return principal;
  }

  Claims claims_of(const Principal& principal, std::chrono::seconds life) const {
    Claims claims;
    claims.user_id = principal.user_id;
    claims.username = principal.username;
    claims.role = to_string(principal.role);
    claims.organization_id = principal.organization_id;
    claims.login_id = principal.login_id;
    claims.version = principal.version;
    claims.issued_at = clock_.now();
    claims.expires_at = claims.issued_at + life;
    return claims;
  }

  Result<IssuedToken> sign(const Claims& claims) const {
    auto token = key_.sign(claims);
    if (!token) return tl::unexpected(token.error());
    return IssuedToken{std::move(*token), claims.expires_at};
  }

  Result<OpenLogin> with_token(Principal principal, Login login) const {
    auto token = sign(claims_of(principal, token_life_));
    if (!token) return tl::unexpected(token.error());
    return OpenLogin{std::move(principal), std::move(*token), std::move(login.refresh_token), login.delivery};
  }

  void later(PrincipalCallback done, Result<Principal> result) {
    executor_.post([alive = std::weak_ptr<const int>(alive_), done = std::move(done), result = std::move(result)] {
      if (!alive.expired()) done(result);
    });
  }

  // HMAC-SHA256 under a key of this process: what is remembered is of no use to anybody who reads the memory later.
  std::string fingerprint_of(std::string_view username, std::string_view password, const std::string& address) const {
    Secret text(address + '\0' + std::string(username) + '\0' + std::string(password));
    std::array<uint8_t, 32> digest{};
    unsigned length = 0;
    HMAC(EVP_sha256(), memory_key_.data(), static_cast<int>(memory_key_.size()),
         reinterpret_cast<const unsigned char*>(text.text().data()), text.text().size(), digest.data(), &length);
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
  }

  void checked(const Check& check, bool right) {
    Result<Principal> result = wrong_credentials();
    if (right) {
      throttle_.succeeded(check.username, check.address);
      // Looked up again: the account may have changed while bcrypt ran.
      const auto found = users_.credentials_by_id(check.user_id);
      if (found && found->user.is_active && found->version == check.version) {
        remember(check.fingerprint, {check.user_id, check.version, clock_.steady() + config_.remember_password});
        result = found->principal();
      }
    }
    const auto waiting = checking_.extract(check.fingerprint);
    for (const PrincipalCallback& done : waiting.mapped())
      done(result);
  }

  void remember(const std::string& fingerprint, Remembered entry) {
    std::erase_if(remembered_, [now = clock_.steady()](const auto& item) { return item.second.until <= now; });
    if (remembered_.size() < most_remembered) remembered_[fingerprint] = std::move(entry);
  }

  const Config config_;
  std::chrono::seconds token_life_;
  const TokenKey key_;
  Users& users_;
  Logins& logins_;
  base::Executor& executor_;
  const base::Clock& clock_;
  Throttle throttle_;
  uint64_t passwords_checked_ = 0;
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
                                                             Logins& logins, base::Executor& executor,
                                                             const base::Clock& clock) {
  auto key = TokenKey::load_or_make(data_dir / "jwt.key");
  if (!key) return tl::unexpected(key.error());
  return std::make_unique<AuthenticatorImpl>(config, std::move(*key), users, logins, executor, clock);
}

}  // namespace reallive::auth
