#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <sstream>
#include <vector>

#include "error.h"

namespace exastro::cli {
namespace {

using testing::HasSubstr;

class CommandLine : public testing::Test {
 protected:
  // Without any program on PATH, so that nothing real is touched.
  void SetUp() override { ASSERT_EQ(setenv("PATH", "/nonexistent", 1), 0); }
  int call(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "kubectl-exastro");
    out_.str("");
    err_.str("");
    return run(static_cast<int>(arguments.size()), arguments.data(), out_, err_);
  }
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandLine, HelpIsNoError) {
  EXPECT_EQ(call({"--help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("backup"));
  for (const char* command : {"backup", "restore", "reinstall", "find", "keys", "stop", "start", "status"}) {
    EXPECT_EQ(call({command, "--help"}), 0) << command;
    EXPECT_THAT(out_.str(), HasSubstr("Examples:")) << command;
    EXPECT_THAT(out_.str(), HasSubstr("Exit statuses:")) << command;
    EXPECT_THAT(out_.str(), HasSubstr("--namespace")) << command;
  }
  for (const char* command : {"verify", "inspect"}) {
    EXPECT_EQ(call({command, "--help"}), 0) << command;
    EXPECT_THAT(out_.str(), HasSubstr("Examples:")) << command;
    EXPECT_THAT(out_.str(), HasSubstr("Exit statuses:")) << command;
    EXPECT_THAT(out_.str(), testing::Not(HasSubstr("--context"))) << command << " needs no cluster";
  }
  EXPECT_EQ(call({"--version"}), 0);
}

TEST_F(CommandLine, WhatIsWrittenWronglyIsStatus2) {
  EXPECT_EQ(call({}), 2);
  EXPECT_EQ(call({"bakcup"}), 2);
  EXPECT_EQ(call({"backup", "--no-such-flag"}), 2);
  EXPECT_EQ(call({"backup", "--output", "xml"}), 2);
  EXPECT_EQ(call({"backup", "--timeout", "0"}), 2);
  EXPECT_EQ(call({"backup", "--encrypt", "age1x", "--passphrase"}), 2);
  EXPECT_EQ(call({"backup", "--encrypt-to", "file", "--passphrase"}), 2);
  EXPECT_EQ(call({"backup", "--encrypt", "ssh-ed25519", "AAAA"}), 2) << "an SSH key without its quotes";
  EXPECT_EQ(call({"restore"}), 2) << "--from is missing";
  EXPECT_EQ(call({"verify"}), 2) << "--from is missing";
  EXPECT_EQ(call({"verify", "--from", "x", "--output", "yaml"}), 2);
  EXPECT_EQ(call({"inspect", "--from", "x", "-o", "y"}), 2) << "-o is for --extract";
  EXPECT_EQ(call({"reinstall", "--version", "1.7.5"}), 2) << "of no chart";
  EXPECT_EQ(call({"reinstall", "--backup", "x", "--no-backup"}), 2);
  EXPECT_EQ(call({"restore", "--from", "x", "--only", "everything"}), 2);
  EXPECT_EQ(call({"restore", "--from", "x", "--only", "files", "--skip", "files", "--yes"}), 2);
}

TEST_F(CommandLine, AVariableThatIsEmptyIsNoFlagThatWasNotGiven) {
  for (const std::vector<const char*>& arguments :
       std::vector<std::vector<const char*>>{{"backup", "-o", ""},
                                             {"keys", "-o", ""},
                                             {"find", "-n", ""},
                                             {"find", "--context", ""},
                                             {"restore", "--from", ""},

                                             {"inspect", "--from", "x", "--extract", "y", "-o", ""}}) {
    EXPECT_EQ(call(arguments), 2) << arguments[0] << " " << arguments[1];
    EXPECT_THAT(err_.str(), HasSubstr("an empty value"));
  }
  EXPECT_EQ(call({"restore", "--from", "x", "--only", ""}), 2);
  EXPECT_EQ(call({"restore", "--from", "x", "--staging", ""}), 2);
}

TEST_F(CommandLine, PartsMayBeListedWithCommas) {
  EXPECT_EQ(call({"restore", "--from", "x", "--only", "files,accounts"}), 1) << "there is no kubectl";
  EXPECT_EQ(call({"restore", "--from", "x", "--only", "files", "--skip", "files,accounts"}), 2);
  EXPECT_EQ(call({"restore", "--from", "x", "--skip", "files,everything"}), 2);
}

TEST_F(CommandLine, HowToStageIsOneOfThreeWords) {
  EXPECT_EQ(call({"backup", "--staging", "never"}), 1) << "there is no kubectl";
  EXPECT_EQ(call({"backup", "--staging", "1"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("{auto,always,never}"));
  EXPECT_EQ(call({"fetch", "--discard", "--encrypt", "age1x"}), 2);
}

TEST_F(CommandLine, WhatCouldNotBePrintedIsAFailure) {
  EXPECT_EQ(call({"completion", "bash"}), 0);
  std::ostringstream full;
  full.setstate(std::ios::badbit);
  const std::vector<const char*> arguments{"kubectl-exastro", "completion", "bash"};
  EXPECT_EQ(run(3, arguments.data(), full, err_), 1);
  EXPECT_THAT(err_.str(), HasSubstr("could not be written to standard output"));
}

TEST_F(CommandLine, AMissingKubectlIsSaid) {
  EXPECT_EQ(call({"find"}), static_cast<int>(ExitStatus::kFailed));
  EXPECT_THAT(err_.str(), HasSubstr("kubectl was not found"));
  EXPECT_THAT(err_.str(), HasSubstr("What to do now"));
}

TEST_F(CommandLine, AMissingHelmIsSaidWithHowToGetIt) {
  EXPECT_EQ(call({"reinstall", "--yes"}), static_cast<int>(ExitStatus::kFailed));
  EXPECT_THAT(err_.str(), HasSubstr("helm was not found"));
  EXPECT_THAT(err_.str(), HasSubstr("HELM_BIN"));
}

TEST_F(CommandLine, ErrorsGoWhereTheFormatSays) {
  EXPECT_EQ(call({"find", "--output", "json"}), static_cast<int>(ExitStatus::kFailed));
  EXPECT_THAT(out_.str(), HasSubstr(R"("event":"error")"));
  EXPECT_EQ(call({"backup", "-o", "-", "--output", "json"}), static_cast<int>(ExitStatus::kFailed));
  EXPECT_EQ(out_.str(), "") << "standard output is the backup's";
  EXPECT_THAT(err_.str(), HasSubstr(R"("event":"error")"));
}

}  // namespace
}  // namespace exastro::cli
