// Asking a person before something is replaced.
#pragma once

#include <string>

namespace exastro::ui {

// Shows the question on the terminal and gives whether the answer is "yes" (the whole word). Throws Error (kDeclined)
// if there is no terminal to ask on.
bool confirm(const std::string& question);

}  // namespace exastro::ui
