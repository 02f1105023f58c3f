// The shell that stays in a pod, run here in its place.
#include "kube/pod_shell.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace exastro::kube {
namespace {

process::Command here() { return {"/usr/bin/setsid", {"-w", "sh", "-c"}}; }

// What a plain script printed; nothing if the shell ended with it.
std::optional<std::string> run(PodShell& shell, const std::string& text, const std::vector<std::string>& arguments = {},
                               const std::string& input = "", std::string* messages = nullptr) {
  const std::string mark = new_mark();
  std::string output;
  process::Handlers handlers;
  handlers.on_start = [&](process::Session& session) { session.write(input); };
  handlers.on_out = [&](process::Session& session, std::span<const std::byte> bytes) {
    output.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (ends_plain(output, mark)) session.rest();
  };
  handlers.on_err_line = [&](process::Session&, std::string_view line) {
    if (messages != nullptr) messages->append(line);
  };
  const auto end = shell.run(ScriptKind::kPlain, mark, text, arguments, handlers);
  if (!end.by_rest) {
    if (messages != nullptr) *messages += end.messages;
    return std::nullopt;
  }
  const auto plain = parse_plain(output, mark);
  return plain ? plain->text : "no end";
}

TEST(PodShell, RunsOneScriptAfterTheOtherInOneProcess) {
  PodShell shell(here());
  const auto first = run(shell, "echo $PPID");
  EXPECT_TRUE(shell.lives());
  EXPECT_EQ(run(shell, "echo $PPID"), first);
  EXPECT_EQ(run(shell, "exit 3"), "");
  EXPECT_EQ(run(shell, "echo $PPID"), first);
}

TEST(PodShell, GivesParametersAsTheyAre) {
  PodShell shell(here());
  const std::vector<std::string> arguments{"it's", "two\nlines\n", "", "$HOME `id` \\n", "-n"};
  std::string expected;
  for (const auto& argument : arguments) expected += "[" + argument + "]";
  EXPECT_EQ(run(shell, "for each do printf '[%s]' \"$each\"; done", arguments), expected);
}

TEST(PodShell, AScriptReadsItsInputAndTheNextOneIsStillFound) {
  PodShell shell(here());
  EXPECT_EQ(run(shell, "read -r a; read -r b; echo \"$b $a\"", {}, "one\ntwo\n"), "two one\n");
  EXPECT_EQ(run(shell, "echo next"), "next\n");
}

TEST(PodShell, WhatAScriptLeavesOfItsInputIsNeverRun) {
  const auto file = std::filesystem::temp_directory_path() / ("exastro-shell-" + std::to_string(getpid()));
  std::filesystem::remove(file);
  const std::string touch = ": >" + file.string() + "\n";
  PodShell shell(here());
  // As a script would look, but for the key.
  EXPECT_EQ(run(shell, ":", {}, "0 plain mark 1\n" + touch), "");
  EXPECT_EQ(run(shell, ":"), std::nullopt);
  EXPECT_FALSE(shell.lives());
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(PodShell, WhatAnEarlierScriptHasSaidIsNotTheNextOnes) {
  PodShell shell(here());
  std::string messages;
  EXPECT_EQ(run(shell, "(sleep 0.1; echo early >&2) >/dev/null &"), "");
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  EXPECT_EQ(run(shell, "echo mine >&2; sleep 0.2", {}, "", &messages), "");
  EXPECT_EQ(messages, "mine");
}

TEST(PodShell, OneThatIsGoneIsSeen) {
  PodShell shell(here());
  EXPECT_EQ(run(shell, "kill -9 $PPID"), std::nullopt);
  EXPECT_FALSE(shell.lives());
}

TEST(PodShell, SignsThatCameLongAgoAreNoLife) {
  using std::chrono::milliseconds;
  const SignsOfLife signs{milliseconds(200), milliseconds(500)};
  PodShell silent({"/bin/sh", {"-c", "for i in 1 2 3; do echo exastro-alive >&2; done; sleep 5; #"}}, signs);
  PodShell living({"/bin/sh", {"-c", "while sleep 0.05; do echo exastro-alive >&2; done; #"}}, signs);
  std::this_thread::sleep_for(milliseconds(2000));
  EXPECT_FALSE(silent.lives());
  EXPECT_TRUE(living.lives());
}

// Whether a process has the text in its environment.
bool is_in_an_environment(const std::string& text) {
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(process.path() / "environ", std::ios::binary);
    if (std::string(std::istreambuf_iterator<char>(file), {}).find(text) != std::string::npos) return true;
  }
  return false;
}

// Where there is no setsid the shell becomes the script. Its signs of life would hold the exec for ever.
TEST(PodShell, GivesNoSignsForAScriptThatItHasBecome) {
  const auto bin = std::filesystem::temp_directory_path() / ("exastro-shell-bin-" + std::to_string(getpid()));
  std::filesystem::create_directory(bin);
  for (const char* name : {"sh", "sleep"}) std::filesystem::create_symlink(std::string("/bin/") + name, bin / name);
  process::Handlers handlers;
  bool lived = false;
  handlers.on_out = [&](process::Session&, std::span<const std::byte>) { lived = is_in_an_environment(bin.string()); };
  // Its error output has a reader as long as anybody writes, as a container's has.
  const std::string exec = "mkfifo " + (bin / "err").string() + "; cat " + (bin / "err").string() +
                           " >/dev/null & exec env PATH=" + bin.string() + " sh -c \"$@\" 2>" + (bin / "err").string();
  PodShell shell({"/usr/bin/setsid", {"-w", "/bin/sh", "-c", exec, "sh"}});
  const auto end = shell.run(ScriptKind::kStream, new_mark(), "echo here; exit 92", {}, handlers);
  EXPECT_EQ(end.exit_status, 92);
  EXPECT_TRUE(lived);
  for (int tries = 0; tries < 150 && is_in_an_environment(bin.string()); ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(is_in_an_environment(bin.string()));
  std::filesystem::remove_all(bin);
}

TEST(PodShell, SaysWhatKubectlSaidWhenThereIsNoPod) {
  PodShell shell({"/bin/sh", {"-c", "echo 'Error from server (NotFound): pods \"x\" not found' >&2; exit 1; #", "sh"}});
  std::string messages;
  EXPECT_EQ(run(shell, "echo never", {}, "", &messages), std::nullopt);
  EXPECT_NE(messages.find("NotFound"), std::string::npos) << messages;
}

TEST(PodShell, EndsWithItsObject) {
  std::string process;
  {
    PodShell shell(here());
    process = run(shell, "printf %s $PPID").value();
    ASSERT_TRUE(std::filesystem::exists("/proc/" + process));
  }
  EXPECT_FALSE(std::filesystem::exists("/proc/" + process));
}

TEST(PlainOutput, EndsWithItsOwnMarkAlone) {
  EXPECT_FALSE(ends_plain("text\nexastro-end other 0\n", "mark"));
  EXPECT_FALSE(ends_plain("text\nexastro-end mark 0", "mark"));
  EXPECT_EQ(parse_plain("text\nexastro-end mark x\n", "mark"), std::nullopt);
  const auto plain = parse_plain("text\nexastro-end mark 0\nmore\nexastro-end mark 12\n", "mark");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->text, "text\nexastro-end mark 0\nmore");
  EXPECT_EQ(plain->status, 12);
}

}  // namespace
}  // namespace exastro::kube
