#include "ui/format.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace exastro::ui {

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 and more would be printed as 1024.0.
  while (amount >= 1023.95 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string duration_text(std::chrono::duration<double> duration) {
  if (duration.count() < 59.95) return fmt::format("{:.1f} s", duration.count());
  const auto seconds = static_cast<long>(duration.count() + 0.5);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string as_called(std::string text, const std::string& call_name) {
  constexpr std::string_view kWritten = "kubectl exastro";
  if (call_name == kWritten) return text;
  for (auto at = text.find(kWritten); at != std::string::npos; at = text.find(kWritten, at + call_name.size())) {
    text.replace(at, kWritten.size(), call_name);
  }
  return text;
}

}  // namespace exastro::ui
