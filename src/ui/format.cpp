#include "ui/format.h"

#include <fmt/format.h>

#include <algorithm>
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

std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                          "0123456789_-./:@+=,") == std::string::npos;
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string as_called(const std::string& text, const CallForm& form) {
  constexpr std::string_view kKubectl = "kubectl ";
  constexpr std::string_view kPlugin = "exastro";
  constexpr std::array<std::string_view, 9> kOurs{"backup",  "fetch", "find",   "keys", "reinstall",
                                                  "restore", "start", "status", "stop"};
  constexpr std::array<std::string_view, 4> kTheirs{"delete", "describe", "get", "logs"};
  std::string called;
  std::size_t done = 0;
  for (auto at = text.find(kKubectl); at != std::string::npos; at = text.find(kKubectl, done)) {
    called.append(text, done, at - done);
    const std::string_view rest = std::string_view(text).substr(at + kKubectl.size());
    const bool ours = rest.starts_with(kPlugin);
    const std::string_view after = ours ? rest.substr(kPlugin.size()) : rest;
    const std::size_t from = ours && after.starts_with(' ') ? 1 : 0;
    const auto end = std::find_if_not(after.begin() + static_cast<std::ptrdiff_t>(from), after.end(),
                                      [](char c) { return c >= 'a' && c <= 'z'; });
    const std::string_view word(after.begin() + static_cast<std::ptrdiff_t>(from), end);
    const bool known = ours ? std::find(kOurs.begin(), kOurs.end(), word) != kOurs.end()
                            : std::find(kTheirs.begin(), kTheirs.end(), word) != kTheirs.end();
    called += ours ? form.name : std::string("kubectl ");
    if (known) called.append(after.substr(0, from)).append(word).append(ours ? form.flags : form.kubectl_flags);
    done = at + kKubectl.size() + (ours ? kPlugin.size() : 0) + (known ? from + word.size() : 0);
  }
  return called.append(text, done);
}

}  // namespace exastro::ui
