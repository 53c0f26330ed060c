#include "http/static_files.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace reallive::http {
namespace {

constexpr off_t largest_file = 32 << 20;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

struct File {
  std::string body, etag;
};

/// Walks one directory at a time and follows no link, so that nothing on the way can lead out of the root.
std::optional<File> read_below(const std::filesystem::path& root, const std::vector<std::string>& segments) {
  Descriptor at(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (size_t i = 0; at && i < segments.size(); ++i) {
    if (segments[i].front() == '.' || segments[i].find('/') != std::string::npos) return {};
    const int kind = i + 1 < segments.size() ? O_DIRECTORY : O_NONBLOCK;
    at = Descriptor(openat(at.get(), segments[i].c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind));
  }
  struct stat status {};
  if (!at || fstat(at.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > largest_file) return {};
  File file;
  file.body.resize(static_cast<size_t>(status.st_size));
  size_t have = 0;
  while (have < file.body.size()) {
    const ssize_t got = read(at.get(), file.body.data() + have, file.body.size() - have);
    if (got <= 0) break;
    have += static_cast<size_t>(got);
  }
  file.body.resize(have);
  file.etag = '"' + std::to_string(status.st_ino) + '-' + std::to_string(status.st_size) + '-' +
              std::to_string(status.st_mtim.tv_sec) + '.' + std::to_string(status.st_mtim.tv_nsec) + '"';
  return file;
}

/// The page finds everything from `<base href>`, so one build works below any path.
void set_base(File& page, const std::string& base_path) {
  static constexpr std::string_view placeholder = "<base href=\"/\"";
  const size_t at = page.body.find(placeholder);
  if (base_path.empty() || at == std::string::npos) return;
  page.body.replace(at, placeholder.size(), "<base href=\"" + base_path + "/\"");
  page.etag.insert(page.etag.size() - 1, "-" + std::to_string(std::hash<std::string>{}(base_path)));
}

bool accepts_html(const Request& request) {
  const std::string accept = request.header("Accept").value_or("*/*");
  return accept.find("text/html") != std::string::npos || accept.find("*/*") != std::string::npos;
}

/// First segments that belong to programs, and the build's hashed files: a missing one is an error, not the page.
bool may_be_page_route(const Request& request) {
  static constexpr std::array<std::string_view, 8> not_pages = {"api", "whip", "whep",     "hls",
                                                                "mse", "ws",   "snapshot", "assets"};
  return request.segments.empty() ||
         std::find(not_pages.begin(), not_pages.end(), request.segments.front()) == not_pages.end();
}

}  // namespace

std::string content_type_of(std::string_view file_name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 16> types = {{
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".mjs", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".webmanifest", "application/manifest+json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".ico", "image/x-icon"},
      {".webp", "image/webp"},
      {".woff2", "font/woff2"},
      {".wasm", "application/wasm"},
      {".txt", "text/plain; charset=utf-8"},
      {".mp4", "video/mp4"},
  }};
  for (const auto& type : types) {
    if (file_name.size() > type.first.size() && file_name.substr(file_name.size() - type.first.size()) == type.first)
      return std::string(type.second);
  }
  return "application/octet-stream";
}

void StaticFiles::operator()(const RequestPtr& request, const Reply& reply) const {
  reply(answer(*request));
}

Response StaticFiles::answer(const Request& request) const {
  std::vector<std::string> segments = request.segments;
  std::optional<File> file;
  if (!segments.empty()) file = read_below(root_, segments);
  if (!file && may_be_page_route(request) && accepts_html(request)) {
    segments = {"index.html"};
    file = read_below(root_, segments);
  }
  if (!file) return error_response(request.id, 404, "NOT_FOUND", "There is nothing at this address.");

  const bool is_page = segments.back() == "index.html";
  if (is_page) set_base(*file, request.base_path);
  Headers headers = {
      {"ETag", file->etag},
      // The build puts a hash of the content into the names below /assets/.
      {"Cache-Control", segments.front() == "assets" ? "public, max-age=31536000, immutable" : "no-cache"}};
  const auto known = request.header("If-None-Match");
  if (known && etag_matches(*known, file->etag, true)) return Response{304, std::move(headers)};
  headers.add("Content-Type", content_type_of(segments.back()));
  if (is_page) {
    headers.add("Permissions-Policy",
                "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), geolocation=(), usb=(), "
                "payment=(), browsing-topics=()");
    headers.add("Content-Security-Policy",
                "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; "
                "img-src 'self' data: blob:; media-src 'self' blob: mediastream:; worker-src 'self' blob:; "
                "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'");
  }
  return Response{200, std::move(headers), std::move(file->body)};
}

}  // namespace reallive::http
