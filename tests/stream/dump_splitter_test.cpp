#include "stream/dump_splitter.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <string>
#include <vector>

#include "error.h"
#include "feed.h"

namespace exastro::stream {
namespace {

constexpr const char* kHead =
    "-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB\n--\n-- Server version\t10.11.19-MariaDB-log\n\n"
    "/*!40101 SET NAMES utf8mb4 */;\n\n--\n";
constexpr const char* kMark = "\n-- Dump completed on 2026-11-23  2:51:53\n";

class Parts : public DumpParts {
 public:
  std::vector<std::pair<std::string, std::string>> texts;  // database, text
  std::vector<std::string> tables;
  std::vector<TableRow> rows;
  int finishes = 0;

  Sink& part(const std::string& database) override {
    texts.emplace_back(database, "");
    return sinks_.emplace_back([this](std::span<const std::byte> bytes) { texts.back().second += as_text(bytes); },
                               [this] { ++finishes; });
  }
  void table(const std::string& database, const std::string& name) override { tables.push_back(database + "." + name); }
  bool wants(const std::string&, const std::string& table) override { return table == "wanted"; }
  void row(const std::string&, const std::string&, const TableRow& row) override { rows.push_back(row); }

 private:
  std::list<CallbackSink> sinks_;
};

// The same however the text is cut.
Parts split(const std::string& text) {
  Parts parts;
  DumpSplitter whole(parts, "");
  feed(whole, text, std::string::npos);
  for (const std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{100}}) {
    Parts again;
    DumpSplitter piecewise(again, "");
    feed(piecewise, text, size);
    EXPECT_EQ(again.texts, parts.texts) << size;
    EXPECT_EQ(again.rows, parts.rows) << size;
    EXPECT_EQ(again.finishes, parts.finishes) << size;
    EXPECT_EQ(piecewise.server_version(), whole.server_version());
  }
  return parts;
}

std::string refused(const std::string& text) {
  try {
    split(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), ExitStatus::kDamaged);
    return error.what();
  }
  return "";
}

std::string part_text(const std::string& database, const std::string& body) {
  return "-- Current Database: `" + database + "`\n--\n\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `" + database +
         "` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;\n\nUSE `" + database + "`;\n" + body;
}

TEST(DumpSplitter, GivesEachDatabaseItsPart) {
  const std::string a = part_text("a", "CREATE TABLE `t` (\n  `id` int\n);\nINSERT INTO `t` VALUES (1);\n");
  const std::string views = "-- Current Database: `a`\n--\n\nUSE `a`;\n/*!50001 VIEW `v` AS SELECT 1 */;\n";
  const std::string b = part_text("with ``", "");
  const Parts parts = split(kHead + a + b + views + kMark);
  ASSERT_EQ(parts.texts.size(), 4U);
  EXPECT_EQ(parts.texts[0], std::pair(std::string(), std::string(kHead)));
  EXPECT_EQ(parts.texts[1], std::pair(std::string("a"), a));
  EXPECT_EQ(parts.texts[2], std::pair(std::string("with `"), b));
  EXPECT_EQ(parts.texts[3].first, "a");
  EXPECT_EQ(parts.texts[3].second, views + "\n\n") << "without the mark";
  EXPECT_EQ(parts.finishes, 4);
  EXPECT_EQ(parts.tables, std::vector<std::string>{"a.t"});
}

TEST(DumpSplitter, IsNotFooledByWhatRowsAndBodiesHold) {
  const std::string body =
      "INSERT INTO `t` VALUES ('\n-- Current Database: `mysql`\n'),('\n-- Dump completed\n');\n"
      "DELIMITER ;;\n/*!50003 CREATE*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN\n"
      "-- Current Database: `mysql`\nUSE `mysql`;\n/*\n-- Current Database: `mysql`\n*/\n-- Dump completed\n"
      "INSERT INTO wanted VALUES (1);\nEND */;;\nDELIMITER ;\n";
  const std::string a = part_text("a", body);
  const Parts parts = split(kHead + a + kMark);
  ASSERT_EQ(parts.texts.size(), 2U);
  EXPECT_EQ(parts.texts[1].second, a + "\n\n");
  EXPECT_TRUE(parts.rows.empty());
}

TEST(DumpSplitter, ReadsTheRowsThatAreWanted) {
  const Parts parts = split(
      kHead +
      part_text("a",
                "CREATE TABLE IF NOT EXISTS `wanted` (\n  `id` int(11) DEFAULT 5,\n  `a ``b` varchar(9) DEFAULT "
                "'x,(`z`',\n  `E` enum('a','b') COMMENT ')',\n  PRIMARY KEY (`id`,`E`)\n) COMMENT='(';\n"
                "INSERT INTO `wanted` VALUES\n(-1,'it\\'s ''\\\\\\n\\Z\\0',NULL),\n(1.5e3,_binary 'x',0x4100);\n") +
      kMark);
  ASSERT_EQ(parts.rows.size(), 2U);
  EXPECT_EQ(parts.rows[0],
            (TableRow{{"id", "-1"}, {"a `b", std::string("it's '\\\n\x1a\0", 10)}, {"E", std::nullopt}}));
  EXPECT_EQ(parts.rows[1], (TableRow{{"id", "1.5e3"}, {"a `b", "x"}, {"E", std::string("A\0", 2)}}));
}

TEST(DumpSplitter, RefusesWhatItDoesNotUnderstand) {
  const std::string table = "CREATE TABLE `wanted` (\n  `id` int\n);\n";
  const auto with = [&](const std::string& body) { return refused(kHead + part_text("a", table + body) + kMark); };
  EXPECT_EQ(with("INSERT INTO `wanted` VALUES (1);\n"), "");
  EXPECT_NE(with("INSERT INTO `wanted` VALUES (1,2);\n"), "");
  EXPECT_NE(with("INSERT INTO `wanted` VALUES (NOW());\n"), "");
  EXPECT_NE(with("INSERT INTO `wanted` SELECT 1;\n"), "");
  EXPECT_NE(with("USE `mysql`;\n").find("turns to mysql"), std::string::npos);
  EXPECT_NE(with("CREATE DATABASE `mysql`;\n").find("turns to mysql"), std::string::npos);
  EXPECT_NE(with("/*!40000 USE `mysql` */;\n"), "");
}

TEST(DumpSplitter, KnowsACutTail) {
  const std::string whole = kHead + part_text("a", "INSERT INTO `t` VALUES (1);\n") + kMark;
  EXPECT_EQ(refused(whole + "\n"), "");
  for (std::size_t size = whole.size() - 40; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    const bool has_mark = cut.find("\n-- Dump completed") != std::string::npos;
    EXPECT_EQ(refused(cut).empty(), has_mark) << size;
  }
  EXPECT_NE(refused(whole + "SELECT 1;\n"), "") << "something behind it";
}

}  // namespace
}  // namespace exastro::stream
