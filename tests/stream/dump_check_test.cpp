#include "stream/dump_check.h"

#include <gtest/gtest.h>

#include <string>

#include "feed.h"

namespace exastro::stream {
namespace {

constexpr const char* kHeader = "-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB\n--\n";
constexpr const char* kMark = "\n-- Dump completed on 2026-11-23  2:51:53\n";

bool same(const DumpFacts& a, const DumpFacts& b) {
  return a.looks_like_dump == b.looks_like_dump && a.complete == b.complete &&
         a.carriage_returns == b.carriage_returns && a.error_line == b.error_line && a.bytes == b.bytes &&
         a.longest_statement == b.longest_statement && a.header_bytes == b.header_bytes && a.views_at == b.views_at;
}

DumpFacts checked(const std::string& text) {
  TextSink sink;
  DumpCheck whole(&sink);
  feed(whole, text, std::string::npos);
  EXPECT_EQ(sink.text, text);
  EXPECT_EQ(sink.finishes, 1);
  DumpCheck bytewise;
  feed(bytewise, text, 1);
  EXPECT_TRUE(same(bytewise.facts(), whole.facts())) << "byte by byte";
  for (std::size_t at = 1; at < text.size(); ++at) {
    DumpCheck split;
    feed_split(split, text, at);
    if (!same(split.facts(), whole.facts())) {
      ADD_FAILURE() << "another answer when cut at " << at;
      break;
    }
  }
  return whole.facts();
}

std::string dump_of(const std::string& body) { return kHeader + body + kMark; }

std::string with_crlf(const std::string& text) {
  std::string result;
  for (const char byte : text) result += byte == '\n' ? std::string("\r\n") : std::string(1, byte);
  return result;
}

TEST(DumpCheck, KnowsADumpByItsFirstLine) {
  EXPECT_TRUE(checked("-- MariaDB dump 10.19\n").looks_like_dump);
  EXPECT_TRUE(checked("-- MySQL dump 10.13  Distrib 5.7\n").looks_like_dump);
  EXPECT_TRUE(checked("/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n").looks_like_dump);
  EXPECT_TRUE(checked(with_crlf(dump_of("SELECT 1;\n"))).looks_like_dump);
  EXPECT_FALSE(checked("").looks_like_dump);
  EXPECT_FALSE(checked("-- PostgreSQL database dump\n-- MariaDB dump 10.19\n").looks_like_dump);
  EXPECT_FALSE(checked("\x1f\x8b\x08 gzip").looks_like_dump);
  EXPECT_FALSE(checked("SELECT '\n-- MariaDB dump';").looks_like_dump);
}

TEST(DumpCheck, FindsWhereTheHeaderEndsAndTheViewsBegin) {
  const std::string header = std::string(kHeader) + "/*!40101 SET NAMES utf8mb4 */;\n--\n";
  const std::string tables =
      "-- Current Database: `a`\n--\nUSE `a`;\n"
      "INSERT INTO `t` VALUES\n('\n-- Current Database: `a`\n');\n--\n";
  const std::string views = "-- Current Database: `a`\n--\nUSE `a`;\n/*!50001 VIEW `v` AS SELECT 1 */;\n";
  const DumpFacts facts = checked(header + tables + views + kMark);
  EXPECT_EQ(facts.header_bytes, header.size());
  EXPECT_EQ(facts.views_at, header.size() + tables.size());
  EXPECT_EQ(checked(header + tables + kMark).views_at, 0U);
  EXPECT_EQ(checked(dump_of("SELECT 1;\n")).header_bytes, 0U);
}

TEST(DumpCheck, IsCompleteOnlyWithTheMarkAsItsLastLine) {
  EXPECT_TRUE(checked(dump_of("SELECT 1;\n")).complete);
  EXPECT_TRUE(checked(dump_of("SELECT 1;\n") + "\n\n").complete) << "empty lines behind it";
  EXPECT_TRUE(checked(with_crlf(dump_of("SELECT 1;\n"))).complete);
  EXPECT_TRUE(checked("SELECT 1;\n-- Dump completed").complete) << "without a line end";
  EXPECT_TRUE(checked(dump_of("DELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT 1; END ;;\nDELIMITER ;\n")).complete);
  EXPECT_FALSE(checked("").complete);
  EXPECT_FALSE(checked(kHeader).complete);
  EXPECT_FALSE(checked(dump_of("SELECT 1;\n") + "SELECT 2;\n").complete) << "a statement behind it";
  EXPECT_FALSE(checked(dump_of("SELECT 1;\n") + "mysqldump: Error 2013: Lost connection\n").complete);
  EXPECT_FALSE(checked(dump_of("INSERT INTO t VALUES ('")).complete) << "inside a string";
  EXPECT_FALSE(checked(dump_of("/* ")).complete) << "inside a comment";
  EXPECT_FALSE(checked(dump_of("INSERT INTO t VALUES (1)\n")).complete) << "inside a statement";
  EXPECT_FALSE(checked("SELECT 1; -- Dump completed\n").complete) << "not at a line's start";
}

TEST(DumpCheck, ARealDumpIsCompleteAndNoneOfItsBeginningsIs) {
  const std::string dump = read_fixture("mariadb-10.11.sql");
  ASSERT_FALSE(dump.empty());
  const DumpFacts facts = checked(dump);
  EXPECT_TRUE(facts.looks_like_dump);
  EXPECT_TRUE(facts.complete);
  EXPECT_FALSE(facts.carriage_returns);
  EXPECT_EQ(facts.error_line, "");
  EXPECT_EQ(facts.bytes, dump.size());
  const std::size_t mark = dump.rfind("-- Dump completed") + std::string_view("-- Dump completed").size();
  for (std::size_t size = 0; size < mark; ++size) {
    DumpCheck cut;
    feed(cut, std::string_view(dump).substr(0, size), std::string::npos);
    ASSERT_FALSE(cut.facts().complete) << "cut at " << size;
  }
}

TEST(DumpCheck, MeasuresTheLongestStatement) {
  const auto longest = [](const std::string& body) { return checked(dump_of(body)).longest_statement; };
  EXPECT_EQ(checked("").longest_statement, 0U);
  EXPECT_EQ(longest("SELECT 1;\nSELECT 100;\nSELECT 2;\n"), 12U);
  EXPECT_EQ(longest("INSERT INTO t VALUES\n(1,'a;\n'),\n(2,';');\nSELECT 1;\n"), 41U) << "rows on lines of their own";
  EXPECT_EQ(longest("DELIMITER ;;\nCREATE PROCEDURE p()\nBEGIN\nSELECT 1;\nEND ;;\nDELIMITER ;\nSELECT 1;\n"), 44U);
  EXPECT_EQ(longest("-- " + std::string(500, 'x') + "\n\nSELECT 1;\n"), 10U) << "comments are not sent";
  EXPECT_EQ(checked("INSERT INTO t VALUES (1").longest_statement, 23U) << "cut";
  EXPECT_EQ(longest("INSERT INTO t VALUES ('" + std::string(2000, 'x').replace(500, 2, "\\'") + "');\n"), 2027U);
}

TEST(DumpCheck, KnowsATerminalsLineEnds) {
  EXPECT_TRUE(checked(with_crlf(dump_of("INSERT INTO t VALUES ('a');\n"))).carriage_returns);
  EXPECT_FALSE(checked(dump_of("SELECT '\r\n';\n")).carriage_returns);
  EXPECT_FALSE(checked(with_crlf(kHeader) + "SELECT 1;\n").carriage_returns) << "one line without";
  EXPECT_TRUE(checked(with_crlf(kHeader) + "INSERT INTO t VALUES ('a\nb');\r\n").carriage_returns)
      << "a row's own line end";
  EXPECT_FALSE(checked("").carriage_returns);
}

TEST(DumpCheck, FindsErrorsOfThePrograms) {
  const auto error_in = [](const std::string& body) { return checked(dump_of(body)).error_line; };
  const std::string lost = "mysqldump: Error 2013: Lost connection to MySQL server when dumping table `t` at row: 12";
  EXPECT_EQ(error_in("SELECT 1;\n" + lost + "\nSELECT 2;\n"), lost);
  EXPECT_EQ(error_in("mariadb-dump: Couldn't execute 'x': it's (1)\r\nERROR 1045 (28000)\n"),
            "mariadb-dump: Couldn't execute 'x': it's (1)");
  EXPECT_EQ(error_in("ERROR 1045 (28000): Access denied\n"), "ERROR 1045 (28000): Access denied");
  EXPECT_EQ(error_in("mysqldump: " + std::string(1000, 'x') + "\n").size(), 256U);
  EXPECT_EQ(checked("mysqldump: Got").error_line, "mysqldump: Got") << "as the end of the stream";
  EXPECT_EQ(error_in("INSERT INTO t VALUES ('\nERROR 1045 (28000)\nmysqldump: Error 1\n');\n"), "") << "in a row";
  EXPECT_EQ(error_in("/*\nERROR 1045 (28000)\n*/;\n"), "") << "in a comment";
  EXPECT_EQ(error_in("-- ERROR 1045\nSELECT 1; ERROR 1045\nERRORS 1;\nERROR x;\n"), "");
  EXPECT_TRUE(checked(dump_of("mariadb-dump: Couldn't do\n")).complete) << "its apostrophe opens no string";
}

TEST(DumpCheck, FollowsTheModeOfStrings) {
  const std::string text = dump_of(
      "/*!50003 SET sql_mode = 'NO_BACKSLASH_ESCAPES' */ ;\nSELECT '\\';\n/*!50003 SET sql_mode = @saved_sql_mode */ "
      ";\n"
      "SELECT '\\'';\n");
  EXPECT_TRUE(checked(text).complete);
  const std::string body = dump_of(
      "DELIMITER ;;\nCREATE PROCEDURE p()\nBEGIN\nSET sql_mode = 'NO_BACKSLASH_ESCAPES';\nSELECT '\\'';\nEND "
      ";;\nDELIMITER ;\n");
  EXPECT_TRUE(checked(body).complete) << "a body's SET is not carried out by loading it";
}

}  // namespace
}  // namespace exastro::stream
