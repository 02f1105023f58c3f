// The database work against a real MariaDB server that this test starts, with the real scripts: only kubectl is stood
// in for, by a program that runs the script here.
#include "sequence/database.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "kube/kubectl.h"
#include "stream/digest.h"
#include "stream/gzip.h"

namespace exastro {
namespace {

constexpr const char* kPassword = "a \"b\" 'c' \\ $d #e; `f`";

TEST(OptionFile, QuotesEveryValue) {
  EXPECT_EQ(option_file({"h", "3306", "u", "p\"#"}),
            "[client]\nhost=\"h\"\nport=\"3306\"\nuser=\"u\"\npassword=\"p\\\"#\"\nprotocol=tcp\ndefault-character-set=utf8mb4\n");
}

TEST(Rows, UndoWhatBatchModeEscapes) {
  EXPECT_EQ(parse_rows("a\tb\\tc\nd\\\\\\n\t\n"), (std::vector<Row>{{"a", "b\tc"}, {"d\\\n", ""}}));
  EXPECT_TRUE(parse_rows("").empty());
}

TEST(Errors, HideHashes) {
  EXPECT_EQ(without_hashes("near '*1234567890ABCDEF1234567890ABCDEF12345678' at"), "near '…' at");
  EXPECT_EQ(without_hashes("IDENTIFIED VIA ed25519 USING 'ab+c/d' OR x"), "IDENTIFIED VIA ed25519 USING '…' OR x");
  EXPECT_EQ(without_hashes("SET PASSWORD FOR a = PASSWORD('secret')"), "SET PASSWORD FOR a = PASSWORD('…')");
}

class RealServer : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = new std::filesystem::path(std::filesystem::temp_directory_path() / ("exastro-db-" + std::to_string(getpid())));
    std::filesystem::create_directories(*directory_);
    std::filesystem::permissions(*directory_, std::filesystem::perms::all);
    const std::string data = (*directory_ / "data").string();
    const std::string user = geteuid() == 0 ? "--user=root" : "";
    if (system(("mariadb-install-db --no-defaults " + user + " --auth-root-authentication-method=normal --datadir=" + data +
                      " >/dev/null 2>&1").c_str()) != 0) return;
    std::ofstream init(*directory_ / "init.sql");
    init << "ALTER USER root@localhost IDENTIFIED BY " << quote_text(kPassword) << ";\n"
         << "CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY " << quote_text(kPassword) << ";\n"
         << "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n";
    init.close();
    const std::string socket = (*directory_ / "s").string();
    const std::string init_file = "--init-file=" + (*directory_ / "init.sql").string();
    const std::string port_option = "--port=" + port();  // before the fork: the child has another number
    server_ = fork();
    if (server_ == 0) {
      if (freopen("/dev/null", "w", stdout) == nullptr || freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
      execlp("mariadbd", "mariadbd", "--no-defaults", user.empty() ? "--skip-networking=0" : user.c_str(), ("--datadir=" + data).c_str(),
             ("--socket=" + socket).c_str(), port_option.c_str(), "--bind-address=127.0.0.1", init_file.c_str(), "--skip-name-resolve",
             "--lower-case-table-names=1", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin",
             ("--pid-file=" + data + "/pid").c_str(), nullptr);
      _exit(127);
    }
    std::ofstream kubectl(*directory_ / "kubectl");
    kubectl << "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done; shift 3\nscript=$1; shift\nexec setsid -w sh -c \"$script\" \"$@\"\n";
    kubectl.close();
    chmod((*directory_ / "kubectl").c_str(), 0700);
    for (int tries = 0; tries < 120; ++tries) {
      try {
        RealServer::make().query("SELECT 1;");
        started_ = true;
        return;
      } catch (const Error&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(250));
      }
    }
  }

  // Here and not above: a test whose suite is not set up counts as skipped, and a check that is skipped is none.
  void SetUp() override { ASSERT_TRUE(started_) << "the server did not start"; }

  static void TearDownTestSuite() {
    if (server_ > 0) {
      kill(server_, SIGTERM);
      waitpid(server_, nullptr, 0);
    }
    std::filesystem::remove_all(*directory_);
    delete directory_;
  }

  static Database make(const std::string& password = kPassword) {
    static kube::Kubectl cluster = [] {
      kube::KubectlOptions options;
      options.program = *directory_ / "kubectl";
      return kube::Kubectl(options);
    }();
    return {cluster, {"ns", "pod", "c"}, {"127.0.0.1", port(), "root", password}};
  }

  // Tests may run side by side, each in a process with a server of its own.
  static std::string port() { return std::to_string(20000 + getpid() % 12000); }

  static std::string dumped(Database& database, const std::string& name) {
    std::string stored;
    stream::Digest digest;
    database.dump(name,
                  [&](std::span<const std::byte> bytes) {
                    stored.append(stream::as_text(bytes));
                    digest.update(bytes);
                  },
                  [&] { return digest.hex(); });
    return stored;
  }

  static void load(Database& database, const std::string& stored) {
    stream::Digest digest;
    std::size_t at = 0;
    database.load(stored.size(),
                  [&](std::span<std::byte> room) {
                    const std::size_t count = std::min(room.size(), stored.size() - at);
                    std::memcpy(room.data(), stored.data() + at, count);
                    digest.update(room.first(count));
                    at += count;
                    return count;
                  },
                  [&] { return digest.hex(); });
  }

  static std::string compressed(const std::string& plain) {
    std::string stored;
    stream::CallbackSink sink([&](std::span<const std::byte> bytes) { stored.append(stream::as_text(bytes)); });
    stream::GzipCompressor gzip(sink, 6);
    gzip.write(stream::as_bytes(plain));
    gzip.finish();
    return stored;
  }

  static std::filesystem::path* directory_;
  static pid_t server_;
  static bool started_;
};
std::filesystem::path* RealServer::directory_ = nullptr;
pid_t RealServer::server_ = -1;
bool RealServer::started_ = false;

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

TEST_F(RealServer, AFailingStatementIsAnError) { EXPECT_THROW(make().query("SELECT * FROM no.such;"), Error); }

// Everything that the vendor's `sed`, a terminal, or a client without --binary-mode is known to spoil.
TEST_F(RealServer, ADumpLoadsBackToTheSame) {
  Database database = make();
  database.query(R"(DROP DATABASE IF EXISTS round; CREATE DATABASE round; USE round;
CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, text LONGTEXT, raw LONGBLOB, flags BIT(9), n INT NULL)
  ENGINE=InnoDB ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8;
INSERT INTO t (text, raw, flags, n) VALUES
  ('日本語 😀 ''quoted'' "double" \\ back', UNHEX('00010A0D1A22275C80FF'), b'101010101', NULL),
  ('a row with DEFINER=`root`@`%` */ in it', REPEAT(CHAR(255), 300000), b'0', 1),
  ('line\r\n\\! touch /tmp/never\r\nDELIMITER ;;\n-- Dump completed', NULL, NULL, -1);
CREATE VIEW v AS SELECT id, text FROM t;
CREATE SEQUENCE s START WITH 100 CACHE 10;
SELECT NEXTVAL(s);
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.n = COALESCE(NEW.n, 7);
CREATE PROCEDURE p() SELECT /* a comment that belongs to the body */ 'CREATE DEFINER=`a`@`b` PROCEDURE x';
CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DISABLE DO DELETE FROM t WHERE id < 0;
)");
  const std::string picture_sql =
      "USE round; CHECKSUM TABLE t EXTENDED; SHOW CREATE TABLE t; SHOW CREATE VIEW v; SHOW CREATE TRIGGER tr; "
      "SHOW CREATE PROCEDURE p; SHOW CREATE EVENT e; SELECT text, HEX(LEFT(raw, 20)), LENGTH(raw), flags + 0, n FROM t ORDER BY id;";
  const auto picture = [&] {
    auto rows = database.query(picture_sql);
    // SHOW CREATE TRIGGER ends with the time of its creation.
    for (auto& row : rows) {
      if (row[0] == "tr") row.pop_back();
    }
    return rows;
  };
  const auto before = picture();
  EXPECT_NE(database.query("SHOW CREATE PROCEDURE round.p;").at(0).at(2).find("a comment that belongs"), std::string::npos);
  const std::string stored = dumped(database, "round");
  database.query("DROP DATABASE round;");
  load(database, stored);
  EXPECT_EQ(picture(), before);
  EXPECT_GE(std::stoi(database.query("SELECT NEXTVAL(round.s);").at(0).at(0)), 101);
  EXPECT_FALSE(std::filesystem::exists("/tmp/never"));
  database.query("DROP DATABASE round;");
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

}  // namespace
}  // namespace exastro
