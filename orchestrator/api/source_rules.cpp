#include "api/source_rules.h"

namespace reallive::api {

namespace {

auto refuse(const char* code, std::string message) {
  return tl::unexpected(base::Error{code, std::move(message), "source.url"});
}

}  // namespace

base::Result<void> check_source(const SourceRules& rules, const auth::Principal& principal,
                                const pipeline::CameraSource& source, const std::vector<base::IpAddress>& own) {
  using Kind = pipeline::CameraSource::Kind;
  if (source.kind == Kind::launch) {
    if (principal.role != auth::Role::admin) {
      return refuse("AUTH_INSUFFICIENT_PERMISSIONS",
                    "Only admins may set a launch line: it runs with the server's rights.");
    }
    if (!rules.launch) {
      return refuse("SOURCE_NOT_ALLOWED",
                    "Launch lines are set with `reallive camera`, not here, unless sources.launch is true.");
    }
  }
  if (source.kind == Kind::device && principal.role != auth::Role::admin) {
    return refuse("AUTH_INSUFFICIENT_PERMISSIONS", "Only admins may use the server's own cameras and microphones.");
  }
  if (source.kind == Kind::rtsp) {
    if (const auto address = pipeline::parse_address(source.host)) {
      if (const auto fine = rules.addresses.check(*address, own); !fine) {
        return refuse("SOURCE_NOT_ALLOWED", fine.error().message);
      }
    }
  }
  return {};
}

}  // namespace reallive::api
