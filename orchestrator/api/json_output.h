// JsonOutput: forms that answers share. Pure functions; any thread.
// They never leave anything out.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace reallive::api {

/// Null for an empty text.
base::Json text_or_null(const std::string& text);
/// An array of texts.
base::Json strings_json(const std::vector<std::string>& texts);

}  // namespace reallive::api
