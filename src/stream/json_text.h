// JSON from outside, read within limits.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

#include "error.h"

namespace exastro::stream {

// A message such as "it is nested too deep", for who knows what "it" is. It quotes no value: that may be a key.
class JsonError : public Error {
 public:
  using Error::Error;
};

// What a text of JSON may cost: what walks over nested values needs stack for each level, and a value costs memory
// whatever its length in the text.
struct JsonLimits {
  int depth = 64;
  std::size_t values = 4'000'000;
};

// Throws JsonError if the text is not JSON in UTF-8, exceeds a limit, or has a field twice in one object, which readers
// understand differently.
void check_json(std::string_view text, const JsonLimits& limits = {});

// The same, and the value.
[[nodiscard]] nlohmann::json parse_json(std::string_view text, const JsonLimits& limits = {});

// The whole number `object.key`. Throws JsonError if it is missing, of another type or out of range.
[[nodiscard]] int int_at(const nlohmann::json& object, const char* key);

}  // namespace exastro::stream
