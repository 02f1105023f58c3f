// A real MariaDB server that a test starts, and the real scripts.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "../temporary_folder.h"
#include "local_pod.h"
#include "sequence/database.h"
#include "sequence/server.h"
#include "stream/digest.h"
#include "stream/gzip.h"

namespace exastro {

inline constexpr const char* kPassword = "a \"b\" 'c' \\ $d #e; `f`";

class RealServer : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    started_ = false;
    folder_.emplace();
    directory_ = &folder_->path();
    // Sticky, as no backup is written where others may replace it.
    std::filesystem::permissions(*directory_, std::filesystem::perms::all | std::filesystem::perms::sticky_bit);
    const std::string data = (*directory_ / "data").string();
    const std::string user = geteuid() == 0 ? "--user=root" : "";
    if (system(("mariadb-install-db --no-defaults " + user + " --auth-root-authentication-method=normal --tmpdir=" +
                directory_->string() + " --datadir=" + data + " >" + log() + " 2>&1")
                   .c_str()) != 0)
      return;
    ::setenv("TMPDIR", directory_->c_str(), 1);  // of the scripts
    pod_.emplace(*directory_);
    std::ofstream init(*directory_ / "init.sql");
    init << "ALTER USER root@localhost IDENTIFIED BY " << quote_text(kPassword) << ";\n"
         << "CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY " << quote_text(kPassword) << ";\n"
         << "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n";
    init.close();
    const std::string socket = (*directory_ / "s").string();
    const std::string init_file = "--init-file=" + (*directory_ / "init.sql").string();
    // Servers that share a directory for temporary tables take each other's.
    const std::string tmpdir = "--tmpdir=" + directory_->string();
    const std::string port_option = "--port=" + port();  // before the fork: the child has another number
    server_ = fork();
    if (server_ == 0) {
      if (freopen(log().c_str(), "a", stdout) == nullptr || freopen(log().c_str(), "a", stderr) == nullptr) _exit(126);
      execlp("mariadbd", "mariadbd", "--no-defaults", user.empty() ? "--skip-networking=0" : user.c_str(),
             ("--datadir=" + data).c_str(), ("--socket=" + socket).c_str(), tmpdir.c_str(), port_option.c_str(),
             "--bind-address=127.0.0.1", init_file.c_str(), "--skip-name-resolve", "--lower-case-table-names=1",
             "--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin",
             ("--pid-file=" + data + "/pid").c_str(), nullptr);
      _exit(127);
    }
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
  void SetUp() override {
    std::ifstream text(log());
    ASSERT_TRUE(started_) << "the server did not start: " << std::string(std::istreambuf_iterator<char>(text), {});
  }

  static void TearDownTestSuite() {
    pod_.reset();
    ::unsetenv("TMPDIR");
    if (server_ > 0) {
      kill(server_, SIGTERM);
      waitpid(server_, nullptr, 0);
      server_ = -1;
    }
    folder_.reset();
  }

  static kube::Kubectl& cluster() { return pod_->cluster(); }

  static Login login(const std::string& password = kPassword) { return {"127.0.0.1", port(), "root", password}; }

  static Database make(const std::string& password = kPassword) {
    return {cluster(), LocalPod::container(), login(password)};
  }

  static std::string log() { return (*directory_ / "log").string(); }

  // Tests may run side by side, each in a process with a server of its own.
  static std::string port() { return std::to_string(20000 + getpid() % 12000); }

  static std::string dumped(Database& database, const std::string& name) {
    std::string stored;
    stream::Digest digest;
    database.dump(
        name, archive::Encoding::kGzip,
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
    database.load(
        archive::Encoding::kGzip, stored.size(),
        [&](std::span<std::byte> room) {
          const std::size_t count = std::min(room.size(), stored.size() - at);
          std::memcpy(room.data(), stored.data() + at, count);
          digest.update(room.first(count));
          at += count;
          return count;
        },
        [&] { return digest.hex(); });
  }

  static StockedServer with_stock(Server server, InventoryRequest request) {
    std::vector<StockedServer> all;
    all.push_back({std::move(server), std::move(request), {}});
    take_stock_again(all);
    return std::move(all.front());
  }

  static std::string compressed(const std::string& plain) {
    std::string stored;
    stream::CallbackSink sink([&](std::span<const std::byte> bytes) { stored.append(stream::as_text(bytes)); });
    stream::GzipCompressor gzip(sink, 6);
    gzip.write(stream::as_bytes(plain));
    gzip.finish();
    return stored;
  }

  static inline std::optional<TemporaryFolder> folder_;
  static inline const std::filesystem::path* directory_ = nullptr;
  static inline std::optional<LocalPod> pod_;
  static inline pid_t server_ = -1;
  static inline bool started_ = false;
};
}  // namespace exastro
