// SetupLink: tells whoever starts the server how to make the first account, and whom an admin invites how to make one:
// a link, as text and as a QR code. On the main thread; the code is drawn on terminals only.
// It never writes a link anywhere but to standard output.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reallive::app {

/// `addresses`: where the page is, as people reach it, the best first.
void announce_setup(const std::vector<std::string>& addresses, std::string_view token,
                    const std::filesystem::path& data_dir);

/// The link as a QR code on standard output, where that is a terminal.
void print_qr_code(const std::string& link);

/// A QR code of half blocks, two modules a character, dark on light with the quiet zone that readers need (ISO/IEC
/// 18004); nothing when the text is too long.
std::optional<std::string> draw_qr_code(std::string_view text);

}  // namespace reallive::app
