#include "stream/json_text.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace exastro::stream {
namespace {

using Json = nlohmann::json;

// Looks at what the parser finds, keeps nothing but the fields of the objects that are open.
class Limiter : public nlohmann::json_sax<Json> {
 public:
  explicit Limiter(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!fields_.back().insert(name).second) throw JsonError("it has a field twice in one object");
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) override {
    // 406: a number too large for a double.
    throw JsonError(
        fmt::format("it is not JSON: byte {} is wrong{}", position, error.id == 406 ? ", a number too large" : ""));
  }

 private:
  bool count() {
    if (++values_ > limits_.values) throw JsonError("it holds too many values");
    return true;
  }
  bool open() {
    if (fields_.size() >= static_cast<std::size_t>(limits_.depth)) throw JsonError("it is nested too deep");
    fields_.emplace_back();
    return count();
  }
  bool close() {
    fields_.pop_back();
    return true;
  }

  JsonLimits limits_;
  std::size_t values_ = 0;
  std::vector<std::set<std::string>> fields_;  // of each object or list that is open
};

}  // namespace

void check_json(std::string_view text, const JsonLimits& limits) {
  Limiter limiter(limits);
  Json::sax_parse(text, &limiter);
}

Json parse_json(std::string_view text, const JsonLimits& limits) {
  check_json(text, limits);
  return Json::parse(text);
}

int int_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_integer())
    throw JsonError(fmt::format("{} is not a whole number", key));
  const auto most = std::numeric_limits<int>::max();
  const bool fits = found->is_number_unsigned() ? found->get<std::uint64_t>() <= static_cast<std::uint64_t>(most)
                                                : found->get<std::int64_t>() >= std::numeric_limits<int>::min();
  if (!fits) throw JsonError(fmt::format("{} is out of range", key));
  return found->get<int>();
}

}  // namespace exastro::stream
