// GET and PUT /api/v1/settings, for those who run this server.
#include <algorithm>
#include <charconv>
#include <utility>

#include "api/context.h"
#include "api/json_output.h"
#include "api/settings_port.h"

namespace reallive::api {
namespace {

base::Json value_json(const std::string& type, const std::vector<std::string>& values) {
  if (type == "list") return strings_json(values);
  const std::string text = values.empty() ? std::string() : values.front();
  if (type == "boolean") return text == "true";
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (type == "integer" && error == std::errc() && end == text.data() + text.size()) return number;
  return text;
}

/// Texts as the file has them; nothing when the value is of another type.
std::optional<std::vector<std::string>> texts_of(const std::string& type, const base::Json& value) {
  if (type == "list") {
    if (value.type() != base::Json::Type::array) return {};
    std::vector<std::string> texts;
    for (size_t i = 0; i < value.size(); ++i) {
      const auto text = value.at(i).as_string();
      if (!text) return {};
      texts.push_back(*text);
    }
    return texts;
  }
  if (type == "boolean" && value.type() == base::Json::Type::boolean)
    return std::vector<std::string>{value == base::Json(true) ? "true" : "false"};
  if (type == "integer" && value.type() == base::Json::Type::integer) return std::vector<std::string>{value.dump()};
  const auto text = value.as_string();
  if (!text || type == "boolean" || type == "integer") return {};
  return std::vector<std::string>{*text};
}

void refuse(const http::Reply& reply, const base::Error& error) {
  if (error.field.empty()) return reply_error(reply, error);
  const int status = error.code == "CONFLICT" ? 409 : 400;
  reply.error(status, error.code, error.message, base::Json::object({{"key", error.field}}));
}

void answer(Context& context, const http::Reply& reply) {
  auto items = base::Json::array();
  for (const Setting& setting : context.deps.settings->settings()) {
    auto json = base::Json::object({{"key", setting.key},
                                    {"value", value_json(setting.type, setting.values)},
                                    {"default", value_json(setting.type, setting.defaults)},
                                    {"origin", setting.origin},
                                    {"type", setting.type},
                                    {"applies", setting.applies},
                                    {"description", setting.description}});
    if (!setting.choices.empty()) json.set("choices", strings_json(setting.choices));
    items.push(json);
  }
  reply(http::Response::json(base::Json::object({{"items", items}})));
}

void change(Context& context, const http::Reply& reply) {
  const http::Request& request = *reply.request();
  if (request.content_type() != "application/json")
    return reply.error(415, "UNSUPPORTED_MEDIA_TYPE", "This address takes application/json.");
  const auto body = base::Json::parse(request.body);
  if (!body || body->type() != base::Json::Type::object)
    return reply.error(400, "VALIDATION_FAILED", "Expected an object of settings, such as {\"log.level\": \"debug\"}.");
  const auto known = context.deps.settings->settings();
  SettingsPort::Changes changes;
  for (const std::string& key : body->keys()) {
    const auto setting =
        std::find_if(known.begin(), known.end(), [&key](const Setting& one) { return one.key == key; });
    if (setting == known.end())
      return refuse(reply, {"VALIDATION_FAILED", key.substr(0, 80) + ": there is no such setting.", key.substr(0, 80)});
    const base::Json value = body->get(key);
    if (value.is_null()) {
      changes[key] = std::nullopt;
      continue;
    }
    auto texts = texts_of(setting->type, value);
    if (!texts)
      return refuse(reply, {"VALIDATION_FAILED", key + ": expected a value of type " + setting->type + ".", key});
    changes[key] = std::move(*texts);
  }
  if (auto done = context.deps.settings->change(changes); !done) return refuse(reply, done.error());
  answer(context, reply);
}

}  // namespace

void install_settings(http::Router& router, Context& context) {
  if (!context.deps.settings) return;
  const auto for_owners = [&context](void (*then)(Context&, const http::Reply&)) {
    return [&context, then](const http::RequestPtr&, const http::Reply& reply) {
      context.require(reply, [&context, reply, then](const auth::Principal& principal) {
        if (const auto refusal = access_error(auth::can_manage_users(principal))) return reply_error(reply, *refusal);
        // They are the whole server's, so they are for those who run it and not for every tenant's admin.
        if (principal.organization_id != auth::default_organization)
          return reply.error(403, "AUTH_INSUFFICIENT_PERMISSIONS", "Settings are for the admins of this server.");
        then(context, reply);
      });
    };
  };
  router.add("GET", "/api/v1/settings", for_owners(answer));
  router.add("PUT", "/api/v1/settings", for_owners(change));
}

}  // namespace reallive::api
