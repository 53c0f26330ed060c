// Cursor: where a page of a list ended, as an opaque text: the sort value and the id of the last item. Pure.
// Any thread. It never carries anything that the reader of the page has not seen.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reallive::catalog {

struct Cursor {
  std::string value, id;
};

std::string write_cursor(const Cursor& cursor);
/// Nothing for texts that write_cursor() did not make.
std::optional<Cursor> read_cursor(std::string_view text);

}  // namespace reallive::catalog
