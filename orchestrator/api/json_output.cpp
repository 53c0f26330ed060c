#include "api/json_output.h"

namespace reallive::api {

base::Json text_or_null(const std::string& text) {
  return text.empty() ? base::Json() : base::Json(text);
}

base::Json strings_json(const std::vector<std::string>& texts) {
  auto list = base::Json::array();
  for (const std::string& text : texts)
    list.push(text);
  return list;
}

}  // namespace reallive::api
