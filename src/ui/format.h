// Figures as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace exastro::ui {

// "0 B", "512 B", "1.5 KiB", "23.4 GiB".
std::string bytes_text(std::uint64_t bytes);

// "0.4 s", "59.9 s", "2 min 5 s", "1 h 2 min".
std::string duration_text(std::chrono::duration<double> duration);

// Every text of ours says `kubectl exastro`: the text as the person calls the program, "helm exastro" say.
std::string as_called(std::string text, const std::string& call_name);

}  // namespace exastro::ui
