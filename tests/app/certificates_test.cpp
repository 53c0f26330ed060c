#include "app/certificates.h"

#include <gtest/gtest.h>

#include "support/manual_clock.h"
#include "support/temp_dir.h"
#include "tls/identity.h"

namespace reallive::app {
namespace {

using std::chrono::hours;

int64_t seconds_of(const base::Clock& clock) {
  return std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch()).count();
}

TEST(Certificates, AreIssuedAnewInTheRunningServerBeforeTheyEnd) {
  const test::TempDir dir;
  test::ManualClock clock;
  MainLoop loop;
  int delivered = 0;
  Certificates certificates(dir / "tls", loop, clock, [&](std::shared_ptr<tls::Context> context) {
    EXPECT_TRUE(context);
    ++delivered;
    if (delivered > 1) loop.quit();
  });
  const auto days_left = [&] {
    const tls::Identity served{*tls::read_file(dir / "tls/server.crt"), *tls::read_file(dir / "tls/server.key")};
    const auto details = tls::check_identity(served, seconds_of(clock));
    EXPECT_TRUE(details) << details.error().message;
    return details ? (details->not_after - seconds_of(clock)) / (24 * 3600) : 0;
  };
  auto prepared = certificates.prepare({});
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_EQ(delivered, 0);
  certificates.use(std::move(*prepared));
  ASSERT_EQ(delivered, 1);
  const std::string authority = certificates.authority_pem();
  EXPECT_GE(days_left(), 396);
  clock.advance(hours(24 * 366));
  certificates.refresh();
  EXPECT_EQ(delivered, 1) << "there are thirty-one days yet";
  clock.advance(hours(24 * 2));
  const auto limit = loop.post_after(std::chrono::seconds(60), [&] { loop.quit(); });
  loop.run();  // it looks by itself
  loop.cancel(limit);
  EXPECT_EQ(delivered, 2);
  EXPECT_GE(days_left(), 396);
  EXPECT_EQ(certificates.authority_pem(), authority) << "nobody has to trust anew";
}

}  // namespace
}  // namespace reallive::app
