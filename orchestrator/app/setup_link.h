// SetupLink: tells whoever starts the server how to make the first account: a link, as text and as a QR code.
// Called once at start, on the main thread; the code is drawn on terminals only.
// It never writes the link anywhere but to standard output.
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

/// A QR code of half blocks, two modules a character, dark on light with the quiet zone that readers need (ISO/IEC
/// 18004); nothing when the text is too long.
std::optional<std::string> draw_qr_code(std::string_view text);

}  // namespace reallive::app
