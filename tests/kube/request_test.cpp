// Requests that the API server does not answer at first, with a stand-in for kubectl.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "kube/kubectl.h"

namespace exastro::kube {
namespace {

class Request : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "request-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    options_.program = directory_ / "kubectl";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // The first `failures` calls fail with `message`, the others give an empty list.
  void stand_in(int failures, const std::string& message) {
    std::ofstream file(options_.program);
    file << "#!/bin/sh\necho >>'" << (directory_ / "calls").string() << "'\n"
         << "[ $(wc -l <'" << (directory_ / "calls").string() << "') -gt " << failures << " ] || { echo '" << message
         << "' >&2; exit 1; }\necho '{\"items\": []}'\n";
    file.close();
    ::chmod(options_.program.c_str(), 0700);
  }
  [[nodiscard]] int calls() const {
    std::ifstream file(directory_ / "calls");
    int count = 0;
    for (std::string line; std::getline(file, line);) ++count;
    return count;
  }

  std::filesystem::path directory_;
  KubectlOptions options_;
};

constexpr const char* kAway =
    "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?";

TEST_F(Request, AWrongAddressIsToldAtOnce) {
  stand_in(2, kAway);
  Kubectl cluster(options_);
  EXPECT_THROW(cluster.list("pods", "ns", ""), KubeError);
  EXPECT_EQ(calls(), 1);
}

TEST_F(Request, AReadOutlastsAnApiServerThatIsAwayForAMoment) {
  stand_in(2, kAway);
  Kubectl cluster(options_);
  cluster.be_patient(std::chrono::seconds(30));
  EXPECT_TRUE(cluster.list("pods", "ns", "").empty());
  EXPECT_EQ(calls(), 3);
}

TEST_F(Request, WhatIsRefusedIsNotAskedAgainAndWhatMayNotBeDoneTwiceIsNotDoneAgain) {
  stand_in(2, "Error from server (Forbidden): pods is forbidden");
  Kubectl cluster(options_);
  cluster.be_patient(std::chrono::seconds(30));
  EXPECT_THROW(cluster.list("pods", "ns", ""), KubeError);
  EXPECT_EQ(calls(), 1);
  stand_in(9, kAway);
  EXPECT_THROW(cluster.create({{"kind", "Pod"}, {"metadata", {{"name", "x"}}}}), KubeError);
  EXPECT_EQ(calls(), 2);
}

TEST_F(Request, PatienceEnds) {
  stand_in(99, kAway);
  Kubectl cluster(options_);
  cluster.be_patient(std::chrono::seconds(1));
  try {
    cluster.list("pods", "ns", "");
    FAIL() << "no error";
  } catch (const KubeError& error) {
    EXPECT_EQ(error.reason(), Reason::kUnreachable);
  }
  EXPECT_GE(calls(), 2);
}

}  // namespace
}  // namespace exastro::kube
