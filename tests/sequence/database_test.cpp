// The database work against a real MariaDB server that this test starts, with the real scripts: only kubectl is stood
// in for, by a program that runs the script here.
#include "sequence/database.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "archive/decoding.h"
#include "process/child.h"
#include "real_server.h"

namespace exastro {
namespace {

TEST(OptionFile, QuotesEveryValue) {
  EXPECT_EQ(option_file({"h", "3306", "u", "p\"#"}),
            "[client]\nhost=\"h\"\nport=\"3306\"\nuser=\"u\"\npassword=\"p\\\"#\"\nprotocol=tcp\ndefault-character-set="
            "utf8mb4\n");
}

TEST(Rows, UndoWhatBatchModeEscapes) {
  EXPECT_EQ(parse_rows("a\tb\\tc\nd\\\\\\n\t\n"), (std::vector<Row>{{"a", "b\tc"}, {"d\\\n", ""}}));
  EXPECT_TRUE(parse_rows("").empty());
}

TEST(Errors, HideHashes) {
  EXPECT_EQ(without_hashes("near '*1234567890ABCDEF1234567890ABCDEF12345678' at"), "near '…' at");
  EXPECT_EQ(without_hashes("IDENTIFIED VIA ed25519 USING 'ab+c/d' OR x"), "IDENTIFIED VIA ed25519 USING '…' OR x");
  EXPECT_EQ(without_hashes("SET PASSWORD FOR a = PASSWORD('secret')"), "SET PASSWORD FOR a = PASSWORD('…')");
  EXPECT_EQ(without_hashes(R"(BY 'a\'b''c', AS 'd')"), "BY '…', AS '…'");
  EXPECT_EQ(without_hashes("near 'PASSWORD('cut off"), "near 'PASSWORD('…'");
}

TEST(Redaction, TakesTextsOfAnyLength) {
  const std::string text(1'000'000, 'x');
  EXPECT_EQ(without_hashes("IDENTIFIED BY '" + text + "' or " + text), "IDENTIFIED BY '…' or " + text);
  EXPECT_EQ(without_hashes("BY" + std::string(1'000'000, ' ') + "'x'").size(), 1'000'005);
}

TEST_F(RealServer, APasswordWithEveryQuoteLogsIn) {
  Database database = make();
  EXPECT_EQ(database.query("SELECT 'x\\ty', 1;"), (std::vector<Row>{{"x\ty", "1"}}));
}

TEST_F(RealServer, AWrongPasswordIsRefusedAndNotShown) {
  try {
    make("wrong-and-hidden").query("SELECT 1;");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("Access denied"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("wrong-and-hidden"), std::string::npos);
  }
}

TEST_F(RealServer, AStatementThatFailsIsNotRepeatedWithItsPassword) {
  Database database(cluster(), LocalPod::container(), login(), {"top'secret9"});
  try {
    database.query("SET PASSWORD FOR nobody@'%' = PASSWORD('top''secret9');");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("secret9"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("ERROR 1133"), std::string::npos) << error.what();
  }
}

TEST_F(RealServer, AFailingStatementIsAnError) { EXPECT_THROW(make().query("SELECT * FROM no.such;"), Error); }

// Everything that the vendor's `sed`, a terminal, or a client without --binary-mode is known to spoil.
TEST_F(RealServer, ADumpLoadsBackToTheSame) {
  Database database = make();
  database.query(R"(DROP DATABASE IF EXISTS round; CREATE DATABASE round; USE round;
CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, text LONGTEXT, raw LONGBLOB, flags BIT(9), n INT NULL)
  ENGINE=InnoDB ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
INSERT INTO t (text, raw, flags, n) VALUES
  ('日本語 😀 ''quoted'' "double" \\ back', UNHEX('00010A0D1A22275C80FF'), b'101010101', NULL),
  ('a row with DEFINER=`root`@`%` */ in it', CONCAT(UNHEX('E35CE327F09F27C32722'), REPEAT(CHAR(255), 300000)), b'0', 1),
  ('line\r\n\\! touch /tmp/never\r\nDELIMITER ;;\n-- Dump completed', NULL, NULL, -1);
CREATE VIEW v AS SELECT id, text FROM t;
CREATE SEQUENCE s START WITH 100 CACHE 10;
SELECT NEXTVAL(s);
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.n = COALESCE(NEW.n, 7);
CREATE PROCEDURE p() SELECT /* a comment that belongs to the body */ 'CREATE DEFINER=`a`@`b` PROCEDURE x';
CREATE PROCEDURE ends() SELECT COUNT(*) AS 件数 FROM t AS 表;
CREATE FUNCTION ends_too(価格 INT) RETURNS INT RETURN 価格;
CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DISABLE DO DELETE FROM t WHERE id < 0;
)");
  const std::string picture_sql =
      "USE round; CHECKSUM TABLE t EXTENDED; SHOW CREATE TABLE t; SHOW CREATE VIEW v; SHOW CREATE TRIGGER tr; "
      "SHOW CREATE PROCEDURE p; SHOW CREATE PROCEDURE ends; SHOW CREATE FUNCTION ends_too; SHOW CREATE EVENT e; SELECT "
      "text, HEX(LEFT(raw, 20)), LENGTH(raw), flags + 0, n FROM t "
      "ORDER BY id;";
  const auto picture = [&] {
    auto rows = database.query(picture_sql);
    // SHOW CREATE TRIGGER ends with the time of its creation.
    for (auto& row : rows) {
      if (row[0] == "tr") row.pop_back();
    }
    return rows;
  };
  const auto before = picture();
  EXPECT_NE(database.query("SHOW CREATE PROCEDURE round.p;").at(0).at(2).find("a comment that belongs"),
            std::string::npos);
  const std::string stored = dumped(database, "round");
  database.query("DROP DATABASE round;");
  load(database, stored);
  EXPECT_EQ(picture(), before);
  EXPECT_GE(std::stoi(database.query("SELECT NEXTVAL(round.s);").at(0).at(0)), 101);
  EXPECT_FALSE(std::filesystem::exists("/tmp/never"));
  database.query("DROP DATABASE round;");
}

TEST_F(RealServer, ADumpThatDoesNotSayItsCharacterSetIsTakenForUtf8) {
  Database database = make();
  load(database, compressed("CREATE DATABASE unsaid;\nCREATE TABLE unsaid.t (c TEXT CHARACTER SET latin1);\n"
                            "INSERT INTO unsaid.t VALUES ('é');\n"));
  EXPECT_EQ(database.query("SELECT HEX(c) FROM unsaid.t;"), (std::vector<Row>{{"E9"}}));
  database.query("DROP DATABASE unsaid;");
}

// With a stand-in that tells how mariadb-dump was called.
class DumpProgram : public RealServer {
 protected:
  void SetUp() override {
    RealServer::SetUp();
    if (HasFatalFailure()) return;
    real_ = process::find_program("mariadb-dump")->string();
    path_ = ::getenv("PATH");
    std::filesystem::create_directory(bin());
    stand_in("exec \"$real\" \"$@\"");
    ::setenv("PATH", (bin().string() + ":" + path_).c_str(), 1);
    ::setenv("MYSQL_PWD", kPassword, 1);  // for what the tests themselves start
    pod_.emplace(*directory_);            // with a shell that has this environment
  }
  void TearDown() override {
    if (path_.empty()) return;
    ::setenv("PATH", path_.c_str(), 1);
    ::unsetenv("MYSQL_PWD");
    pod_.emplace(*directory_);
    make().query("DROP DATABASE IF EXISTS `表 1`;");
    std::filesystem::remove_all(bin());
  }

  static std::filesystem::path bin() { return *directory_ / "bin"; }
  void stand_in(const std::string& body, const std::string& version = "exec \"$real\" \"$@\"") {
    const auto program = bin() / "mariadb-dump";
    std::ofstream(program) << "#!/bin/sh\nreal=" << real_ << "\ncase $1 in --version) " << version
                           << "; esac\necho \"$*\" >" << (bin() / "asked").string() << "\n"
                           << body << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  }
  static std::string text_of(const char* name) {
    std::ifstream file(bin() / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::string asked() { return text_of("asked"); }
  static std::string plain(const std::string& stored) {
    std::string text;
    stream::CallbackSink out([&](std::span<const std::byte> bytes) { text += stream::as_text(bytes); });
    const auto unpack = archive::make_decoder(archive::Encoding::kGzip, out);
    unpack->write(stream::as_bytes(stored));
    unpack->finish();
    return text;
  }
  // What mariadb-dump writes when it is asked for UTF-8.
  std::string in_utf8() const {
    const auto file = bin() / "plain";
    const int status = std::system((real_ + " --no-defaults --host=127.0.0.1 --user=root --port=" + port() +
                                    " --single-transaction --routines --events --triggers "
                                    "--default-character-set=utf8mb4 --max-allowed-packet=1G --databases '表 1' >" +
                                    file.string())
                                       .c_str());
    EXPECT_EQ(status, 0);
    std::ifstream text(file);
    return {std::istreambuf_iterator<char>(text), {}};
  }
  // Without the time, which is at the end.
  static std::string timeless(const std::string& dump) { return dump.substr(0, dump.rfind("-- Dump completed")); }

  // As it is kept in the pod where there is room.
  static std::string staged_plain(Database& database) {
    static int count = 0;
    const std::string group = fmt::format("plain-{}", ++count);
    database.stage_dumps({group, StagedForm::kPlain, archive::Encoding::kGzip, 1, {"表 1"}});
    std::ifstream file(*directory_ / "exastro-staged" / group / "1" / "data");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string fails() {
    return error_of([](Database& database) { dumped(database, "表 1"); });
  }
  std::string error_of(const std::function<void(Database&)>& work) {
    try {
      Database database = make();
      work(database);
      return "no error";
    } catch (const Error& error) {
      return error.what();
    }
  }

  std::string real_;
  std::string path_;
};

TEST_F(DumpProgram, ReadsUtf8AsItIsStored) {
  Database database = make();
  database.query(R"(CREATE DATABASE `表 1`; USE `表 1`;
CREATE TABLE `表 ``い``` (id INT PRIMARY KEY AUTO_INCREMENT COMMENT '番号', `文` LONGTEXT DEFAULT '日本 ''x'' \\',
  raw LONGBLOB, flags BIT(9), three TEXT CHARACTER SET utf8mb3, a CHAR(9) CHARACTER SET ascii, e ENUM('日','b''c'),
  j JSON, u UUID, i INET6, g GEOMETRY, n INT GENERATED ALWAYS AS (CHAR_LENGTH(a)) VIRTUAL, k VARCHAR(9) CHECK (k <> 'え'))
  COMMENT '表の';
INSERT INTO `表 ``い``` (`文`, raw, flags, three, a, e, j, u, i, g) VALUES
  ('日本語 😀 ''quoted'' "double" \\ back', UNHEX('00010A0D1A22275C80FF'), b'101010101', 'あ', 'a', '日', '{"a":"い"}',
   UUID(), '::1', ST_GeomFromText('POINT(1 2)')),
  ('line\r\n\t\0\Z', UNHEX('805C8027BF27A02722'), b'0', '', '', 'b''c', '[]', NULL, NULL, NULL),
  (REPEAT('長い''', 300000), REPEAT(CHAR(255), 300000), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE VIEW `見` AS SELECT id, CONCAT(`文`, 'ん') AS `列` FROM `表 ``い```;
CREATE SEQUENCE s START WITH 100 CACHE 10;
CREATE TRIGGER `前` BEFORE INSERT ON `表 ``い``` FOR EACH ROW SET NEW.`文` = COALESCE(NEW.`文`, 'な');
CREATE PROCEDURE `手`() COMMENT 'と' SELECT 'む' AS 目;
CREATE EVENT `時` ON SCHEDULE EVERY 1 YEAR DISABLE DO DELETE FROM `表 ``い``` WHERE `文` = 'め';
)");
  const std::string stored = dumped(database, "表 1");
  EXPECT_THAT(asked(), testing::HasSubstr("--default-character-set=binary"));
  EXPECT_EQ(timeless(plain(stored)), timeless(in_utf8()));
  EXPECT_THAT(plain(stored), testing::HasSubstr("-- Dump completed"));
  std::string in_place = staged_plain(database);
  EXPECT_THAT(asked(), testing::HasSubstr("--default-character-set=binary"));
  const std::string shorter = "/*!40101 SET NAMES utf8mb4*/;";
  const auto at = in_place.find(shorter);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(timeless(std::string(in_place).replace(at, shorter.size(), "/*!40101 SET NAMES utf8mb4 */;")),
            timeless(in_utf8()));
  database.query("DROP DATABASE `表 1`;");
  load(database, compressed(in_place));
  EXPECT_EQ(timeless(plain(dumped(database, "表 1"))), timeless(plain(stored)));
}

TEST_F(DumpProgram, AsksForUtf8WhereOneColumnIsNot) {
  Database database = make();
  database.query(
      "CREATE DATABASE `表 1`; CREATE TABLE `表 1`.t (l TEXT CHARACTER SET latin1, s TEXT CHARACTER SET sjis);"
      "INSERT INTO `表 1`.t VALUES ('é', 'ソ表');");
  const std::string stored = dumped(database, "表 1");
  EXPECT_THAT(asked(), testing::HasSubstr("--default-character-set=utf8mb4"));
  EXPECT_THAT(plain(stored), testing::HasSubstr("('é','ソ表')"));
  database.query("DROP DATABASE `表 1`;");
  load(database, stored);
  EXPECT_EQ(database.query("SELECT HEX(l), HEX(s) FROM `表 1`.t;"), (std::vector<Row>{{"E9", "835C955C"}}));
}

TEST_F(DumpProgram, IsAskedForUtf8IfItIsNotMariaDbs) {
  make().query("CREATE DATABASE `表 1`;");
  stand_in("exec \"$real\" \"$@\"", "echo 'mysqldump  Ver 8.0.40 for Linux on x86_64 (Source distribution)'; exit");
  EXPECT_EQ(fails(), "no error");
  EXPECT_THAT(asked(), testing::HasSubstr("--default-character-set=utf8mb4"));
}

TEST_F(DumpProgram, MustSayItsCharacterSet) {
  make().query("CREATE DATABASE `表 1`;");
  stand_in("\"$real\" \"$@\" | grep -v 'SET NAMES'");
  EXPECT_THAT(fails(), testing::HasSubstr("does not say its character set"));
  EXPECT_THAT(error_of(staged_plain), testing::HasSubstr("does not say its character set"));
}

TEST_F(DumpProgram, FailsIfATableGetsAnotherCharacterSetMeanwhile) {
  make().query("CREATE DATABASE `表 1`;");
  stand_in("\"$real\" \"$@\" || exit; mariadb --no-defaults --host=127.0.0.1 --user=root --port=" + port() +
           " --execute='CREATE TABLE t (l TEXT CHARACTER SET latin1)' '表 1'");
  EXPECT_THAT(fails(), testing::HasSubstr("another character set"));
}

TEST_F(DumpProgram, ItsOwnWordsAndStatusAreGiven) {
  make().query("CREATE DATABASE `表 1`;");
  for (const char* before : {"", "\"$real\" \"$@\" | head -15; "}) {
    stand_in(std::string(before) + "echo 'mariadb-dump: it went wrong' >&2; exit 5");
    EXPECT_THAT(fails(), testing::HasSubstr("mariadb-dump ended with status 5: mariadb-dump: it went wrong"));
    EXPECT_THAT(asked(), testing::HasSubstr("--default-character-set=binary"));
  }
}

// The session that holds the lock has nothing to say for as long as the dumps take, and must not be ended for that.
TEST_F(DumpProgram, AreUnderOneLockThatIsHeldToTheEnd) {
  make().query("CREATE DATABASE `表 1`;");
  Database database = make();
  const std::string client = "mariadb --no-defaults --host=127.0.0.1 --user=root --skip-column-names --port=" + port();
  const auto sessions = [&](const std::string& what) {
    return client + " --execute=\"SELECT " + what +
           " FROM information_schema.PROCESSLIST WHERE USER = 'root' AND ID <> CONNECTION_ID()\"";
  };
  const auto idle = bin() / "idle";
  const auto listing = [&](const char* name) {
    return "ls -lnR " + (*directory_ / "exastro-staged/held").string() + " >" + (bin() / name).string() + "; ";
  };
  stand_in(listing("first") + "sleep 17; " + listing("second") + sessions("MAX(TIME)") + " >" + idle.string() +
           "; exec \"$real\" \"$@\"");
  EXPECT_EQ(database.stage_dumps({"held", StagedForm::kPlain, archive::Encoding::kGzip, 1, {"表 1"}}).note, "");
  int seconds = 99;
  std::ifstream(idle) >> seconds;
  EXPECT_LT(seconds, 10) << "it was silent";
  // Where a dump's progress is seen: what it says itself must not count, and a listing tells times to the minute only.
  EXPECT_EQ(text_of("first"), text_of("second"));
  EXPECT_THAT(text_of("first"), testing::AllOf(testing::HasSubstr("locked"), testing::Not(testing::HasSubstr("\np"))))
      << "the pipe that it speaks through is there";
  stand_in("kills=$(" + sessions("CONCAT('KILL ', ID, ';')") + "); " + client +
           " --execute=\"$kills\"; exec \"$real\" \"$@\"");
  EXPECT_THAT(database.stage_dumps({"lost", StagedForm::kPlain, archive::Encoding::kGzip, 1, {"表 1"}}).note,
              testing::HasSubstr("ended before the dumps"));
}

TEST_F(RealServer, ADumpOfWhatIsNotThereIsAnError) {
  Database database = make();
  try {
    dumped(database, "no_such_database");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("mariadb-dump ended with status"), std::string::npos);
  }
}

TEST_F(RealServer, TheSandboxLineOfNewerDumpsIsTakenOff) {
  Database database = make();
  load(database, compressed("/*M!999999\\- enable the sandbox mode */\nCREATE DATABASE sandboxed;\n"));
  EXPECT_EQ(database.query("SHOW DATABASES LIKE 'sandboxed';").size(), 1U);
  database.query("DROP DATABASE sandboxed;");
}

TEST_F(RealServer, AFailingLoadIsAnErrorAndEnds) {
  Database database = make();
  EXPECT_THROW(load(database, compressed("SELECT * FROM no.such;\n" + std::string(20'000'000, '\n'))), Error);
  EXPECT_THROW(load(database, compressed("SELECT 1;\n").substr(0, 12)), Error) << "a cut stream";
}

TEST_F(RealServer, AServerKnowsItselfUnderAnotherName) {
  Database database = make();
  Database same = make();
  EXPECT_TRUE(database.is_same_server(same, "exastro-test"));
}

TEST_F(RealServer, AccountsComeBackWithGrantsAndHash) {
  Database database = make();
  database.query(
      "CREATE DATABASE `PF_ORG_A`; CREATE USER 'PF_ORG_A'@'%' IDENTIFIED BY 'x''y'; "
      "GRANT ALL ON `PF_ORG_A`.* TO 'PF_ORG_A'@'%' WITH GRANT OPTION;");
  const auto before = database.accounts({{"PF_ORG_A", "%"}});
  ASSERT_EQ(before.size(), 1U);
  ASSERT_EQ(before[0].grants.size(), 2U);
  database.query("DROP USER 'PF_ORG_A'@'%';");
  EXPECT_THROW(database.accounts({{"PF_ORG_A", "%"}}), Error) << "the account is gone";
  std::string sql = create_or_replace(before[0].create) + ";\n";
  for (const auto& grant : before[0].grants) sql += grant_without_authentication(grant) + ";\n";
  database.query(sql);
  EXPECT_EQ(database.accounts({{"PF_ORG_A", "%"}}), before);
  database.query("DROP USER 'PF_ORG_A'@'%'; DROP DATABASE `PF_ORG_A`;");
}

// As deliver() leaves it in a pod.
Delivered delivered(const std::filesystem::path& folder, const std::string& name, const std::string& stored,
                    StagedForm form = StagedForm::kCompressed) {
  const auto directory = folder / "exastro-staged" / "delivered";
  std::filesystem::create_directories(directory);
  std::ofstream(directory / name, std::ios::binary) << stored;
  if (form == StagedForm::kPlain) std::ofstream(directory / (name + ".size")) << stored.size() << "\n";
  return {name, archive::Encoding::kGzip, form};
}

TEST_F(RealServer, WhatWasDeliveredIsLoaded) {
  Database database = make();
  const std::string views = "CREATE VIEW delivered_1.v AS SELECT 1 AS one;\n";
  const std::string first = "CREATE DATABASE delivered_1;\n";
  database.load_delivered(
      "both",
      {{"delivered_1", delivered(*directory_, "a", compressed(first + views)), first.size()},
       {"delivered_2", delivered(*directory_, "b", compressed("CREATE DATABASE delivered_2;\n")), 0},
       {"delivered_3", delivered(*directory_, "c", "CREATE DATABASE delivered_3;\n", StagedForm::kPlain), 0}},
      2);
  EXPECT_EQ(database.query("SHOW DATABASES LIKE 'delivered%';").size(), 3U);
  EXPECT_TRUE(database.query("SHOW TABLES FROM delivered_1;").empty());
  database.query("DROP DATABASE delivered_1; DROP DATABASE delivered_2; DROP DATABASE delivered_3;");
}

TEST_F(RealServer, WhatIsNotAllThereAnyMoreIsNotLoaded) {
  Database database = make();
  const std::string first = "CREATE DATABASE delivered_1;\n";
  const Delivered file = delivered(*directory_, "short", first + "CREATE DATABASE delivered_2;\n", StagedForm::kPlain);
  std::filesystem::resize_file(*directory_ / "exastro-staged/delivered/short", first.size());
  try {
    database.load_delivered("short", {{"delivered_1", file, 0}}, 1);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("not all there"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(database.query("SHOW DATABASES LIKE 'delivered%';").empty());
}

// Killed between two statements, what cuts the dump off before its views gives the client what looks like all of it.
TEST_F(DumpProgram, ALoadThatDidNotGetAllOfItFails) {
  const std::string first = "CREATE DATABASE `表 1`;\n";
  const std::string rest = "CREATE TABLE `表 1`.t (id INT);\n";
  const auto head = bin() / "head";
  std::ofstream(head) << "#!/bin/sh\n[ \"$2\" != " << rest.size() << " ] || kill -9 $$\nPATH=" << path_
                      << "\nexec head \"$@\"\n";
  std::filesystem::permissions(head, std::filesystem::perms::owner_all);
  Database database = make();
  const auto load = [&](const std::string& group) {
    database.load_delivered(
        group, {{"表 1", delivered(*directory_, group, compressed(first + rest)), first.size() + rest.size()}}, 1);
  };
  EXPECT_THROW(load("killed"), Error);
  std::filesystem::remove(head);
  database.query("DROP DATABASE `表 1`;");
  load("whole");
  EXPECT_EQ(database.query("SHOW TABLES FROM `表 1`;").size(), 1U);
}

TEST_F(RealServer, ADeliveredDumpThatFailsIsNamedWithTheServersWords) {
  Database database(cluster(), LocalPod::container(), login(), {"hidden'word"});
  const auto failure = [&](const std::string& group, const std::string& stored) -> std::string {
    try {
      database.load_delivered(group, {{"the_database", delivered(*directory_, group, stored), 0}}, 1);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string wrong =
      failure("wrong", compressed("SELECT 'hidden''word' FROM no.such;\n" + std::string(20'000'000, '\n')));
  EXPECT_NE(wrong.find("Loading the_database failed: mariadb"), std::string::npos) << wrong;
  EXPECT_NE(wrong.find("no.such"), std::string::npos) << wrong;
  EXPECT_EQ(wrong.find("hidden"), std::string::npos) << wrong;
  const std::string of_rows =
      failure("rows", compressed("INSERT INTO no.such VALUES ('" + std::string(100'000, 'r') + "');\n"));
  EXPECT_NE(of_rows.find("ERROR"), std::string::npos) << of_rows;
  EXPECT_EQ(of_rows.find("rrrr"), std::string::npos) << "it shows people's rows: " << of_rows;
  EXPECT_NE(failure("cut", compressed("SELECT 1;\n").substr(0, 12)).find("the_database failed"), std::string::npos);
  EXPECT_NE(failure("empty", "").find("the_database failed"), std::string::npos) << "nothing is no dump";
}

}  // namespace
}  // namespace exastro
