#include "app/setup_link.h"

#include <iostream>
#include <memory>
#include <qrencode.h>
#include <unistd.h>

namespace reallive::app {

std::optional<std::string> draw_qr_code(std::string_view text) {
  struct Free {
    void operator()(QRcode* code) const { QRcode_free(code); }
  };
  const std::unique_ptr<QRcode, Free> code(QRcode_encodeString8bit(std::string(text).c_str(), 0, QR_ECLEVEL_L));
  if (!code) return std::nullopt;
  constexpr int quiet = 2;  // readers manage with less than the standard's four, and a terminal has few lines
  const auto is_dark = [&](int x, int y) {
    return x >= 0 && y >= 0 && x < code->width && y < code->width && (code->data[y * code->width + x] & 1) != 0;
  };
  std::string drawing;
  for (int y = -quiet; y < code->width + quiet; y += 2) {
    drawing += "\033[30;107m";  // black on white, whatever the terminal's own colours are
    for (int x = -quiet; x < code->width + quiet; ++x) {
      const bool upper = is_dark(x, y), lower = is_dark(x, y + 1);
      drawing += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    drawing += "\033[0m\n";
  }
  return drawing;
}

void print_qr_code(const std::string& link) {
  std::cout << std::flush;
  if (isatty(STDOUT_FILENO) == 0) return;
  if (const auto code = draw_qr_code(link)) std::cout << *code << std::flush;
}

void announce_setup(const std::vector<std::string>& addresses, std::string_view token,
                    const std::filesystem::path& data_dir) {
  const std::string path = "/setup#" + std::string(token);
  std::cout << "nobody has an account yet, so nothing can be watched or published.\n";
  for (const std::string& address : addresses)
    std::cout << "make the first one here: " << address << path << '\n';
  std::cout << "or here: reallive user add NAME --role admin --data " << data_dir.string() << std::endl;
  if (!addresses.empty()) print_qr_code(addresses.front() + path);
}

}  // namespace reallive::app
