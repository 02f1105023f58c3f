#include "stream/terminal_repair.h"

#include <gtest/gtest.h>

#include <string>

#include "feed.h"

namespace exastro::stream {
namespace {

constexpr const char* kDump =
    "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n--\n\nSET a;\n"
    "CREATE TRIGGER t BEGIN\r\n  SELECT '\r\r\n';\r\nEND;\n\n-- Dump completed on 2026-11-23\n";

// What a terminal makes of a stream: CR LF of each LF.
std::string through_terminal(const std::string& text) {
  std::string result;
  for (const char byte : text) result += byte == '\n' ? std::string("\r\n") : std::string(1, byte);
  return result;
}

struct Repaired {
  std::string text;
  std::uint64_t carriage_returns = 0;
  std::vector<std::string> messages;
};

// The same for every size of chunk.
Repaired repaired(const std::string& text) {
  Repaired result;
  for (const std::size_t size : {std::string::npos, std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
    TextSink sink;
    TerminalRepair repair(sink);
    feed(repair, text, size);
    EXPECT_EQ(sink.finishes, 1);
    if (size != std::string::npos) {
      EXPECT_EQ(sink.text, result.text) << size;
    }
    result = {sink.text, repair.carriage_returns(), repair.messages()};
  }
  return result;
}

std::string refused(const std::string& text) {
  try {
    repaired(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kDamaged);
    return error.what();
  }
  return "";
}

TEST(TerminalRepair, ChangesNothingOfADumpThatCameThroughAPipe) {
  const Repaired result = repaired(kDump);
  EXPECT_EQ(result.text, kDump) << "CR LF in a body is data";
  EXPECT_EQ(result.carriage_returns, 0U);
  EXPECT_TRUE(result.messages.empty());
}

TEST(TerminalRepair, GivesTheVeryBytesBack) {
  const Repaired result = repaired(through_terminal(kDump));
  EXPECT_EQ(result.text, kDump);
  EXPECT_EQ(result.carriage_returns, 11U);
  const std::string ends_in_cr = std::string(kDump) + "\r";
  EXPECT_EQ(repaired(through_terminal(ends_in_cr)).text, ends_in_cr);
}

TEST(TerminalRepair, RefusesWhereOneLineEndIsNotATerminals) {
  std::string text = through_terminal(kDump);
  text.erase(text.find("SET a;\r\n") + 6, 1);
  EXPECT_NE(refused(text).find("CR LF"), std::string::npos);
}

TEST(TerminalRepair, TakesMessagesOffTheHead) {
  const std::string warning =
      "mysqldump: Deprecated program name. It will be removed, use '/usr/bin/mariadb-dump' instead";
  const std::string tables = "mysqldump: Error: 'Access denied; you need PROCESS' when trying to dump tablespaces";
  std::string text = kDump;
  text.insert(text.find("--\n\n"), tables + "\n");
  for (const bool terminal : {false, true}) {
    const std::string damaged = warning + "\n" + text;
    const Repaired result = repaired(terminal ? through_terminal(damaged) : damaged);
    EXPECT_EQ(result.text, kDump);
    EXPECT_EQ(result.messages, (std::vector<std::string>{warning, tables}));
  }
}

TEST(TerminalRepair, LeavesMessagesFurtherOnForTheCheck) {
  const std::string text = std::string(kDump) + "mysqldump: Error 2013: Lost connection\n";
  EXPECT_EQ(repaired(text).text, text);
  EXPECT_TRUE(repaired(text).messages.empty());
}

TEST(TerminalRepair, SaysWhatThereIsInsteadOfADump) {
  EXPECT_NE(refused("mysqldump: Got error: 1045: Access denied\n").find("Access denied"), std::string::npos);
  EXPECT_NE(refused("").find("empty"), std::string::npos);
  EXPECT_NE(refused("hello\n").find("hello"), std::string::npos);
  EXPECT_FALSE(refused(std::string(100'000, 'x')).empty());
}

}  // namespace
}  // namespace exastro::stream
