#include "process/companion.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "../temporary_folder.h"
#include "error.h"
#include "process/temporary_directory.h"

namespace exastro::process {
namespace {

// Becomes true within some seconds.
template <typename Condition>
bool soon(Condition condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// An orphan that nobody collects, as where process 1 is no init, has ended all the same.
bool lives(pid_t number) {
  std::ifstream status("/proc/" + std::to_string(number) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("State:")) return line.find('Z') == std::string::npos;
  }
  return ::kill(number, 0) == 0;
}

pid_t number_in(const std::filesystem::path& file) {
  pid_t number = 0;
  std::ifstream(file) >> number;
  return number;
}

// Writes its number into a file and works on.
Command works_on(const std::filesystem::path& file) {
  return {"/bin/sh", {"-c", "echo $$ >\"$1\"; exec sleep 600", "sh", file.string()}};
}

TEST(Companion, EndsWithItsObjectAndSoDoesItsFolder) {
  std::filesystem::path folder;
  pid_t number = 0;
  {
    Companion companion([&](const std::filesystem::path& own) {
      folder = own;
      return works_on(own / "number");
    });
    EXPECT_EQ(std::filesystem::status(folder).permissions(), std::filesystem::perms::owner_all);
    ASSERT_TRUE(soon([&] { return number_in(folder / "number") != 0; }));
    number = number_in(folder / "number");
    EXPECT_TRUE(companion.running());
    EXPECT_TRUE(lives(number));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_TRUE(soon([&] { return !lives(number); }));
}

TEST(Companion, ThatEndsByItselfIsSeenAndHeard) {
  Companion companion([](const std::filesystem::path&) {
    return Command{"/bin/sh", {"-c", "echo what is wrong >&2; exit 3"}};
  });
  EXPECT_TRUE(soon([&] { return !companion.running(); }));
  EXPECT_EQ(companion.messages(), "what is wrong\n");
}

TEST(Companion, EndsWithAProgramThatIsKilled) {
  const TemporaryFolder temporary;
  const auto& told = temporary.path();
  const pid_t program = ::fork();
  if (program == 0) {
    try {
      Companion companion([&](const std::filesystem::path& folder) {
        std::ofstream(told / "folder") << folder.string();
        return works_on(told / "number");
      });
      ::pause();
    } catch (const std::exception&) {
    }
    ::_exit(1);
  }
  ASSERT_TRUE(soon([&] { return number_in(told / "number") != 0; }));
  const pid_t number = number_in(told / "number");
  std::string folder;
  std::ifstream(told / "folder") >> folder;
  EXPECT_TRUE(lives(number) && std::filesystem::exists(folder));
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  EXPECT_TRUE(soon([&] { return !lives(number); }));
  EXPECT_TRUE(soon([&] { return !std::filesystem::exists(folder); }));
}

TEST(Companion, DoesNotTakeAProgramThatIsNotThere) {
  Companion companion([](const std::filesystem::path&) { return Command{"/no/such/program", {}}; });
  EXPECT_TRUE(soon([&] { return !companion.running(); }));
  EXPECT_NE(companion.messages().find("/no/such/program"), std::string::npos);
}

TEST(TemporaryDirectory, OneThatIsNotThereIsSaid) {
  EXPECT_TRUE(std::filesystem::is_directory(temporary_directory()));
  const char* before = std::getenv("TMPDIR");
  const std::optional<std::string> kept = before == nullptr ? std::nullopt : std::optional<std::string>(before);
  ASSERT_EQ(::setenv("TMPDIR", "/nowhere", 1), 0);
  try {
    temporary_directory();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("/nowhere"), std::string::npos);
    EXPECT_NE(error.next().find("TMPDIR"), std::string::npos);
  }
  kept ? ::setenv("TMPDIR", kept->c_str(), 1) : ::unsetenv("TMPDIR");
}

}  // namespace
}  // namespace exastro::process
