#include "stream/definer_filter.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "feed.h"

namespace exastro::stream {
namespace {

using namespace std::string_literals;

using Removed = std::map<std::string, std::uint64_t>;

struct Result {
  std::string text;
  Removed removed;
  bool operator==(const Result&) const = default;
};

Result filtered(std::string_view text, std::size_t chunk = std::string_view::npos) {
  TextSink sink;
  DefinerFilter filter(sink);
  feed(filter, text, chunk);
  EXPECT_EQ(sink.finishes, 1);
  return {sink.text, filter.removed()};
}

// The result, the same for every way to cut the text in two, and byte by byte.
Result filtered_in_every_way(const std::string& text) {
  const Result whole = filtered(text);
  EXPECT_EQ(filtered(text, 1), whole) << "byte by byte";
  for (std::size_t at = 1; at < text.size(); ++at) {
    TextSink sink;
    DefinerFilter filter(sink);
    feed_split(filter, text, at);
    if (sink.text != whole.text || filter.removed() != whole.removed) {
      ADD_FAILURE() << "cut at " << at << " gives\n" << sink.text;
      break;
    }
  }
  return whole;
}

struct Case {
  const char* name;
  std::string in;
  std::string out;
  Removed removed;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
template <typename T>
std::string name_of(const testing::TestParamInfo<T>& info) {
  return info.param.name;
}

class Heads : public testing::TestWithParam<Case> {};

TEST_P(Heads, LoseTheClauseAlone) {
  const Case& c = GetParam();
  const Result result = filtered_in_every_way(c.in);
  EXPECT_EQ(result.text, c.out);
  EXPECT_EQ(result.removed, c.removed);
}

INSTANTIATE_TEST_SUITE_P(
    Definer, Heads,
    testing::Values(
        Case{"view_of_a_dump",
             "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`pf-user`@`%` SQL SECURITY DEFINER */\n"
             "/*!50001 VIEW `v` AS select 1 AS `a` */;\n",
             "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013  SQL SECURITY DEFINER */\n"
             "/*!50001 VIEW `v` AS select 1 AS `a` */;\n",
             {{"pf-user@%", 1}}},
        Case{
            "trigger_of_a_dump",
            "DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON x FOR EACH "
            "ROW SET @a=1 */;;\nDELIMITER ;\n",
            "DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 */ /*!50003 TRIGGER t BEFORE INSERT ON x FOR EACH "
            "ROW SET @a=1 */;;\nDELIMITER ;\n",
            {{"a@b", 1}}},
        Case{"event_of_a_dump",
             "/*!50106 CREATE*/ /*!50117 DEFINER=`a`@`b`*/ /*!50106 EVENT `e` DO SELECT 1 */;",
             "/*!50106 CREATE*/ /*!50117 */ /*!50106 EVENT `e` DO SELECT 1 */;",
             {{"a@b", 1}}},
        Case{"procedure_of_an_old_dump",
             "/*!50003 CREATE*/ /*!50020 DEFINER=`a`@`b`*/ /*!50003 PROCEDURE `p`() SELECT 1 */;",
             "/*!50003 CREATE*/ /*!50020 */ /*!50003 PROCEDURE `p`() SELECT 1 */;",
             {{"a@b", 1}}},
        Case{"comment_of_mariadb_only",
             "CREATE /*M!100005 DEFINER=`a`@`b` */ VIEW v AS SELECT 1;",
             "CREATE /*M!100005  */ VIEW v AS SELECT 1;",
             {{"a@b", 1}}},
        Case{"bare_procedure",
             "CREATE DEFINER=`a`@`b` PROCEDURE p() SELECT 1;",
             "CREATE  PROCEDURE p() SELECT 1;",
             {{"a@b", 1}}},
        Case{"bare_function",
             "CREATE DEFINER=`a`@`b` FUNCTION f() RETURNS INT RETURN 1;",
             "CREATE  FUNCTION f() RETURNS INT RETURN 1;",
             {{"a@b", 1}}},
        Case{"aggregate_function",
             "CREATE DEFINER=`a`@`b` AGGREGATE FUNCTION f(x INT) RETURNS INT RETURN 1;",
             "CREATE  AGGREGATE FUNCTION f(x INT) RETURNS INT RETURN 1;",
             {{"a@b", 1}}},
        Case{"package",
             "CREATE DEFINER=\"pk\"@\"%\" PACKAGE BODY \"pkg\" AS END;",
             "CREATE  PACKAGE BODY \"pkg\" AS END;",
             {{"pk@%", 1}}},
        Case{"or_replace_algorithm_security",
             "create or replace algorithm = merge definer = 'a'@'b' sql security invoker view v as select 1;",
             "create or replace algorithm = merge  sql security invoker view v as select 1;",
             {{"a@b", 1}}},
        Case{"alter_event", "ALTER DEFINER=`a`@`b` EVENT e DISABLE;", "ALTER  EVENT e DISABLE;", {{"a@b", 1}}},
        Case{"current_user",
             "CREATE DEFINER=CURRENT_USER VIEW v AS SELECT 1;",
             "CREATE  VIEW v AS SELECT 1;",
             {{"CURRENT_USER", 1}}},
        Case{"current_user_called",
             "CREATE DEFINER=current_user ( ) VIEW v AS SELECT 1;",
             "CREATE  VIEW v AS SELECT 1;",
             {{"CURRENT_USER", 1}}},
        Case{"role",
             "CREATE DEFINER=`keeper` FUNCTION `k`() RETURNS INT RETURN 1;",
             "CREATE  FUNCTION `k`() RETURNS INT RETURN 1;",
             {{"keeper", 1}}},
        Case{"role_without_quotes",
             "CREATE DEFINER=keeper VIEW v AS SELECT 1;",
             "CREATE  VIEW v AS SELECT 1;",
             {{"keeper", 1}}},
        Case{"address_without_quotes",
             "CREATE DEFINER=root@127.0.0.1 VIEW v AS SELECT 1;",
             "CREATE  VIEW v AS SELECT 1;",
             {{"root@127.0.0.1", 1}}},
        Case{"blanks_around_the_signs",
             "CREATE DEFINER \n=\t`a` @ `b` VIEW v AS SELECT 1;",
             "CREATE  VIEW v AS SELECT 1;",
             {{"a@b", 1}}},
        Case{"quotes_in_names",
             "CREATE DEFINER=`o``k`@'it''s\"' VIEW v AS SELECT 1;",
             "CREATE  VIEW v AS SELECT 1;",
             {{"o`k@it's\"", 1}}},
        Case{"a_clause_in_a_name",
             "CREATE DEFINER=`DEFINER=``x``@``y`` `@`*/` VIEW v AS SELECT 1;",
             "CREATE  VIEW v AS SELECT 1;",
             {{"DEFINER=`x`@`y` @*/", 1}}},
        Case{
            "no_blank_behind", "CREATE DEFINER=`a`@`b`VIEW v AS SELECT 1;", "CREATE VIEW v AS SELECT 1;", {{"a@b", 1}}},
        Case{"words_that_would_join",
             "CREATE /*!50013DEFINER=`a`@`b`SQL SECURITY DEFINER*/ VIEW v AS SELECT 1;",
             "CREATE /*!50013 SQL SECURITY DEFINER*/ VIEW v AS SELECT 1;",
             {{"a@b", 1}}},
        Case{"comments_in_the_head",
             "CREATE -- it's\n# DEFINER=`x`@`y`\n/* DEFINER=`x`@`y` */ DEFINER=`a`@`b` VIEW v AS SELECT 1;",
             "CREATE -- it's\n# DEFINER=`x`@`y`\n/* DEFINER=`x`@`y` */  VIEW v AS SELECT 1;",
             {{"a@b", 1}}},
        Case{
            "line_ends_of_a_terminal",
            "DELIMITER ;;\r\nCREATE DEFINER=`a`@`b` PROCEDURE p()\r\nBEGIN ; END ;;\r\nDELIMITER ;\r\n"
            "CREATE DEFINER=`c`@`d` VIEW v AS SELECT 1;\r\n",
            "DELIMITER ;;\r\nCREATE  PROCEDURE p()\r\nBEGIN ; END ;;\r\nDELIMITER ;\r\nCREATE  VIEW v AS SELECT 1;\r\n",
            {{"a@b", 1}, {"c@d", 1}}},
        Case{"two_statements_on_a_line",
             "CREATE DEFINER=a@b VIEW v AS SELECT 1;CREATE DEFINER=a@b VIEW w AS SELECT ';';SELECT 1;",
             "CREATE  VIEW v AS SELECT 1;CREATE  VIEW w AS SELECT ';';SELECT 1;",
             {{"a@b", 2}}},
        Case{"first_statement_behind_the_sandbox_line",
             "/*M!999999\\- enable the sandbox mode */ \nCREATE DEFINER=`a`@`b` VIEW v AS SELECT 1;",
             "/*M!999999\\- enable the sandbox mode */ \nCREATE  VIEW v AS SELECT 1;",
             {{"a@b", 1}}}),
    name_of<Case>);

// What must come out as it went in, and, to prove that the scanner is in step behind it, a view with a definer.
struct Untouched {
  const char* name;
  std::string text;
  std::string delimiter = ";";
};
void PrintTo(const Untouched& c, std::ostream* out) { *out << c.name; }

class Rest : public testing::TestWithParam<Untouched> {};

TEST_P(Rest, IsNotTouched) {
  const Untouched& c = GetParam();
  const Result result =
      filtered_in_every_way(c.text + "CREATE DEFINER=`sentinel`@`x` VIEW v AS SELECT 1" + c.delimiter + "\n");
  EXPECT_EQ(result.text, c.text + "CREATE  VIEW v AS SELECT 1" + c.delimiter + "\n");
  EXPECT_EQ(result.removed, (Removed{{"sentinel@x", 1}}));
}

INSTANTIATE_TEST_SUITE_P(
    Definer, Rest,
    testing::Values(
        Untouched{"nothing", ""},
        Untouched{"row_of_the_facts", "INSERT INTO `t` VALUES (1,'DEFINER=`root`@`%` */',2);\n"},
        Untouched{"row_with_a_whole_head",
                  "INSERT INTO `t` VALUES ('\nCREATE DEFINER=`a`@`b` VIEW v AS SELECT 1;\n');\n"},
        Untouched{"row_with_a_delimiter_command",
                  "INSERT INTO `t` VALUES ('\nDELIMITER ;;\nCREATE DEFINER=`a`@`b` VIEW w;\n');\n"},
        Untouched{"row_with_escapes",
                  R"(INSERT INTO t VALUES ('a\\'),('\'; CREATE DEFINER=`a`@`b` VIEW w'),('\\\'');)"},
        Untouched{"row_with_doubled_quotes",
                  R"(INSERT INTO t VALUES ('it''s; CREATE DEFINER=`a`@`b` VIEW w',"a""b;'",'');)"},
        Untouched{"row_with_other_quotes", R"(INSERT INTO t VALUES ("it's \"; CREATE DEFINER=`a`@`b` VIEW w",'"`'))"
                                           ";"},
        Untouched{"name_with_a_quote_and_a_backslash",
                  "INSERT INTO `it's; CREATE DEFINER=``a``@``b`` VIEW \\` VALUES (1);\n"},
        Untouched{"two_minus_signs_are_not_a_comment", "SELECT 5--4, 1---'-- ', '; CREATE DEFINER=a@b VIEW w';\n"},
        Untouched{"line_comment_with_a_quote", "SELECT 1 -- it's; CREATE DEFINER=a@b VIEW w\n, 2;\n"},
        Untouched{"hash_comment_with_a_quote", "SELECT 1 # it's; CREATE DEFINER=a@b VIEW w\n, 2;\n"},
        Untouched{"block_comment_with_a_quote", "SELECT 1 /* it's; CREATE DEFINER=a@b VIEW w **/, 2;\n"},
        Untouched{"short_comments", "SELECT /**/ 1 /***/, 6 / 3 /*M'*/ /*M*/ /*/'*/;\n"},
        Untouched{"comments_between", "--\n-- it's `a` \"view\n--it's\n#it's\n/* it's\n DEFINER=`a`@`b` */\n\n"},
        Untouched{"comment_like_a_head", "-- CREATE DEFINER=`a`@`b` VIEW v\n/* CREATE DEFINER=`a`@`b` VIEW v; */\n"},
        Untouched{"empty_statements", ";;\n ; ;\n"},
        Untouched{"executable_comment_holds_a_string", "/*!40103 SET TIME_ZONE='*/; CREATE DEFINER=a@b VIEW w' */;\n"},
        Untouched{"table_with_such_a_column", "CREATE TABLE t (DEFINER INT, d TEXT DEFAULT 'DEFINER=`a`@`b`');\n"},
        Untouched{"security_definer_without_definer", "CREATE SQL SECURITY DEFINER VIEW w AS SELECT 1;\n"},
        Untouched{"definer_as_a_view_name", "CREATE VIEW definer AS SELECT definer=`a` FROM t;\n"},
        Untouched{"prepared_statement", "PREPARE s FROM 'CREATE DEFINER=`a`@`b` VIEW w AS SELECT 1';\n"},
        Untouched{"not_an_account",
                  "CREATE DEFINER=; CREATE DEFINER VIEW v; CREATE DEFINER=`a`@; CREATE DEFINER=+5;\n"
                  "CREATE /*!50013 DEFINER=`a`@*/`b` VIEW v AS SELECT 1;\n"},
        Untouched{"body_with_heads",
                  "DELIMITER ;;\nCREATE PROCEDURE p()\nBEGIN\nCREATE DEFINER=`a`@`b` VIEW v AS SELECT 1;\n"
                  "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`a`@`b` SQL SECURITY DEFINER */\n"
                  "/*!50001 VIEW `v` AS select 1 */;\nEND ;;\nDELIMITER ;\n"},
        Untouched{"body_with_the_delimiter_in_strings",
                  "DELIMITER ;;\nCREATE PROCEDURE p() BEGIN SELECT ';;', \";;\", `;;`, 'a\n;;\nDELIMITER ;\nCREATE "
                  "DEFINER=`a`@`b` "
                  "VIEW v;'; -- ;;\n# ;;\n/* ;; */ SELECT 1; CREATE DEFINER=`a`@`b` VIEW v; END;;\nDELIMITER ;\n"},
        Untouched{"body_with_half_delimiters",
                  "DELIMITER $$;\nCREATE PROCEDURE p() BEGIN SELECT 1$2, '$$;', a$$b, $$$$ $;\n"
                  "CREATE DEFINER=a@b VIEW w; END $$$;\nDELIMITER ;\n"},
        Untouched{
            "half_delimiters_before_what_begins_something",
            "DELIMITER ;;\nCREATE PROCEDURE p() SELECT 1;'; CREATE DEFINER=a@b VIEW w';`;;`;-- ;;\n;/* ;; */;#;;\n"
            ";;\nDELIMITER ;\n"},
        Untouched{"delimiter_of_a_backtick", "DELIMITER '`'\nSELECT 1; CREATE DEFINER=a@b VIEW w, " +
                                                 std::string(70, '1') + "`\nDELIMITER ;\nSELECT ';', `;`;\n"},
        Untouched{"words_that_begin_like_the_heads_words",
                  "COMMIT; SAVEPOINT `it's`; ANALYZE TABLE t; Call p('; CREATE DEFINER=a@b VIEW w'); I; s; a; c;\n"},
        Untouched{"delimiter_of_slashes",
                  "delimiter //\nCREATE PROCEDURE p() BEGIN SELECT 6/3 /* // it's */; CREATE DEFINER=a@b VIEW "
                  "w; END//\n  Delimiter ;\n"},
        Untouched{"delimiter_stays", "DELIMITER $$\nSELECT 1; CREATE DEFINER=a@b VIEW w; SELECT ';'$$\n", "$$"},
        Untouched{"delimiter_not_at_a_line_start", "SELECT 1; DELIMITER ;;\n;\n"},
        Untouched{"delimiter_in_a_statement", "SELECT\nDELIMITER ;;\n"},
        Untouched{"backslash_is_a_letter_by_mode",
                  "SET sql_mode = 'NO_BACKSLASH_ESCAPES';\nSELECT '\\', \"\\\", '; CREATE DEFINER=a@b VIEW w';\n"},
        Untouched{
            "backslash_escapes_again_by_mode",
            "/*!50003 SET sql_mode              = 'NO_BACKSLASH_ESCAPES' */ ;\n"
            "/*!50003 SET sql_mode              = @saved_sql_mode */ ;\nSELECT '\\'; CREATE DEFINER=a@b VIEW w';\n"},
        Untouched{"backslash_in_a_name_by_mode",
                  "SET @@SESSION.SQL_MODE='ANSI_QUOTES';\nSELECT \"a\\\", '\\'; CREATE DEFINER=a@b';\n"},
        Untouched{"other_variables_are_not_the_mode",
                  "SET @OLD_SQL_MODE=@@SQL_MODE, @sql_mode='NO_BACKSLASH_ESCAPES';\nSELECT '\\'; CREATE DEFINER=a@b "
                  "VIEW w';\n"},
        Untouched{"bytes_that_are_not_text", "INSERT INTO t VALUES (_binary '\0\xff\x80\x1a; \\0',x'00');\n"s}),
    name_of<Untouched>);

TEST(DefinerFilter, ACutTextLosesNothingButWholeClauses) {
  const std::string text =
      "SELECT 1;\nDELIMITER ;;\nCREATE OR REPLACE DEFINER=`a`@`b` PROCEDURE p() BEGIN SELECT 'x;;'; END;;\n";
  const std::string clause = "DEFINER=`a`@`b`";
  const std::size_t begin = text.find(clause);
  for (std::size_t size = 0; size <= text.size(); ++size) {
    std::string expected = text.substr(0, size);
    if (size > begin + clause.size()) expected.erase(begin, clause.size());
    EXPECT_EQ(filtered_in_every_way(text.substr(0, size)).text, expected);
  }
}

TEST(DefinerFilter, AHeadLongerThanTheBufferPassesUnchanged) {
  const std::string head = "CREATE /*" + std::string(70'000, 'x') + "*/ DEFINER=`a`@`b` VIEW v AS SELECT 1;\n";
  const std::string next = "CREATE DEFINER=`a`@`b` VIEW v AS SELECT 1;\n";
  for (const std::size_t chunk : {std::size_t{1000}, std::size_t{65'536}, std::string::npos}) {
    EXPECT_EQ(filtered(head + next, chunk).text, head + "CREATE  VIEW v AS SELECT 1;\n");
  }
}

// Real dumps hold every form at once. The clauses that a person would strike out are found here by their places: at the
// start of a line, or behind `/*!50003 CREATE*/`; the procedure `p` holds others in strings, and is struck by hand.
TEST(DefinerFilter, ARealDumpLosesItsClausesAndNothingElse) {
  const std::string dump = read_fixture("mariadb-10.11.sql");
  ASSERT_FALSE(dump.empty());
  std::string expected = dump;
  for (const char* clause :
       {"DEFINER=`ITA_USER`@`%`*/ /*!50003 TRIGGER", "DEFINER=`ITA_USER`@`%`*/ /*!50106 EVENT",
        "DEFINER=`nbe`@`%` FUNCTION", "DEFINER=\"ansi\"@\"%\" FUNCTION", "DEFINER=`root`@`localhost` FUNCTION",
        "DEFINER=`keeper` FUNCTION", "DEFINER=`root`@`localhost` PROCEDURE", "DEFINER=\"pk\"@\"%\" PACKAGE \"",
        "DEFINER=\"pk\"@\"%\" PACKAGE BODY", "DEFINER=`pf-user`@`%` SQL", "DEFINER=`o``k`@`local'host` SQL"}) {
    const std::size_t at = expected.find(clause);
    ASSERT_NE(at, std::string::npos) << clause;
    expected.erase(at, std::string_view(clause).find_first_of(" *"));
  }
  const Result result = filtered_in_every_way(dump);
  EXPECT_EQ(result.text, expected);
  EXPECT_EQ(result.removed, (Removed{{"ITA_USER@%", 2},
                                     {"ansi@%", 1},
                                     {"keeper", 1},
                                     {"nbe@%", 1},
                                     {"o`k@local'host", 1},
                                     {"pf-user@%", 1},
                                     {"pk@%", 2},
                                     {"root@localhost", 2}}));
}

// The scanner looks at 64 bytes at a time: whatever begins in one block may go on in the next.
TEST(DefinerFilter, KeepsInStepWhereverABlockEnds) {
  for (const char* piece :
       {"`it's; CREATE DEFINER=a@b`", "`a\\`, '\\'; CREATE DEFINER=a@b'", "`a``'b`,'`; CREATE DEFINER=a@b'",
        "`a`.`'`,`\\\\`/`;`", "'`',`'`,'\\'`; CREATE DEFINER=a@b'", "1 -- it's; CREATE DEFINER=a@b VIEW w\n",
        "/* it's; CREATE DEFINER=a@b */", "'\\\\\\'; CREATE DEFINER=a@b'", "'\\\\', '; CREATE DEFINER=a@b'",
        "'it''s; CREATE DEFINER=a@b'", "# it's\n"}) {
    for (std::size_t size = 0; size < 130; ++size) {
      const std::string text = "SELECT " + std::string(size, '1') + "," + piece + ", " + std::string(200, '1') + ";\n";
      EXPECT_EQ(filtered(text + "CREATE DEFINER=a@b VIEW v;\n").text, text + "CREATE  VIEW v;\n");
    }
  }
}

// Names are passed over inside a block, and may end in any later one; strings with and without escapes lie between
// them.
TEST(DefinerFilter, RandomNamesPassUnchangedAndTheScannerStaysInStep) {
  std::mt19937 random(11);
  const auto bytes = [&](std::string_view alphabet, std::size_t most) {
    std::string text;
    for (std::size_t size = random() % most; size > 0; --size) text += alphabet[random() % alphabet.size()];
    return text;
  };
  for (int round = 0; round < 1000; ++round) {
    std::string text = "UPDATE ";
    for (int parts = 0; parts < 20; ++parts) {
      switch (random() % 5) {
        case 0:
          text += "`" + bytes("a'\"\\;-#/*", random() % 8 == 0 ? 200 : 12) + "`";
          break;
        case 1:
          text += "'" + bytes("a`\";-#/*", 20) + "\\'" + bytes("a`;", 90) + "'";
          break;
        case 2:
          text += "'" + bytes("`;", 3) + "\\\\'";
          break;
        case 3:
          text += "\"" + bytes("a'`;", 10) + "\"";
          break;
        default:
          text += bytes("a1=,. ", 40) + "-1,";
      }
    }
    text += ";\n";
    const std::string dump = text + "CREATE DEFINER=a@b VIEW v;\n";
    ASSERT_EQ(filtered(dump).text, text + "CREATE  VIEW v;\n");
    ASSERT_EQ(filtered(dump, 1 + random() % 200), filtered(dump));
    ASSERT_EQ(filtered(dump, 1), filtered(dump));  // a byte at a time: no blocks at all
  }
}

// Rows made at random from the bytes that matter, long enough for whole blocks, against what was put in.
TEST(DefinerFilter, RandomRowsPassUnchangedAndTheScannerStaysInStep) {
  std::mt19937 random(7);
  const std::string_view alphabet = "''\"`\\\\;-/*#\n a1,DEFINER=";
  const auto any_of = [&](std::string_view bytes) { return bytes[random() % bytes.size()]; };
  for (int round = 0; round < 400; ++round) {
    std::string text = "INSERT INTO `t` VALUES (";
    for (int strings = 0; strings < 12; ++strings) {
      std::string value;
      for (std::size_t size = random() % 90; size > 0; --size) {
        const char byte = random() % 3 == 0 ? any_of(alphabet) : 'x';
        if (byte == '\'' && random() % 2 == 0) {
          value += "''";
        } else if (byte == '\'' || byte == '\\') {
          value += std::string{'\\', byte};
        } else {
          value += byte;
        }
      }
      text += "'" + value + "',-" + std::to_string(random() % 1000) + ",";
    }
    text += "1);\n";
    const Result result = filtered(text + "CREATE DEFINER=a@b VIEW v;\n", 1 + random() % 200);
    ASSERT_EQ(result.text, text + "CREATE  VIEW v;\n");
    ASSERT_EQ(filtered(text + "CREATE DEFINER=a@b VIEW v;\n"), result);
  }
}

}  // namespace
}  // namespace exastro::stream
