#include "ui/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace exastro::ui {
namespace {

// Characters, not bytes: of UTF-8 those that begin one. Double width is not known here.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string Table::text() const {
  if (rows_.empty()) return "";
  std::vector<std::size_t> widths;
  std::vector<std::string> headings;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    headings.push_back(columns_[i].heading);
    widths.push_back(width_of(headings[i]));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], width_of(row.at(i)));
  }
  std::string text;
  const auto add_line = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string padding(widths[i] - width_of(cells[i]), ' ');
      if (i > 0) line += "  ";
      line += columns_[i].align == Align::kRight ? padding + cells[i] : cells[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add_line(headings);
  for (const auto& row : rows_) add_line(row);
  return text;
}

}  // namespace exastro::ui
