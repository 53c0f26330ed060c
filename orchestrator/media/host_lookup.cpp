#include "media/host_lookup.h"

#include <gio/gio.h>
#include <utility>

#include "base/interfaces.h"
#include "common/guard.h"

namespace reallive::media {

namespace {

constexpr std::chrono::milliseconds kLimit{5'000};

using Addresses = std::vector<std::string>;

/// Those that are allowed; the first refusal when none is.
base::Result<Addresses> checked(const std::vector<base::IpAddress>& all, const pipeline::AddressRule& rule) {
  Addresses allowed;
  base::Result<void> refusal;
  const auto own = base::own_addresses();
  for (const base::IpAddress& address : all) {
    if (auto fine = rule.check(address, own)) {
      allowed.push_back(address.to_string());
    } else if (refusal) {
      refusal = std::move(fine);
    }
  }
  if (allowed.empty() && !refusal) return tl::unexpected(refusal.error());
  return allowed;
}

struct Asked {
  std::function<void(Mailbox::Function)> post;
  std::function<void(base::Result<std::vector<base::IpAddress>>)> answer;
};

void on_resolved(GObject* resolver, GAsyncResult* result, gpointer data) {
  const std::unique_ptr<Asked> asked(static_cast<Asked*>(data));
  guard([&] {
    GError* raw = nullptr;
    GList* const list = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &raw);
    const GErrorPtr error(raw);
    std::vector<base::IpAddress> all;
    for (const GList* entry = list; entry; entry = entry->next) {
      const CString text(g_inet_address_to_string(G_INET_ADDRESS(entry->data)));
      if (const auto address = pipeline::parse_address(text.get())) all.push_back(*address);
    }
    g_resolver_free_addresses(list);
    asked->post([answer = asked->answer, all] { answer(all); });
  });
}

}  // namespace

HostLookup::HostLookup(const std::string& host, const pipeline::AddressRule& rule, Done done)
    : host_(host), rule_(rule), done_(std::move(done)), cancel_(Ref<GCancellable>::adopt(g_cancellable_new())) {
  const auto answer = [this](const base::Result<std::vector<base::IpAddress>>& found) {
    if (!found || found->empty()) return finish(base::fail("unreachable", "no host is called " + host_));
    finish(checked(*found, rule_));
  };
  if (const auto address = pipeline::parse_address(host)) {
    mailbox_.post([answer, address] { answer(std::vector{*address}); });
    return;
  }
  limit_.start(kLimit, [this] { finish(base::fail("unreachable", "the address of " + host_ + " is not known yet")); });
  const auto resolver = Ref<GResolver>::adopt(g_resolver_get_default());
  g_resolver_lookup_by_name_async(resolver.get(), host.c_str(), cancel_.get(), &on_resolved,
                                  new Asked{mailbox_.poster(), answer});
}

HostLookup::~HostLookup() {
  g_cancellable_cancel(cancel_.get());
}

void HostLookup::finish(base::Result<Addresses> result) {
  if (!done_) return;
  limit_.cancel();
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));  // may end this
}

}  // namespace reallive::media
