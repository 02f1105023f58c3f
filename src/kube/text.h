// Text as kubectl prints it. For this folder alone.
#pragma once

#include <string>

namespace exastro::kube {

// Without the blanks and line ends at its end.
inline std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace exastro::kube
