#include "stream/json_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exastro::stream {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string refusal(std::string_view text, const JsonLimits& limits = {}) {
  try {
    static_cast<void>(parse_json(text, limits));
    return "";
  } catch (const JsonError& error) {
    return error.what();
  }
}

std::string repeated(std::string_view text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

TEST(JsonText, ReadsWhatIsWithinTheLimits) {
  EXPECT_EQ(parse_json(R"({"a":[1,{"a":"日本"}],"b":null})").dump(), R"({"a":[1,{"a":"日本"}],"b":null})");
  EXPECT_THAT(refusal(repeated("[", 64) + repeated("]", 64)), IsEmpty());
  EXPECT_THAT(refusal("[1,2,3]", {.values = 4}), IsEmpty());
}

TEST(JsonText, RefusesWhatIsNoJson) {
  for (const std::string_view text : {"", "{", "[1,]", "nul", "{\"a\":1}x", "\"\xff\"", "\"\xed\xa0\x80\"", "'a'"}) {
    EXPECT_THAT(refusal(text), HasSubstr("not JSON")) << text;
  }
  EXPECT_THAT(refusal("[1e999]"), HasSubstr("too large"));
}

TEST(JsonText, RefusesWhatCostsTooMuch) {
  EXPECT_THAT(refusal(repeated("[", 65)), HasSubstr("too deep"));
  EXPECT_THAT(refusal(repeated("{\"a\":", 10'000'000)), HasSubstr("too deep"));
  EXPECT_THAT(refusal("[1,2,3,4]", {.values = 4}), HasSubstr("too many"));
}

TEST(JsonText, RefusesAFieldThatReadersWouldUnderstandDifferently) {
  EXPECT_THAT(refusal(R"({"a":1,"a":2})"), HasSubstr("twice"));
  EXPECT_THAT(refusal(R"([{"a":{"b":1,"b":1}}])"), HasSubstr("twice"));
  EXPECT_THAT(refusal(R"({"\u0061":1,"a":2})"), HasSubstr("twice"));
  EXPECT_THAT(refusal(R"([{"a":1},{"a":{"a":2}}])"), IsEmpty());
}

TEST(JsonText, AnErrorQuotesNoValue) {
  for (const std::string_view text :
       {R"({"key":"hunter2)", R"({"key":"hunter2" hunter2})", "[hunter2]", R"({"hunter2":1,"hunter2":2})"}) {
    EXPECT_THAT(refusal(text), Not(HasSubstr("hunter2"))) << text;
  }
}

TEST(JsonText, AWholeNumberIsOneThatFits) {
  const nlohmann::json object = nlohmann::json::parse(
      R"({"a":7,"b":-2147483648,"c":2147483648,"d":-2147483649,"e":1e300,"f":"1","g":18446744073709551615,"h":1.0})");
  EXPECT_EQ(int_at(object, "a"), 7);
  EXPECT_EQ(int_at(object, "b"), std::numeric_limits<int>::min());
  for (const char* key : {"c", "d", "e", "f", "g", "h", "missing"})
    EXPECT_THROW(static_cast<void>(int_at(object, key)), JsonError) << key;
}

}  // namespace
}  // namespace exastro::stream
