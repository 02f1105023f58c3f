// What a text tells a person to type.
#pragma once

#include <string>

namespace exastro {

// A word of a command line for a POSIX shell, in quotes if it needs them.
inline std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                          "0123456789_-./:@+=,") == std::string::npos;
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// " FLAG VALUE", the value as a word.
inline std::string shell_flag(const std::string& flag, const std::string& value) {
  return " " + flag + " " + shell_word(value);
}

}  // namespace exastro
