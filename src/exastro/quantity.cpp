#include "exastro/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace exastro {

std::optional<std::uint64_t> parse_quantity(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 16> kSuffixes{{{"", 1},
                                                                           {"n", 1e-9},
                                                                           {"u", 1e-6},
                                                                           {"m", 1e-3},
                                                                           {"k", 1e3},
                                                                           {"M", 1e6},
                                                                           {"G", 1e9},
                                                                           {"T", 1e12},
                                                                           {"P", 1e15},
                                                                           {"E", 1e18},
                                                                           {"Ki", 0x1p10},
                                                                           {"Mi", 0x1p20},
                                                                           {"Gi", 0x1p30},
                                                                           {"Ti", 0x1p40},
                                                                           {"Pi", 0x1p50},
                                                                           {"Ei", 0x1p60}}};
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0;
  // An exponent that is none, as in "1Ei", is left to be the suffix.
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;
  const std::string_view rest(end, text.data() + text.size());
  const auto* const suffix =
      std::find_if(kSuffixes.begin(), kSuffixes.end(), [&](const auto& entry) { return entry.first == rest; });
  if (suffix == kSuffixes.end()) return std::nullopt;
  const double amount = number * suffix->second;
  if (amount < 0 || amount >= 0x1p64) return std::nullopt;
  return static_cast<std::uint64_t>(amount);
}

}  // namespace exastro
