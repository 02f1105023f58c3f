#include "stream/sink.h"

#include <gtest/gtest.h>

#include <string>

#include "feed.h"
#include "stream/digest.h"
#include "stream/sandbox_line_filter.h"

namespace exastro::stream {
namespace {

TEST(Sinks, TeeGivesBothTheSameAndCountingCounts) {
  TextSink first;
  TextSink behind;
  CountingSink second(&behind);
  TeeSink tee(first, second);
  feed(tee, "twelve bytes", 5);
  EXPECT_EQ(first.text, "twelve bytes");
  EXPECT_EQ(behind.text, "twelve bytes");
  EXPECT_EQ(second.bytes(), 12U);
  EXPECT_EQ(first.finishes, 1);
  EXPECT_EQ(behind.finishes, 1);
}

TEST(Sinks, CallbackIsCalledForBytesAndAtTheEnd) {
  std::string text;
  CallbackSink sink([&](auto bytes) { text += as_text(bytes); }, [&] { text += "|"; });
  feed(sink, "abc", 2);
  EXPECT_EQ(text, "abc|");
}

TEST(Sinks, DigestSinkDigestsAndPassesOn) {
  TextSink behind;
  DigestSink sink(&behind);
  feed(sink, "abc", 2);
  EXPECT_EQ(sink.hex(), sha256_hex("abc"));
  EXPECT_EQ(sink.bytes(), 3U);
  EXPECT_EQ(behind.text, "abc");
  EXPECT_EQ(behind.finishes, 1);
}

struct SandboxCase {
  const char* in;
  const char* out;
};

TEST(SandboxLineFilter, DropsThatFirstLineAndNoOther) {
  const SandboxCase cases[] = {
      {"/*M!999999\\- enable the sandbox mode */\nSELECT 1;\n", "SELECT 1;\n"},
      {"/*M!999999\\- enable the sandbox mode */ \nSELECT 1;\n", "SELECT 1;\n"},
      {"/*M!999999\\- enable the sandbox mode */\r\nSELECT 1;\r\n", "SELECT 1;\r\n"},
      {"/*M!999999\\- enable the sandbox mode */\n", ""},
      {"/*M!999999\\- enable the sandbox mode */\n/*M!999999\\- enable the sandbox mode */\n",
       "/*M!999999\\- enable the sandbox mode */\n"},
      {"/*M!999999\\- enable the sandbox mode */", "/*M!999999\\- enable the sandbox mode */"},
      {"/*M!999999\\- enable the sandbox mode */ SELECT 1;\n", "/*M!999999\\- enable the sandbox mode */ SELECT 1;\n"},
      {"/*M!999999\\- enable\n", "/*M!999999\\- enable\n"},
      {"-- x\n/*M!999999\\- enable the sandbox mode */\n", "-- x\n/*M!999999\\- enable the sandbox mode */\n"},
      {"", ""},
  };
  for (const auto& [in, out] : cases) {
    const std::string_view text = in;
    for (std::size_t at = 0; at <= text.size(); ++at) {
      TextSink sink;
      SandboxLineFilter filter(sink);
      feed_split(filter, text, at);
      EXPECT_EQ(sink.text, out) << "cut at " << at;
      EXPECT_EQ(filter.removed(), sink.text.size() < text.size());
      EXPECT_EQ(sink.finishes, 1);
    }
  }
}

TEST(SandboxLineFilter, DoesNotHoldALineOfBlanksForEver) {
  const std::string text = "/*M!999999\\- enable the sandbox mode */" + std::string(1000, ' ') + "\nSELECT 1;\n";
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{100}, text.size()}) {
    TextSink sink;
    SandboxLineFilter filter(sink);
    feed(filter, text, chunk);
    EXPECT_EQ(sink.text, text);
  }
}

}  // namespace
}  // namespace exastro::stream
