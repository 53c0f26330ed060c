// StaticFiles: the page's files below one directory, for GET and HEAD. Main loop's thread.
// Paths that are no file get index.html, so that the page's own routes work after a reload; `/assets/` never does.
// index.html gets the base path into its `<base href="/">`. It never leaves its root: no "..", no symbolic links, no
// hidden files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "http/reply.h"

namespace reallive::http {

class StaticFiles {
 public:
  explicit StaticFiles(std::filesystem::path root) : root_(std::move(root)) {}

  /// As Router::set_fallback() wants it.
  void operator()(const RequestPtr& request, const Reply& reply) const;

 private:
  Response answer(const Request& request) const;

  std::filesystem::path root_;
};

/// `text/html; charset=utf-8` of `index.html`; `application/octet-stream` for what is not known.
std::string content_type_of(std::string_view file_name);

}  // namespace reallive::http
