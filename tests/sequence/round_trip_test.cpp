// What is Exastro's on a server, out into a backup file and in again, with a real MariaDB.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "exastro/encoding.h"
#include "exastro/encryption_key.h"
#include "real_server.h"
#include "sequence/backup_content.h"
#include "sequence/database_room.h"
#include "sequence/restore_server.h"
#include "sequence/safety_backup.h"

namespace exastro {
namespace {

constexpr const char* kOrganization = "pf_org_aaaaaaaaaaaaaaaaaaaa";
constexpr const char* kWorkspace = "ita_ws_bbbbbbbbbbbbbbbbbbbb";

constexpr const char* kSystemSql = R"(
CREATE DATABASE platform; CREATE DATABASE keycloak; CREATE DATABASE ITA_DB; CREATE DATABASE stranger;
CREATE DATABASE PF_ORG_AAAAAAAAAAAAAAAAAAAA; CREATE DATABASE ITA_ORG_CCCCCCCCCCCCCCCCCCCC; CREATE DATABASE ITA_WS_BBBBBBBBBBBBBBBBBBBB;
CREATE DATABASE ITA_WS_ZZZZZZZZZZZZZZZZZZZZ;
CREATE TABLE platform.T_ORGANIZATION_DB (DB_HOST TEXT, DB_PORT INT, DB_DATABASE TEXT, DB_USER TEXT, DB_PASSWORD TEXT DEFAULT '');
INSERT INTO platform.T_ORGANIZATION_DB (DB_HOST, DB_PORT, DB_DATABASE, DB_USER) VALUES ('elsewhere', 3306, 'PF_ORG_AAAAAAAAAAAAAAAAAAAA', 'PF_ORG_AAAAAAAAAAAAAAAAAAAA');
CREATE TABLE ITA_DB.T_COMN_ORGANIZATION_DB_INFO LIKE platform.T_ORGANIZATION_DB;
INSERT INTO ITA_DB.T_COMN_ORGANIZATION_DB_INFO (DB_HOST, DB_PORT, DB_DATABASE, DB_USER) VALUES ('127.0.0.1', 1, 'ITA_ORG_CCCCCCCCCCCCCCCCCCCC', 'ITA_ORG_CCCCCCCCCCCCCCCCCCCC');
CREATE TABLE ITA_ORG_CCCCCCCCCCCCCCCCCCCC.T_COMN_WORKSPACE_DB_INFO LIKE platform.T_ORGANIZATION_DB;
INSERT INTO ITA_ORG_CCCCCCCCCCCCCCCCCCCC.T_COMN_WORKSPACE_DB_INFO (DB_HOST, DB_PORT, DB_DATABASE, DB_USER) VALUES
  ('127.0.0.1', 1, 'ITA_WS_BBBBBBBBBBBBBBBBBBBB', 'ITA_WS_BBBBBBBBBBBBBBBBBBBB'), ('127.0.0.1', 1, 'ITA_WS_GONE', 'ITA_WS_GONE');
CREATE TABLE ITA_WS_BBBBBBBBBBBBBBBBBBBB.parts (id INT PRIMARY KEY, name VARCHAR(99)) ENGINE=InnoDB;
INSERT INTO ITA_WS_BBBBBBBBBBBBBBBBBBBB.parts VALUES (1, 'a row with DEFINER=`root`@`%` */ in it');
CREATE TABLE ITA_WS_BBBBBBBBBBBBBBBBBBBB.old_engine (id INT) ENGINE=MyISAM;
CREATE USER 'pf-user'@'%' IDENTIFIED BY 'then'; CREATE USER 'ITA_USER'@'%' IDENTIFIED BY 'ita'; CREATE USER keycloak@'%' IDENTIFIED BY 'kc';
CREATE USER 'ITA_WS_BBBBBBBBBBBBBBBBBBBB'@'%' IDENTIFIED BY 'w;''s'; CREATE USER reader@'%' IDENTIFIED BY 'r'; CREATE USER stranger@'%' IDENTIFIED BY 's';
CREATE USER `both`@'%' IDENTIFIED BY 'b'; CREATE USER healthcheck@'localhost';
GRANT ALL ON platform.* TO 'pf-user'@'%'; GRANT ALL ON ITA_DB.* TO 'ITA_USER'@'%';
GRANT ALL ON `ITA\_WS\_BBBBBBBBBBBBBBBBBBBB`.* TO 'ITA_WS_BBBBBBBBBBBBBBBBBBBB'@'%' WITH GRANT OPTION;
GRANT ALL ON stranger.* TO stranger@'%'; GRANT SELECT ON platform.* TO `both`@'%'; GRANT SELECT ON stranger.* TO `both`@'%';
CREATE DEFINER='ITA_WS_BBBBBBBBBBBBBBBBBBBB'@'%' VIEW ITA_WS_BBBBBBBBBBBBBBBBBBBB.second AS SELECT id FROM ITA_WS_BBBBBBBBBBBBBBBBBBBB.parts;
CREATE DEFINER=`both`@'%' SQL SECURITY INVOKER VIEW ITA_DB.a_view AS SELECT p.name, s.id FROM ITA_WS_BBBBBBBBBBBBBBBBBBBB.parts p JOIN ITA_WS_BBBBBBBBBBBBBBBBBBBB.second s;
GRANT SELECT ON ITA_DB.a_view TO reader@'%';
CREATE USER reader@'10.%' IDENTIFIED BY 'r'; CREATE USER nobody@'%';
CREATE FUNCTION ITA_WS_BBBBBBBBBBBBBBBBBBBB.twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
CREATE DEFINER='ITA_WS_BBBBBBBBBBBBBBBBBBBB'@'%' VIEW ITA_WS_BBBBBBBBBBBBBBBBBBBB.doubled AS
  SELECT ITA_WS_BBBBBBBBBBBBBBBBBBBB.twice(id) AS d FROM ITA_WS_BBBBBBBBBBBBBBBBBBBB.parts;
)";

class RoundTrip : public RealServer {
 protected:
  void SetUp() override {
    RealServer::SetUp();
    if (HasFatalFailure()) return;
    Side& platform = system_.platform;
    platform.id = "platform";
    platform.namespace_ = "ns";
    platform.release = "exastro";
    platform.host = "127.0.0.1";
    platform.port = port();
    platform.admin_user = "root";
    platform.admin_password = kPassword;
    platform.encrypt_key = base64_encode(std::string(32, 'k'));
    system_.ita = platform;
    system_.ita.id = "ita";
    platform.database = "platform";
    platform.user = "pf-user";
    platform.password = "now; 'it' \\ is";
    system_.ita.database = "ITA_DB";
    system_.ita.user = "ITA_USER";
    system_.ita.password = "ita";
    system_.keycloak_database = "keycloak";
    system_.keycloak_user = "keycloak";
    system_.keycloak_password = "kc";
    make().query(kSystemSql);
  }
  void TearDown() override {
    if (!started_) return;
    // Run in one process, the tests share a server.
    for (const char* name : {"platform", "keycloak", "ita_db", "stranger", kOrganization, kWorkspace,
                             "ita_org_cccccccccccccccccccc", "ita_ws_zzzzzzzzzzzzzzzzzzzz", "ita_ws_later"}) {
      make().query(std::string("DROP DATABASE IF EXISTS ") + name + ";");
    }
    for (const char* user : {"pf-user", "ITA_USER", "keycloak", "ITA_WS_BBBBBBBBBBBBBBBBBBBB", "reader", "stranger",
                             "both", "nobody", "ITA_WS_LATER"}) {
      make().query("DROP USER IF EXISTS " + quote_identifier(user) + "@'%';");
    }
    make().query("DROP USER IF EXISTS reader@'10.%';");
    make().query("DROP USER IF EXISTS healthcheck@localhost;");
    std::filesystem::remove(*directory_ / "backup.tar");
  }

  // The one server, and what is Exastro's on it: for a restore of such a backup.
  StockedServer stock(const archive::Manifest& manifest = {}) {
    auto servers = open_servers(
        cluster(), system_, [](const Side&) { return LocalPod::container(); }, "test");
    EXPECT_EQ(servers.size(), 1U);
    InventoryRequest request = request_for_restore(system_, servers.at(0), manifest, record_);
    return with_stock(std::move(servers.at(0)), std::move(request));
  }

  // With a manifest, what is kept before a restore of that one.
  std::filesystem::path back_up(const archive::Manifest& manifest = {}, const char* name = "backup.tar") {
    const auto path = *directory_ / name;
    std::filesystem::remove(path);
    archive::BackupWriter writer(path);
    BackupDraft draft = begin_draft(system_, "20260131-123456");
    draft.encoding = encoding_;
    std::vector<StockedServer> stocked;
    stocked.push_back(stock(manifest));
    std::filesystem::create_directory(*directory_ / "storage");
    SharedFiles files(cluster(), LocalPod::container(), (*directory_ / "storage").string());
    complete_draft(draft, system_, stocked, files.facts());
    draft_accounts(draft, stocked);
    LiveContent content(stocked, files, draft.encoding);
    write_members(writer, draft, content, *reporter_);
    writer.finish(draft.manifest);
    return path;
  }

  void restore(const RestoreRequest& request) {
    const ProvedBackup backup = prove_backup(request.from, *reporter_);
    StockedServer stocked = stock(backup.reader.manifest());
    const PacketNotes notes{
        [this](const std::string& server, std::uint64_t bytes) {
          packet_notes_.push_back(fmt::format("{} raised from {}, it is {}", server, bytes, packet_now()));
        },
        [this](const std::string& server) { packet_notes_.push_back(fmt::format("{} is {}", server, packet_now())); }};
    ServerRestore server(backup, system_, stocked, request, understood_, *reporter_, notes);
    server.prepare();
    if (delivers_) {
      for (const auto& delivery : server.deliveries(cluster(), LocalPod::container(), form_, 2)) delivery([](auto) {});
    }
    server.end_sessions();
    if (!request.keep_extra) server.drop_extra();
    server.create_accounts();
    server.load_databases([] {});
    server.grant();
    server.load_views();
    server.move_records([](const Side& side) -> const std::string& { return side.encrypt_key; });
    server.look_back();
  }

  static std::string packet_now() { return make().query("SELECT @@global.max_allowed_packet;").at(0).at(0); }

  std::vector<Row> picture() {
    return make().query(
        "SHOW DATABASES; SELECT * FROM ITA_DB.a_view; SELECT * FROM ita_ws_bbbbbbbbbbbbbbbbbbbb.doubled; SHOW CREATE "
        "VIEW ITA_DB.a_view; SHOW CREATE VIEW ita_ws_bbbbbbbbbbbbbbbbbbbb.second; "
        "SHOW CREATE TABLE ita_ws_bbbbbbbbbbbbbbbbbbbb.parts; SHOW GRANTS FOR reader@'%'; SHOW GRANTS FOR "
        "stranger@'%'; "
        "SHOW GRANTS FOR `both`@'%'; SHOW GRANTS FOR 'ITA_WS_BBBBBBBBBBBBBBBBBBBB'@'%'; SHOW GRANTS FOR keycloak@'%'; "
        "SELECT User, Host FROM mysql.user ORDER BY 1, 2;");
  }

  System system_;
  archive::Encoding encoding_ = archive::Encoding::kZstd;    // of the backup
  bool delivers_ = true;                                     // before it loads
  StagedForm form_ = StagedForm::kPlain;                     // of what it delivers
  archive::Encoding understood_ = archive::Encoding::kZstd;  // by the pod that it is restored with
  std::vector<std::string> packet_notes_;
  MaintenanceRecord record_;  // of an earlier restore
  std::ostringstream out_;
  std::ostringstream err_;
  std::unique_ptr<ui::Reporter> reporter_ = ui::text_reporter(out_, err_, {});
};

TEST_F(RoundTrip, TheInventoryIsWhatConfigMapsAndRecordsName) {
  const Inventory inventory = stock().inventory;
  std::vector<std::string> names;
  for (const auto& database : inventory.databases) names.push_back(database.name);
  EXPECT_EQ(names, (std::vector<std::string>{"ita_db", "ita_org_cccccccccccccccccccc", kWorkspace, "keycloak",
                                             kOrganization, "platform"}));
  EXPECT_EQ(inventory.absent, (std::vector<std::string>{"ITA_WS_GONE"}));
  EXPECT_EQ(inventory.unclaimed, (std::vector<std::string>{"ita_ws_zzzzzzzzzzzzzzzzzzzz"}));
  EXPECT_EQ(inventory.not_transactional.size(), 1U);
  EXPECT_EQ(inventory.foreign_definers, (std::vector<std::string>{"both@%"}));
  std::vector<std::string> users;
  for (const auto& account : inventory.accounts) users.push_back(account.user);
  EXPECT_EQ(users, (std::vector<std::string>{"ITA_USER", "ITA_WS_BBBBBBBBBBBBBBBBBBBB", "keycloak", "pf-user", "reader",
                                             "reader"}))
      << "not the administrator, healthcheck, who has grants elsewhere, or who has none";
}

TEST_F(RoundTrip, AServerTellsItsProcessors) {
  EXPECT_EQ(stock().inventory.server.processors, std::thread::hardware_concurrency());
}

TEST_F(RoundTrip, ARestoreBringsBackWhatWasLostAndTakesWhatWasNotThere) {
  const auto before = picture();
  RestoreRequest request;
  request.from = back_up().string();
  make().query(
      "DROP DATABASE platform; DROP DATABASE ita_ws_bbbbbbbbbbbbbbbbbbbb; DROP USER reader@'%'; DROP USER "
      "'pf-user'@'%'; "
      "INSERT INTO ita_org_cccccccccccccccccccc.T_COMN_WORKSPACE_DB_INFO (DB_HOST, DB_PORT, DB_DATABASE, DB_USER) "
      "VALUES ('127.0.0.1', 1, 'ITA_WS_LATER', "
      "'ITA_WS_LATER'); "
      "CREATE DATABASE ITA_WS_LATER; CREATE USER 'ITA_WS_LATER'@'%' IDENTIFIED BY 'x'; GRANT ALL ON ITA_WS_LATER.* TO "
      "'ITA_WS_LATER'@'%'; "
      "CREATE TABLE keycloak.later (i INT); GRANT ALL ON ITA_DB.* TO keycloak@'%';");
  restore(request);
  EXPECT_EQ(picture(), before);
  EXPECT_TRUE(make().query("SHOW TABLES FROM keycloak;").empty());
  Database as_platform(cluster(), LocalPod::container(), {"127.0.0.1", port(), "pf-user", system_.platform.password});
  EXPECT_EQ(as_platform.query("SELECT COUNT(*) FROM platform.T_ORGANIZATION_DB;").at(0).at(0), "1")
      << "logs in with the Secret's password, not the one of the backup";
  EXPECT_NE(err_.str().find("elsewhere:3306"), std::string::npos) << "records that lead elsewhere are named";
  EXPECT_EQ(make().query("SELECT @@global.max_allowed_packet;"), make().query("SELECT 16777216;")) << err_.str();
}

TEST_F(RoundTrip, WhatIsNotDeliveredPlainIsLoadedCompressedOrAsItArrives) {
  const auto before = picture();
  delivers_ = false;
  RestoreRequest request;
  request.from = back_up().string();
  make().query("DROP DATABASE platform; DROP DATABASE ita_ws_bbbbbbbbbbbbbbbbbbbb; DROP USER reader@'%';");
  restore(request);
  EXPECT_EQ(picture(), before);
  delivers_ = true;
  form_ = StagedForm::kCompressed;
  make().query("DROP DATABASE platform; DROP DATABASE ita_ws_bbbbbbbbbbbbbbbbbbbb; DROP USER reader@'%';");
  restore(request);
  EXPECT_EQ(picture(), before);
  request.strip_definers = true;
  restore(request);
  EXPECT_NE(err_.str().find("ran as both@%"), std::string::npos) << err_.str();
}

TEST_F(RoundTrip, APodWithoutZstdMakesAndTakesGzip) {
  const auto before = picture();
  RestoreRequest request;
  for (const auto encoding : {archive::Encoding::kGzip, archive::Encoding::kZstd}) {
    encoding_ = encoding;
    understood_ = archive::Encoding::kGzip;
    request.from = back_up().string();
    make().query("DROP DATABASE platform;");
    restore(request);
    EXPECT_EQ(picture(), before);
    std::filesystem::remove(request.from);
  }
}

TEST_F(RoundTrip, WhatIsExtraStaysIfWanted) {
  RestoreRequest request;
  request.from = back_up().string();
  request.keep_extra = true;
  make().query(
      "INSERT INTO ita_org_cccccccccccccccccccc.T_COMN_WORKSPACE_DB_INFO (DB_HOST, DB_PORT, DB_DATABASE, DB_USER) "
      "VALUES ('127.0.0.1', 1, 'ITA_WS_LATER', "
      "'ITA_WS_LATER'); "
      "CREATE DATABASE ITA_WS_LATER; CREATE USER 'ITA_WS_LATER'@'%';");
  restore(request);
  EXPECT_EQ(make().query("SHOW DATABASES LIKE 'ita_ws_later';").size(), 1U);
  EXPECT_EQ(make().query("SELECT 1 FROM mysql.user WHERE User = 'ITA_WS_LATER';").size(), 1U);
}

TEST_F(RoundTrip, AnAccountThatOthersUseTooIsLeftAsItIs) {
  RestoreRequest request;
  request.from = back_up().string();
  make().query("GRANT SELECT ON stranger.* TO reader@'%'; SET PASSWORD FOR reader@'%' = PASSWORD('changed');");
  restore(request);
  EXPECT_EQ(make().query("SELECT 1 FROM mysql.db WHERE User = 'reader' AND Db = 'stranger';").size(), 1U);
  EXPECT_NO_THROW(
      Database(cluster(), LocalPod::container(), {"127.0.0.1", port(), "reader", "changed"}).query("SELECT 1;"));
  EXPECT_NE(err_.str().find("`reader`@`%` of the backup has rights"), std::string::npos) << err_.str();
}

// Killed between its accounts and their grants, a restore leaves accounts that nothing else tells of.
TEST_F(RoundTrip, WhatARestoreThatWasCutOffHasBroughtIsGoneAfterTheNext) {
  RestoreRequest request;
  request.from = back_up().string();
  make().query("CREATE USER 'ITA_WS_NEW'@'%'; CREATE DATABASE ita_ws_new;");
  restore(request);
  EXPECT_EQ(make().query("SELECT 1 FROM mysql.user WHERE User = 'ITA_WS_NEW';").size(), 1U) << "it may be anybody's";
  record_.brought_users = {"ITA_WS_NEW"};
  record_.brought_databases = {"ITA_WS_NEW"};
  restore(request);
  EXPECT_TRUE(make().query("SELECT 1 FROM mysql.user WHERE User = 'ITA_WS_NEW';").empty());
  EXPECT_TRUE(make().query("SHOW DATABASES LIKE 'ita_ws_new';").empty());
}

TEST_F(RoundTrip, DefinersAreTakenOffWhenWanted) {
  RestoreRequest request;
  request.from = back_up().string();
  request.strip_definers = true;
  restore(request);
  const auto view = make().query("SHOW CREATE VIEW ITA_DB.a_view;").at(0).at(1);
  EXPECT_NE(view.find("DEFINER=`root`@"), std::string::npos) << view;
  EXPECT_NE(err_.str().find("ran as both@%"), std::string::npos) << err_.str();
  EXPECT_NE(make().query("SELECT * FROM ITA_DB.a_view;").at(0).at(0).find("DEFINER=`root`@`%` */"), std::string::npos);
}

TEST_F(RoundTrip, ThePacketSizeIsRaisedForTheDataAndPutBack) {
  make().query("SET GLOBAL max_allowed_packet = 67108864;");
  make().query("CREATE TABLE ita_db.large (t LONGTEXT); INSERT INTO ita_db.large VALUES (REPEAT('x', 20000000));");
  RestoreRequest request;
  request.from = back_up().string();
  make().query("SET GLOBAL max_allowed_packet = 1048576;");
  restore(request);
  EXPECT_EQ(make().query("SELECT LENGTH(t) FROM ita_db.large;").at(0).at(0), "20000000");
  EXPECT_EQ(packet_now(), "1048576");
  const std::vector<std::string> before_and_after{"shared raised from 1048576, it is 1048576", "shared is 1048576"};
  EXPECT_EQ(packet_notes_, before_and_after);
}

TEST_F(RoundTrip, AnAccountWhosePluginIsMissingIsFoundBefore) {
  const auto backup_of = [&](const std::string& create) {
    const auto path = *directory_ / "plugin.tar";
    std::filesystem::remove(path);
    archive::BackupWriter writer(path);
    writer.add("accounts_shared.json", archive::MemberKind::kAccounts, to_json_text({{"ITA_USER", "%", create, {}}}));
    archive::Manifest manifest;
    archive::Manifest::Server server;
    server.id = "shared";
    server.sides = {"platform", "ita"};
    manifest.servers.push_back(std::move(server));
    manifest.accounts.push_back({"shared", "accounts_shared.json", {"`ITA_USER`@`%`"}});
    writer.finish(manifest);
    return prove_backup(path.string(), *reporter_);
  };
  StockedServer stocked = stock();
  for (const char* known :
       {"IDENTIFIED BY PASSWORD '*1F'", "IDENTIFIED VIA unix_socket OR mysql_native_password USING 'x'"})
    EXPECT_NO_THROW(check_accounts(backup_of(fmt::format("CREATE USER `ITA_USER`@`%` {}", known)), stocked));
  EXPECT_THROW(check_accounts(backup_of("CREATE USER `ITA_USER`@`%` IDENTIFIED VIA no_such_plugin"), stocked), Error);
}

TEST_F(RoundTrip, ABackupOfASystemWithOtherNamesIsRefused) {
  const ProvedBackup backup = prove_backup(back_up().string(), *reporter_);
  System other = system_;
  other.platform.database = "platform_stg";
  make().query("CREATE DATABASE platform_stg;");
  auto servers = open_servers(
      cluster(), other, [](const Side&) { return LocalPod::container(); }, "test");
  InventoryRequest what = request_for(other, servers.at(0));
  const StockedServer stocked = with_stock(std::move(servers.at(0)), std::move(what));
  EXPECT_THROW(check_names(backup.reader.manifest(), other, stocked), Error);
  make().query("DROP DATABASE platform_stg;");
}

TEST_F(RoundTrip, ADiskThatIsTooSmallIsFoundBefore) {
  archive::Manifest manifest;
  StockedServer stocked = stock();
  manifest.databases.push_back({"shared", "large", "large.sql.gz", std::uint64_t{1} << 40, 1, 1, 1, "", ""});
  require_room(manifest, stocked, std::nullopt);
  require_room(manifest, stocked, std::uint64_t{1} << 40);
  EXPECT_THROW(require_room(manifest, stocked, std::uint64_t{1} << 30), Error);
}

TEST(SafetyDirectoryTest, ASafetyBackupLiesBesideWhatIsRestored) {
  const std::filesystem::path here = std::filesystem::current_path();
  EXPECT_EQ(safety_directory("", "/backups/exastro.tar"), "/backups");
  EXPECT_EQ(safety_directory("", "exastro.tar"), here);
  EXPECT_EQ(safety_directory("", "/backups/unpacked"), "/backups");
  EXPECT_EQ(safety_directory("", "/backups/unpacked/"), "/backups") << "in it, it would make it no backup";
  EXPECT_EQ(safety_directory("", "/backups/unpacked/."), "/backups");
  EXPECT_EQ(safety_directory("", "."), here.parent_path());
  EXPECT_EQ(safety_directory("", "-"), here);
  EXPECT_EQ(safety_directory("kept", "/backups/exastro.tar"), here / "kept");
}

TEST_F(RoundTrip, ASafetyBackupOfADisasterCanBeGoneBackTo) {
  make().query("DROP DATABASE keycloak;");
  const ProvedBackup backup = prove_backup(back_up().string(), *reporter_);
  EXPECT_EQ(backup.reader.manifest().servers.at(0).absent, std::vector<std::string>{"keycloak"});
  EXPECT_NO_THROW(check_names(backup.reader.manifest(), system_, stock()));
}

// The records are what a disaster takes: then nothing but the backup says whose the other databases are.
TEST_F(RoundTrip, WhatNoRecordNamesAnyMoreIsKeptBeforeItIsReplaced) {
  RestoreRequest request;
  request.from = back_up().string();
  make().query(
      "DELETE FROM ITA_DB.T_COMN_ORGANIZATION_DB_INFO; DROP TABLE platform.T_ORGANIZATION_DB; "
      "INSERT INTO ita_ws_bbbbbbbbbbbbbbbbbbbb.parts VALUES (2, 'of today');");
  RestoreRequest back;
  back.from = back_up(prove_backup(request.from, *reporter_).reader.manifest(), "safety.tar").string();
  restore(request);
  EXPECT_EQ(make().query("SELECT COUNT(*) FROM ita_ws_bbbbbbbbbbbbbbbbbbbb.parts;").at(0).at(0), "1");
  // As a restore that failed goes back: what it has brought counts as Exastro's, and is dropped if it was not there.
  const ProvedBackup brought = prove_backup(request.from, *reporter_);
  for (const auto& database : brought.reader.manifest().databases) record_.brought_databases.insert(database.name);
  restore(back);
  EXPECT_EQ(make().query("SELECT name FROM ita_ws_bbbbbbbbbbbbbbbbbbbb.parts WHERE id = 2;").at(0).at(0), "of today");
  EXPECT_EQ(make().query("SHOW DATABASES LIKE 'pf_org_aaaaaaaaaaaaaaaaaaaa';").size(), 1U);
  EXPECT_TRUE(make().query("SHOW TABLES FROM platform;").empty());
}

TEST_F(RoundTrip, AnEventOnWhichTheDumpWouldNeverEndIsRefused) {
  make().query("CREATE EVENT ITA_DB.fine ON SCHEDULE EVERY 1 YEAR DO SELECT 'a;b';");
  const StockedServer fine = stock();
  EXPECT_NO_THROW(require_databases(system_, fine.server, fine.inventory));
  make().query("CREATE EVENT ITA_DB.endless ON SCHEDULE EVERY 1 YEAR DO SELECT 'a;;b';");
  const StockedServer endless = stock();
  EXPECT_EQ(endless.inventory.endless_events, std::vector<std::string>{"ita_db.endless"});
  EXPECT_THROW(require_databases(system_, endless.server, endless.inventory), Error);
}

TEST_F(RoundTrip, WhatABackupWouldLackIsRefused) {
  StockedServer stocked = stock();
  require_databases(system_, stocked.server, stocked.inventory);
  make().query("DROP TABLE ita_ws_bbbbbbbbbbbbbbbbbbbb.parts;");
  const StockedServer broken = stock();
  EXPECT_EQ(broken.inventory.broken_views.size(), 3U);
  EXPECT_THROW(require_databases(system_, broken.server, broken.inventory), Error);
  make().query("DROP DATABASE ita_db;");
  const StockedServer gone = stock();
  try {
    require_databases(system_, gone.server, gone.inventory);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("ITA_DB"), std::string::npos);
  }
}

TEST_F(RoundTrip, OntoAnotherSystemTheRecordsAreMovedAndTheAdministratorsLoginRenewed) {
  const std::string& key = system_.ita.encrypt_key;
  make().query(fmt::format(
      "ALTER TABLE ITA_DB.T_COMN_ORGANIZATION_DB_INFO ADD DB_ADMIN_USER TEXT, ADD DB_ADMIN_PASSWORD TEXT;"
      "UPDATE ITA_DB.T_COMN_ORGANIZATION_DB_INFO SET DB_HOST = '127.0.0.1', DB_PORT = {}, DB_PASSWORD = '{}', "
      "DB_ADMIN_USER = 'former', DB_ADMIN_PASSWORD = '{}';",
      port(), encrypt_secret(key, "its own"), encrypt_secret(key, "the former administrator's")));
  RestoreRequest request;
  request.from = back_up().string();
  system_.platform.host = system_.ita.host = "localhost";
  restore(request);
  const auto rows = make().query(
      "SELECT DB_HOST, DB_PORT, DB_PASSWORD, DB_ADMIN_USER, DB_ADMIN_PASSWORD FROM "
      "ITA_DB.T_COMN_ORGANIZATION_DB_INFO;");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0][0], "localhost");
  EXPECT_EQ(rows[0][1], port());
  EXPECT_EQ(decrypt_secret(key, rows[0][2]), "its own");
  EXPECT_EQ(rows[0][3], "root");
  EXPECT_EQ(decrypt_secret(key, rows[0][4]), kPassword);
  EXPECT_EQ(make().query("SELECT DB_HOST FROM platform.T_ORGANIZATION_DB;").at(0).at(0), "elsewhere");
  EXPECT_NE(err_.str().find(fmt::format("1 connection records were moved: 127.0.0.1:{0} -> localhost:{0}", port())),
            std::string::npos)
      << err_.str();

  // Again, nothing is left to move; under another key, that is told.
  err_.str("");
  system_.platform.encrypt_key = system_.ita.encrypt_key = base64_encode(std::string(32, 'x'));
  StockedServer stocked = stock();
  const RecordChanges changes = move_records(stocked.server, stocked.inventory, {"127.0.0.1:" + port()},
                                             [](const Side& side) -> const std::string& { return side.encrypt_key; });
  EXPECT_TRUE(changes.moved.empty());
  EXPECT_EQ(changes.unreadable.at("ita"), 1U);
}

TEST_F(RoundTrip, AnotherLayoutOrAnOlderServerIsRefused) {
  const ProvedBackup backup = prove_backup(back_up().string(), *reporter_);
  check_fits(backup.reader.manifest(), system_, *reporter_);
  StockedServer stocked = stock();
  std::vector<Server> servers;
  servers.push_back(stocked.server);
  check_layout(backup.reader.manifest(), servers);
  servers[0].id = "platform";
  EXPECT_THROW(check_layout(backup.reader.manifest(), servers), Error);
  ServerFacts facts = stocked.inventory.server;
  facts.version = "10.5.29-MariaDB";
  EXPECT_THROW(check_fits(backup.reader.manifest(), stocked.server, facts), Error) << "an older server";
  archive::Manifest strange = backup.reader.manifest();
  check_collations(strange, stocked);
  strange.databases[0].collation = "utf8mb4_of_tomorrow";
  EXPECT_THROW(check_collations(strange, stocked), Error);
  facts = stocked.inventory.server;
  facts.lower_case_table_names = 0;
  EXPECT_THROW(check_fits(backup.reader.manifest(), stocked.server, facts), Error);
}

}  // namespace
}  // namespace exastro
