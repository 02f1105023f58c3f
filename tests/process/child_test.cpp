#include "process/child.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "process/interrupt.h"

namespace exastro::process {
namespace {

Command shell(const std::string& text) { return {"/bin/sh", {"-c", text}}; }

TEST(Child, GivesStatusAndBothOutputs) {
  const Outcome outcome = run(shell("echo out; echo err >&2; exit 7"));
  EXPECT_EQ(outcome.exit_status, 7);
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\n");
  EXPECT_FALSE(outcome.timed_out);
}

TEST(Child, CarriesMuchTextBothWays) {
  const std::string text(5'000'000, 'x');
  EXPECT_EQ(run(shell("cat"), Input{text}).out, text);
}

TEST(Child, WithoutInputReadsAnEnd) { EXPECT_EQ(run(shell("cat; echo end")).out, "end\n"); }

TEST(Child, ThatEndsWhileWeWriteIsNoError) {
  const Outcome outcome = run(shell("head -c 10 >/dev/null; exit 4"), Input{std::string(5'000'000, 'x')});
  EXPECT_EQ(outcome.exit_status, 4);
}

TEST(Child, ASignalIsStatus128AndItsNumber) { EXPECT_EQ(run(shell("kill -9 $$")).exit_status, 128 + 9); }

TEST(Child, AMissingProgramIsNamed) {
  try {
    run({"/no/such/program", {}});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("/no/such/program"), std::string::npos);
  }
}

TEST(Child, TheDeadlineEndsItsWholeGroup) {
  // The grandchild would write the file if it lived on.
  const auto file = std::filesystem::temp_directory_path() / "exastro-child-test";
  std::filesystem::remove(file);
  const Outcome outcome =
      run(shell("(sleep 2; echo late > " + file.string() + ") & sleep 100"), {}, {}, std::chrono::milliseconds(200));
  EXPECT_TRUE(outcome.timed_out);
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(Child, AGrandchildThatKeepsThePipesDoesNotHoldUs) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(run(shell("setsid sleep 60 & echo done")).out, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

TEST(Child, AHandlerAnswersWhatItReads) {
  std::string answer;
  Handlers handlers;
  handlers.on_start = [](Session& session) { session.write("ask\n"); };
  handlers.on_out = [&](Session& session, std::span<const std::byte> bytes) {
    answer.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (answer == "got ask\n") session.close_input();
  };
  const Outcome outcome = run(shell("read -r word; echo \"got $word\"; cat; exit 3"), Input::open(), handlers);
  EXPECT_EQ(answer, "got ask\n");
  EXPECT_EQ(outcome.exit_status, 3);
}

TEST(Child, AHandlersExceptionEndsItAndIsThrown) {
  Handlers handlers;
  handlers.on_out = [](Session&, std::span<const std::byte>) { throw Error("enough"); };
  EXPECT_THROW(run(shell("echo x; sleep 100"), {}, handlers), Error);
}

TEST(Child, SilenceIsNoticedOnce) {
  int calls = 0;
  Handlers handlers;
  handlers.idle_after = std::chrono::seconds(1);
  handlers.on_idle = [&](Session& session) {
    ++calls;
    session.terminate();
  };
  run(shell("sleep 100"), {}, handlers);
  EXPECT_EQ(calls, 1);
}

TEST(Child, ASiblingDoesNotKeepItsInputOpen) {
  // A child that runs beside them must not hold the other end of their input: they would wait for it for ever.
  const auto stop = std::filesystem::temp_directory_path() / ("exastro-sibling-" + std::to_string(getpid()));
  std::thread sibling([&] { run(shell("until [ -e " + stop.string() + " ]; do sleep 0.1; done")); });
  for (int i = 0; i < 10; ++i) {
    const Outcome outcome = run(shell("cat"), Input{"text"}, {}, std::chrono::seconds(30));
    EXPECT_EQ(outcome.out, "text");
    EXPECT_FALSE(outcome.timed_out);
  }
  std::ofstream(stop) << "stop";
  sibling.join();
  std::filesystem::remove(stop);
}

TEST(Child, InheritsItsThreeDescriptorsAlone) {
  // `ls` opens the folder itself, as 3.
  EXPECT_EQ(run(shell("exec ls /proc/self/fd")).out, "0\n1\n2\n3\n");
}

// Last in this file: an interrupt is a fact for the rest of the program's life, so it runs in a process of its own.
void interrupted_run() {
  Interrupt::install();
  std::thread killer([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    kill(getpid(), SIGINT);
  });
  int status = 1;
  try {
    run(shell("sleep 100"));
  } catch (const Interrupted&) {
    const Interrupt::Shield shield;
    status = run(shell("exit 42")).exit_status;  // putting back still works
  }
  killer.join();
  _exit(status == 42 && Interrupt::requested() ? 42 : 1);
}

TEST(InterruptDeathTest, EndsTheChildAndAShieldLetsThingsBePutBack) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(interrupted_run(), testing::ExitedWithCode(42), "");
}

TEST(KeptChild, IsServedInRounds) {
  KeptChild child(shell("while read -r line; do echo \"got $line\"; done; exit 6"));
  std::string answer;
  Handlers handlers;
  handlers.on_out = [&](Session& session, std::span<const std::byte> bytes) {
    answer.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (answer.ends_with('\n')) session.rest();
  };
  for (const char* word : {"one", "two"}) {
    answer.clear();
    handlers.on_start = [&](Session& session) { session.write(word + std::string("\n")); };
    EXPECT_FALSE(child.serve(handlers));
    EXPECT_EQ(answer, std::string("got ") + word + "\n");
  }
  handlers.on_start = [](Session& session) { session.close_input(); };
  const auto outcome = child.serve(handlers);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exit_status, 6);
}

TEST(KeptChild, IsListenedToBetweenRounds) {
  KeptChild child(shell("echo ready; read -r line; echo a sign >&2; echo another >&2; read -r line"));
  Handlers handlers;
  handlers.on_out = [](Session& session, std::span<const std::byte>) { session.rest(); };
  EXPECT_FALSE(child.serve(handlers));
  EXPECT_EQ(child.listen(), std::optional<std::size_t>(0));
  handlers.on_start = [](Session& session) {
    session.write("go on\n");
    session.rest();
  };
  EXPECT_FALSE(child.serve(handlers));
  std::size_t heard = 0;
  for (int tries = 0; tries < 500 && heard < 2; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const auto lines = child.listen();
    ASSERT_TRUE(lines);
    heard += *lines;
  }
  EXPECT_EQ(heard, 2U);
  EXPECT_EQ(child.listen(), std::optional<std::size_t>(0));
}

TEST(KeptChild, ThatHasEndedIsSeen) {
  KeptChild child(shell("exit 0"));
  for (int tries = 0; tries < 500 && child.listen(); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(child.listen(), std::nullopt);
}

TEST(KeptChild, ThatDoesNotLeaveIsEnded) {
  const auto before = std::chrono::steady_clock::now();
  std::string process;
  {
    KeptChild child(shell("trap '' TERM; printf %s $$; while :; do sleep 1; done"));
    Handlers handlers;
    handlers.on_out = [&](Session& session, std::span<const std::byte> bytes) {
      process.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      session.rest();
    };
    EXPECT_FALSE(child.serve(handlers));
    ASSERT_TRUE(std::filesystem::exists("/proc/" + process)) << process;
  }
  EXPECT_FALSE(std::filesystem::exists("/proc/" + process));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

TEST(KeptChild, WhatAHandlerThrowsEndsIt) {
  KeptChild child(shell("echo x; sleep 100"));
  Handlers handlers;
  handlers.on_out = [](Session&, std::span<const std::byte>) { throw Error("enough"); };
  EXPECT_THROW(child.serve(handlers), Error);
  EXPECT_EQ(child.listen(), std::nullopt);
}

}  // namespace
}  // namespace exastro::process
