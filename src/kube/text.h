// Text as kubectl prints it. For this folder alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace exastro::kube {

// Without the blanks and line ends at its end.
inline std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

// A command line to look at.
inline std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) {
    if (!line.empty()) line += ' ';
    // Scripts are long and the same each time: their first line is enough to recognise them.
    const bool plain = word.find_first_of(" \n\"'$") == std::string::npos;
    line += plain ? word : word.find('\n') == std::string::npos ? "'" + word + "'" : "'…'";
  }
  return line;
}

}  // namespace exastro::kube
