// Sets made by hand, with the very commands of the vendor's page, restored into a real MariaDB.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "exastro/encoding.h"
#include "real_server.h"
#include "sequence/hand_made_backup.h"
#include "sequence/restore_server.h"

namespace exastro {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTime = "20260131-123456";
constexpr const char* kSpace = "ita_ws_bbbbbbbbbbbbbbbbbbbb";

constexpr const char* kSystemSql = R"(
CREATE DATABASE platform; CREATE DATABASE keycloak; CREATE DATABASE ITA_DB; CREATE DATABASE stranger;
CREATE DATABASE PF_ORG_AAAAAAAAAAAAAAAAAAAA CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE DATABASE ITA_ORG_CCCCCCCCCCCCCCCCCCCC; CREATE DATABASE ITA_WS_BBBBBBBBBBBBBBBBBBBB; CREATE DATABASE named_by_a_record;
CREATE TABLE platform.T_ORGANIZATION_DB (DB_HOST TEXT, DB_PORT INT, DB_DATABASE TEXT, DB_USER TEXT, DB_PASSWORD TEXT DEFAULT '');
INSERT INTO platform.T_ORGANIZATION_DB (DB_HOST, DB_PORT, DB_DATABASE, DB_USER) VALUES ('127.0.0.1', @PORT@, 'PF_ORG_AAAAAAAAAAAAAAAAAAAA', 'PF_ORG_AAAAAAAAAAAAAAAAAAAA');
CREATE TABLE ITA_DB.T_COMN_ORGANIZATION_DB_INFO LIKE platform.T_ORGANIZATION_DB;
INSERT INTO ITA_DB.T_COMN_ORGANIZATION_DB_INFO (DB_HOST, DB_PORT, DB_DATABASE, DB_USER) VALUES ('127.0.0.1', @PORT@, 'ITA_ORG_CCCCCCCCCCCCCCCCCCCC', 'ITA_ORG_CCCCCCCCCCCCCCCCCCCC');
CREATE TABLE ITA_ORG_CCCCCCCCCCCCCCCCCCCC.T_COMN_WORKSPACE_DB_INFO LIKE platform.T_ORGANIZATION_DB;
INSERT INTO ITA_ORG_CCCCCCCCCCCCCCCCCCCC.T_COMN_WORKSPACE_DB_INFO (DB_HOST, DB_PORT, DB_DATABASE, DB_USER) VALUES
  ('127.0.0.1', @PORT@, 'ITA_WS_BBBBBBBBBBBBBBBBBBBB', 'ITA_WS_BBBBBBBBBBBBBBBBBBBB'), ('127.0.0.1', @PORT@, 'Named_By_A_Record', 'recorded');
CREATE TABLE named_by_a_record.t (id INT PRIMARY KEY); INSERT INTO named_by_a_record.t VALUES (7);
CREATE TABLE stranger.t (id INT PRIMARY KEY); INSERT INTO stranger.t VALUES (1);
CREATE FUNCTION stranger.theirs() RETURNS INT DETERMINISTIC RETURN 1;
CREATE USER 'pf-user'@'%' IDENTIFIED BY 'pf'; CREATE USER 'ITA_USER'@'%' IDENTIFIED BY 'ita'; CREATE USER keycloak@'%' IDENTIFIED BY 'kc';
CREATE USER 'ITA_WS_BBBBBBBBBBBBBBBBBBBB'@'%' IDENTIFIED BY 'w;''s \\ "x"'; CREATE USER stranger@'%' IDENTIFIED BY 's'; CREATE USER recorded@'%' IDENTIFIED BY 'r';
CREATE USER `both`@'%' IDENTIFIED BY 'b'; CREATE USER healthcheck@'localhost'; CREATE USER nobody@'%'; CREATE ROLE a_role;
CREATE USER `odd user's ``x```@'10.%' IDENTIFIED BY 'o' REQUIRE ISSUER '/C=FI/O=a' AND CIPHER 'c' WITH MAX_USER_CONNECTIONS 5 MAX_QUERIES_PER_HOUR 7 ACCOUNT LOCK PASSWORD EXPIRE INTERVAL 3 DAY;
CREATE USER two_ways@'%' IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('2');
GRANT ALL ON platform.* TO 'pf-user'@'%'; GRANT ALL ON ITA_DB.* TO 'ITA_USER'@'%'; GRANT PROCESS, CREATE USER ON *.* TO 'ITA_USER'@'%' WITH GRANT OPTION;
GRANT ALL ON keycloak.* TO keycloak@'%'; GRANT SELECT ON platform.* TO two_ways@'%';
GRANT ALL ON `ITA\_WS\_BBBBBBBBBBBBBBBBBBBB`.* TO 'ITA_WS_BBBBBBBBBBBBBBBBBBBB'@'%' WITH GRANT OPTION; GRANT SELECT, CREATE TEMPORARY TABLES ON named_by_a_record.* TO recorded@'%';
GRANT ALL ON stranger.* TO stranger@'%'; GRANT SELECT ON platform.* TO `both`@'%'; GRANT SELECT ON stranger.* TO `both`@'%';
USE ITA_WS_BBBBBBBBBBBBBBBBBBBB;
CREATE TABLE parts (id INT PRIMARY KEY, name TEXT, bytes LONGBLOB) ENGINE=InnoDB COMMENT='a ''comment'' \\ with -- Current Database: `mysql`';
INSERT INTO parts VALUES (1, 'DEFINER=`root`@`%` */', x'000a0d0d0a1a5c27ff'), (2, '\n-- Current Database: `mysql`\nUSE `mysql`;\n-- Dump completed\r\n', 'a\r\nb'),
  (3, 'mysqldump: Error 2013', NULL), (4, '表 日本 😀', '');
CREATE TABLE other (id INT PRIMARY KEY, price FLOAT) ENGINE=Aria;
CREATE DEFINER='ITA_WS_BBBBBBBBBBBBBBBBBBBB'@'%' VIEW second AS SELECT id FROM parts;
CREATE DEFINER=`both`@'%' SQL SECURITY INVOKER VIEW ITA_DB.a_view AS SELECT p.name, s.id FROM parts p JOIN second s;
GRANT SELECT (id, name), UPDATE (name), INSERT ON parts TO `odd user's ``x```@'10.%'; GRANT SELECT ON ITA_DB.a_view TO `odd user's ``x```@'10.%' WITH GRANT OPTION;
CREATE SEQUENCE counted NOCACHE; DO NEXTVAL(counted);
DELIMITER //
CREATE TRIGGER fired BEFORE INSERT ON parts FOR EACH ROW BEGIN
-- Current Database: `mysql`
-- Dump completed
  SET NEW.name = ';;
-- Current Database: `mysql`
';
END//
CREATE DEFINER='ITA_WS_BBBBBBBBBBBBBBBBBBBB'@'%' FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2//
CREATE PROCEDURE looks_like_a_dump(IN a INT, INOUT `b c` VARCHAR(20) CHARSET utf8mb4) MODIFIES SQL DATA COMMENT 'it''s \\ "a"
comment'
BEGIN
  DECLARE t TEXT DEFAULT '
-- Current Database: `mysql`
DELIMITER ;;
-- Dump completed
;; $$0$$ // 日本';
  /* ;; */ SET `b c` = CONCAT(t, a); -- it's
END//
CREATE DEFINER=nobody@'%' PROCEDURE `odd "name" 日本 ``x```() SQL SECURITY INVOKER SELECT 1//
CREATE AGGREGATE FUNCTION sums(x INT) RETURNS INT BEGIN DECLARE s INT DEFAULT 0; DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN s; LOOP FETCH GROUP NEXT ROW; SET s = s + x; END LOOP; END//
SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'//
CREATE PROCEDURE "ansi"(OUT x TEXT) COMMENT 'back\slash' NO SQL SET x = '\' || 'b' || ''''//
SET sql_mode = 'ORACLE'//
CREATE FUNCTION oracles(a VARCHAR2(10)) RETURN VARCHAR2(10) IS BEGIN RETURN a || 'x'; END//
CREATE PACKAGE pack AS PROCEDURE p; END//
CREATE PACKAGE BODY pack AS PROCEDURE p AS BEGIN NULL; END; END//
SET sql_mode = '', character_set_client = latin1, collation_connection = latin1_german1_ci//
CREATE FUNCTION in_latin1() RETURNS TEXT CHARSET latin1 NO SQL RETURN 'caf\xe9'//
SET NAMES utf8mb4, time_zone = '+09:00'//
CREATE PROCEDURE with_cr() BEGIN
  SELECT 'a
b'; -- end
END//
CREATE EVENT ticks ON SCHEDULE EVERY '1:30' MINUTE_SECOND STARTS '2026-01-01 00:00:00' ENDS '2036-12-31 23:59:59' COMMENT 'it''s' DO SET @a = ';'//
CREATE EVENT months ON SCHEDULE EVERY '2-3' YEAR_MONTH STARTS '2026-01-01 00:00:00' DISABLE DO SELECT 1//
CREATE DEFINER='ITA_WS_BBBBBBBBBBBBBBBBBBBB'@'%' EVENT once ON SCHEDULE AT '2036-01-01 12:00:00' ON COMPLETION PRESERVE DISABLE ON SLAVE DO BEGIN SELECT 1; END//
DELIMITER ;
SET time_zone = 'SYSTEM';
CREATE EVENT days ON SCHEDULE EVERY 3 DAY STARTS '2026-01-01 00:00:00' DO SELECT 2;
GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE looks_like_a_dump TO `odd user's ``x```@'10.%'; GRANT EXECUTE ON FUNCTION twice TO `odd user's ``x```@'10.%' WITH GRANT OPTION;
)";

// What cannot stand in the text above.
std::string prepared(std::string sql, const std::string& port) {
  for (auto at = sql.find("@PORT@"); at != std::string::npos; at = sql.find("@PORT@")) sql.replace(at, 6, port);
  const std::string plain = "BEGIN\n  SELECT 'a\nb'; -- end\nEND";
  sql.replace(sql.find(plain), plain.size(), "BEGIN\r\n  SELECT 'a\r\nb'; -- end\r\nEND");
  const std::string escape = "\\xe9";
  sql.replace(sql.find(escape), escape.size(), "\xe9");
  return sql;
}

class HandMade : public RealServer {
 protected:
  void SetUp() override {
    RealServer::SetUp();
    if (HasFatalFailure()) return;
    for (Side* side : {&system_.platform, &system_.ita}) {
      side->namespace_ = "ns";
      side->host = "127.0.0.1";
      side->port = port();
      side->admin_user = "root";
      side->admin_password = kPassword;
      side->encrypt_key = base64_encode(std::string(32, 'k'));
    }
    system_.platform.id = "platform";
    system_.platform.database = "platform";
    system_.platform.user = "pf-user";
    system_.platform.password = "pf";
    system_.ita.id = "ita";
    system_.ita.database = "ITA_DB";
    system_.ita.user = "ITA_USER";
    system_.ita.password = "ita";
    system_.keycloak_database = system_.keycloak_user = "keycloak";
    system_.keycloak_password = "kc";
    system_.storage.path = "/storage/";
    set_ = *directory_ / "set";
    fs::create_directory(set_);
    make().query(prepared(kSystemSql, port()));
  }

  void TearDown() override {
    if (!started_) return;
    ruin();
    make().query(
        "DROP DATABASE IF EXISTS stranger; DROP USER IF EXISTS stranger@'%', `both`@'%', healthcheck@localhost; DROP "
        "ROLE "
        "IF EXISTS a_role;");
    fs::remove_all(set_);
    fs::remove_all(*directory_ / "storage");
  }

  // All that is Exastro's is gone.
  static void ruin() {
    std::string statements = "SET foreign_key_checks = 0;";
    for (const char* name : {"platform", "keycloak", "ita_db", "pf_org_aaaaaaaaaaaaaaaaaaaa",
                             "ita_org_cccccccccccccccccccc", kSpace, "named_by_a_record"}) {
      statements += fmt::format("DROP DATABASE IF EXISTS {};\n", name);
    }
    for (const char* user :
         {"pf-user", "ITA_USER", "keycloak", "ITA_WS_BBBBBBBBBBBBBBBBBBBB", "recorded", "nobody", "two_ways"}) {
      statements += fmt::format("DROP USER IF EXISTS `{}`@'%';\n", user);
    }
    make().query(statements + "DROP USER IF EXISTS `odd user's ``x```@'10.%';");
  }

  static std::string shell(const std::string& command) {
    const std::string file = (*directory_ / "shell.out").string();
    const int status = std::system(("( " + command + " ) >" + file + " 2>&1").c_str());
    std::ifstream stream(file);
    std::string text((std::istreambuf_iterator<char>(stream)), {});
    EXPECT_EQ(status, 0) << command << "\n" << text;
    return text;
  }

  // The page's dump command, with what comes between it and gzip; `name` is without <ts>.
  void dump(const std::string& name, const std::string& what, const std::string& damage = "cat") {
    std::ofstream password(*directory_ / "password");
    password << kPassword;
    password.close();
    shell(fmt::format("cd {} && mysqldump -h 127.0.0.1 -P {} -u root -p\"$(cat {})\" {} | {} | gzip > {}_{}.sql.gz",
                      set_.string(), port(), (*directory_ / "password").string(), what, damage, name, kTime));
  }

  void all_databases(const std::string& damage = "cat", const std::string& more = "") {
    dump("exastro_mysqldump_platform_db", "--all-databases --add-drop-table " + more, damage);
  }

  void files() {
    fs::create_directories(*directory_ / "storage/org1/ws1");
    std::ofstream(*directory_ / "storage/org1/ws1/日本.txt") << "content";
    shell(fmt::format("cd {} && tar zcvf {}/exastro_storage_backup_ita_{}.tar.gz storage/ > /dev/null",
                      directory_->string(), set_.string(), kTime));
  }

  RestoreRequest request() const {
    RestoreRequest request;
    request.from = set_.string();
    return request;
  }

  void restore(const RestoreRequest& request) {
    const ProvedBackup backup = prove_backup(request.from, *reporter_, {{}, exastro_names(system_)});
    auto servers = open_servers(
        cluster(), system_, [](const Side&) { return LocalPod::container(); }, "test");
    ASSERT_EQ(servers.size(), 1U);
    check_layout(backup.reader.manifest(), servers);
    InventoryRequest what = request_for_restore(system_, servers.at(0), backup.reader.manifest(), {});
    StockedServer stocked = with_stock(std::move(servers.at(0)), std::move(what));
    check_names(backup.reader.manifest(), system_, stocked);
    check_collations(backup.reader.manifest(), stocked);
    ServerRestore server(backup, system_, stocked, request, archive::Encoding::kZstd, *reporter_);
    server.prepare();
    server.end_sessions();
    server.drop_extra();
    server.create_accounts();
    server.load_databases([] {});
    server.grant();
    server.load_views();
    server.move_records([](const Side& side) -> const std::string& { return side.encrypt_key; });
    server.look_back();
  }

  // What a refusal says.
  std::string refused() {
    try {
      prove_backup(set_.string(), *reporter_, {{}, exastro_names(system_)});
    } catch (const Error& error) {
      return error.what();
    }
    ADD_FAILURE() << "it was taken";
    return "";
  }

  static std::string text_of(const std::vector<Row>& rows) {
    std::string text;
    for (const auto& row : rows) {
      for (const auto& column : row) text += column + "|";
      text += "\n";
    }
    return text;
  }

  // Everything of the server but times of creation. Of root and the server's own accounts, too.
  static std::string picture(bool events) {
    std::string questions =
        "SET SESSION group_concat_max_len = 1000000; SHOW DATABASES;"
        "SELECT db, name, type, sql_data_access, is_deterministic, security_type, HEX(param_list), HEX(returns), "
        "HEX(body), definer, sql_mode, comment, character_set_client, collation_connection, db_collation, "
        "HEX(body_utf8), aggregate FROM mysql.proc WHERE db NOT IN ('sys', 'mysql') ORDER BY 1, 2, 3;"
        "SELECT SCHEMA_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA ORDER BY 1;"
        "SELECT TRIGGER_SCHEMA, TRIGGER_NAME, ACTION_STATEMENT, DEFINER, SQL_MODE FROM information_schema.TRIGGERS "
        "WHERE TRIGGER_SCHEMA <> 'sys';"
        "SELECT Host, User, JSON_REMOVE(Priv, '$.password_last_changed') FROM mysql.global_priv ORDER BY 1, 2;"
        "SELECT * FROM mysql.db ORDER BY 1, 2, 3; SELECT Host, Db, User, Table_name, Table_priv, Column_priv FROM "
        "mysql.tables_priv ORDER BY 1, 2, 3, 4; SELECT Host, Db, User, Table_name, Column_name, Column_priv FROM "
        "mysql.columns_priv ORDER BY 1, 2, 3, 4, 5; SELECT Host, Db, User, Routine_name, Routine_type, Proc_priv FROM "
        "mysql.procs_priv ORDER BY 1, 2, 3, 4;";
    if (events) {
      questions +=
          "SELECT db, name, HEX(body), definer, execute_at, interval_value, interval_field, starts, ends, status, "
          "on_completion, sql_mode, comment, time_zone, character_set_client, collation_connection, db_collation, "
          "HEX(body_utf8) FROM mysql.event ORDER BY 1, 2;";
    }
    std::string text = text_of(make().query(questions));
    for (const auto& row : make().query(
             "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT "
             "IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1, 2;")) {
      const std::string name = quote_identifier(row.at(0)) + "." + quote_identifier(row.at(1));
      text += text_of(make().query(fmt::format("SHOW CREATE TABLE {0}; SELECT * FROM {0};", name)));
    }
    return text;
  }

  System system_;
  fs::path set_;
  std::ostringstream out_;
  std::ostringstream err_;
  std::unique_ptr<ui::Reporter> reporter_ = ui::text_reporter(out_, err_, {});
};

TEST_F(HandMade, ThePagesSetBringsEverythingBackButEvents) {
  all_databases();
  dump("exastro_mysqldump_platform_user", "--allow-keywords mysql");
  files();
  const std::string before = picture(false);
  ASSERT_NE(before.find("looks_like_a_dump"), std::string::npos);
  ruin();
  make().query(
      "DROP TABLE stranger.t; CREATE TABLE stranger.t (id INT PRIMARY KEY); INSERT INTO stranger.t VALUES (1);");
  restore(request());
  EXPECT_EQ(picture(false), before);
  const ProvedBackup backup = prove_backup(set_.string(), *reporter_, {{}, exastro_names(system_)});
  const auto& manifest = backup.reader.manifest();
  EXPECT_EQ(manifest.created_at, "2026-01-31T12:34:56Z");
  EXPECT_EQ(manifest.databases.size(), 7U);
  ASSERT_TRUE(manifest.files);
  EXPECT_EQ(manifest.files->entries, 4U);
  EXPECT_EQ(manifest.servers.at(0).lower_case_table_names, 1);
  EXPECT_NE(manifest.servers.at(0).version.find("MariaDB"), std::string::npos);
  const std::string lacking = fmt::format("{}", fmt::join(manifest.not_included, "\n"));
  EXPECT_NE(lacking.find("ENCRYPT_KEY"), std::string::npos);
  EXPECT_NE(lacking.find("Events"), std::string::npos);
}

// Of another Exastro on the same server, whose databases are named by records of its own.
TEST_F(HandMade, WhatNoRecordOfOursNamesIsNotOurs) {
  make().query("CREATE DATABASE ita_ws_dddddddddddddddddddd; CREATE TABLE ita_ws_dddddddddddddddddddd.t (id INT);");
  all_databases();
  dump("exastro_mysqldump_platform_user", "--allow-keywords mysql");
  files();
  make().query("INSERT INTO ita_ws_dddddddddddddddddddd.t VALUES (1);");
  restore(request());
  EXPECT_EQ(make().query("SELECT id FROM ita_ws_dddddddddddddddddddd.t;").size(), 1U);
  EXPECT_NE(err_.str().find("ita_ws_dddddddddddddddddddd"), std::string::npos) << "it is said: " << err_.str();
  make().query("DROP DATABASE ita_ws_dddddddddddddddddddd;");
}

TEST_F(HandMade, EventsComeBackIfTheyWereDumped) {
  all_databases("cat", "--events");
  const std::string before = picture(true);
  ASSERT_NE(before.find("MINUTE_SECOND"), std::string::npos);
  ruin();
  restore(request());
  EXPECT_EQ(picture(true), before);
}

TEST_F(HandMade, TheNewerPagesSet) {
  all_databases();
  dump("exastro_mysqldump_platform_mysql", "--allow-keywords  mysql --ignore-table=mysql.global_priv");
  dump("exastro_mysqldump_platform_mysqlgp",
       "--allow-keywords --no-create-info mysql global_priv --where=\"user NOT IN ('mariadb.sys', 'root')\"");
  files();
  std::ofstream(set_ / fmt::format("exastro_mongodump_{}.tar.gz", kTime)) << "not looked at";
  shell(fmt::format("cd {} && tar czf set.tar.gz set", directory_->string()));
  const std::string before = picture(false);
  ruin();
  RestoreRequest packed = request();
  packed.from = (*directory_ / "set.tar.gz").string();
  restore(packed);
  EXPECT_EQ(picture(false), before);
  const ProvedBackup backup = prove_backup(packed.from, *reporter_, {{}, exastro_names(system_)});
  EXPECT_NE(fmt::format("{}", fmt::join(backup.reader.manifest().not_included, "\n")).find("MongoDB"),
            std::string::npos);
  fs::remove(packed.from);
}

TEST_F(HandMade, ATerminalsLineEndsAreTakenBack) {
  // What a terminal does, and what the dump program says on it.
  all_databases(
      "(printf \"mysqldump: [Warning] Using a password on the command line can be insecure.\\n\"; cat) | sed "
      "'s/$/\\r/'");
  const std::string before = picture(false);
  ruin();
  restore(request());
  EXPECT_EQ(picture(false), before);
  EXPECT_NE(err_.str().find("terminal"), std::string::npos);
  EXPECT_NE(err_.str().find("[Warning] Using a password"), std::string::npos);
}

TEST_F(HandMade, WhatIsNotCertainIsRefused) {
  all_databases("head -c -2000");
  EXPECT_NE(refused().find("-- Dump completed"), std::string::npos);
  all_databases("sed '1,1000s/$/\\r/'");
  EXPECT_NE(refused().find("CR LF"), std::string::npos);
  all_databases("sed '100i mysqldump: Error 2013: Lost connection to server when dumping table'");
  const std::string lost = refused();
  EXPECT_NE(lost.find("Lost connection"), std::string::npos) << lost;
  EXPECT_NE(lost.find("exastro_mysqldump_platform_db_"), std::string::npos) << "it names the file";
  shell(fmt::format("cd {0} && truncate -s -100 exastro_mysqldump_platform_db_{1}.sql.gz", set_.string(), kTime));
  EXPECT_NE(refused().find("exastro_mysqldump_platform_db_"), std::string::npos);
  dump("exastro_mysqldump_platform_db", "--databases stranger");
  EXPECT_NE(refused().find("platform"), std::string::npos);
  dump("exastro_mysqldump_platform_db", "--databases no_such_database || true");
  EXPECT_FALSE(refused().empty());
}

TEST_F(HandMade, TwoDumpsOfOneServerAreOfASystemThatSharesIt) {
  all_databases();
  dump("exastro_mysqldump_ita_db", "--all-databases --add-drop-table");
  const ProvedBackup backup = prove_backup(set_.string(), *reporter_, {{}, exastro_names(system_)});
  ASSERT_EQ(backup.reader.manifest().servers.size(), 1U);
  EXPECT_EQ(backup.reader.manifest().servers[0].id, "shared");
}

TEST_F(HandMade, OfTheSharedFilesAloneNothingOfTheServerIsTouched) {
  files();
  const std::string before = picture(true);
  restore(request());
  EXPECT_EQ(picture(true), before);
}

TEST_F(HandMade, TwoServers) {
  dump("exastro_mysqldump_platform_db", "--databases platform keycloak pf_org_aaaaaaaaaaaaaaaaaaaa mysql");
  dump("exastro_mysqldump_ita_db", "--databases ita_db ita_org_cccccccccccccccccccc mysql");
  const ProvedBackup backup = prove_backup(set_.string(), *reporter_, {{}, exastro_names(system_)});
  const auto& manifest = backup.reader.manifest();
  ASSERT_EQ(manifest.servers.size(), 2U);
  EXPECT_EQ(manifest.servers[0].id, "platform");
  EXPECT_EQ(manifest.servers[1].id, "ita");
  ASSERT_EQ(manifest.databases.size(), 5U);
  EXPECT_EQ(manifest.databases[0].server, "platform");
  EXPECT_EQ(manifest.databases[4].server, "ita");
  const auto accounts = parse_accounts(backup.reader.read_text("accounts_platform.json"));
  EXPECT_TRUE(std::any_of(accounts.begin(), accounts.end(), [](const auto& one) { return one.user == "pf-user"; }));
  EXPECT_TRUE(std::none_of(accounts.begin(), accounts.end(), [](const auto& one) {
    return one.user == "root" || one.user == "ITA_USER" || one.user == "mariadb.sys" || one.user.empty() ||
           one.user == "stranger" || one.user == "healthcheck";
  }));
}

}  // namespace
}  // namespace exastro
