// Helm's environment, and what becomes of it in the calls of kubectl: a stand-in for kubectl writes down how it is
// called.
#include "cli/helm_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "../temporary_folder.h"
#include "cli/command_line.h"
#include "cli/common.h"

namespace exastro::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class Helm : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream file(directory_ / "kubectl");
    // It also reads the first kubeconfig, as the real one would, and tells its mode.
    file << "#!/bin/sh\nPATH=/usr/bin:/bin\ncd '" << directory_.string() << "'\necho \"$*\" >>calls\n"
         << "first=${KUBECONFIG%%:*}\n"
         << "case $first in /proc/*) cat \"$first\" >token; stat -L -c %a \"$first\" >mode;; esac\n"
         << "echo \"$KUBECONFIG\" >kubeconfig\n"
         << "case $* in *--context=behind*'config view'*) printf behinds;;"
         << " *'config view'*) printf own;; *) echo '{\"items\": []}';; esac\n";
    file.close();
    ::chmod((directory_ / "kubectl").c_str(), 0700);
    set("PATH", directory_);
    set("KUBECONFIG", "/own/config");
    set("HELM_PLUGIN_DIR", "/plugins/exastro");
    set("HELM_PLUGIN_NAME", "exastro");
    set("HELM_NAMESPACE", "default");
  }
  void TearDown() override {
    for (const char* name :
         {"PLUGIN_DIR", "PLUGIN_NAME", "NAMESPACE", "KUBECONTEXT", "KUBEAPISERVER", "KUBECAFILE", "KUBETOKEN",
          "KUBETLS_SERVER_NAME", "KUBEINSECURE_SKIP_TLS_VERIFY", "KUBEASUSER", "KUBEASGROUPS", "DEBUG", "BIN"}) {
      ::unsetenv((std::string("HELM_") + name).c_str());
    }
  }
  static void set(const char* name, const std::string& value) { ASSERT_EQ(::setenv(name, value.c_str(), 1), 0); }
  [[nodiscard]] std::string content(const char* name) const {
    std::ifstream file(directory_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // One call of kubectl as the flags and Helm's environment make it; gives its arguments.
  std::string call(const CommonFlags& flags = {}) {
    const auto reporter = ui::text_reporter(said_, said_, {.verbose = true});
    kube::Kubectl cluster = make_cluster(flags, *reporter);
    chosen_ = cluster.chosen_namespace();
    std::filesystem::remove(directory_ / "calls");
    cluster.contexts();
    return content("calls");
  }

  TemporaryFolder folder_;
  const std::filesystem::path directory_ = folder_.path();
  std::ostringstream said_;
  std::optional<std::string> chosen_;
};

TEST_F(Helm, IsHeardOnlyWhenItHasStartedThisPlugin) {
  EXPECT_TRUE(helm_environment());
  set("HELM_PLUGIN_NAME", "another");
  EXPECT_FALSE(helm_environment());
  ::unsetenv("HELM_PLUGIN_NAME");
  EXPECT_TRUE(helm_environment());
  ::unsetenv("HELM_PLUGIN_DIR");
  set("HELM_KUBECONTEXT", "elsewhere");
  EXPECT_FALSE(helm_environment());
  EXPECT_THAT(call(), Not(HasSubstr("elsewhere")));
}

TEST_F(Helm, ANamespaceIsAChoiceOnlyIfItIsNotThatOfTheContextThatHelmWasStartedFor) {
  set("HELM_NAMESPACE", "default");
  call();
  EXPECT_EQ(chosen_, "default") << "the context's is another";
  set("HELM_NAMESPACE", "behinds");
  call();
  EXPECT_EQ(chosen_, "behinds");
  CommonFlags behind;
  behind.context = "behind";
  set("HELM_NAMESPACE", "own");
  call(behind);
  EXPECT_EQ(chosen_, std::nullopt) << "helm took that of its own context";
  set("HELM_NAMESPACE", "own");
  call();
  EXPECT_EQ(chosen_, std::nullopt);
  set("HELM_NAMESPACE", "other");
  call();
  EXPECT_EQ(chosen_, "other");
  CommonFlags flags;
  flags.namespace_ = "own";
  call(flags);
  EXPECT_EQ(chosen_, "own") << "our own -n";
}

TEST_F(Helm, ItsGlobalFlagsBecomeKubectls) {
  set("HELM_KUBECONTEXT", "ctx");
  set("HELM_KUBEAPISERVER", "https://api:6443");
  set("HELM_KUBECAFILE", "/ca.crt");
  set("HELM_KUBETLS_SERVER_NAME", "name");
  set("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", "true");
  set("HELM_KUBEASUSER", "me");
  set("HELM_KUBEASGROUPS", "a,b,a,b");
  EXPECT_THAT(call(), HasSubstr("--context=ctx --server=https://api:6443 --certificate-authority=/ca.crt "
                                "--tls-server-name=name --insecure-skip-tls-verify=true --as=me --as-group=a "
                                "--as-group=b config get-contexts"));
  set("HELM_KUBEINSECURE_SKIP_TLS_VERIFY", "false");
  CommonFlags flags;
  flags.context = "nearer";
  EXPECT_THAT(call(flags), HasSubstr("--context=nearer --server"));
  EXPECT_THAT(call(flags), Not(HasSubstr("insecure")));
}

TEST_F(Helm, ATokenIsInNoArgumentAndNoFileOfADisk) {
  set("HELM_KUBETOKEN", "s3cr\"et: token");
  const std::string arguments = call();
  EXPECT_THAT(arguments, Not(HasSubstr("s3cr")));
  EXPECT_THAT(said_.str(), Not(HasSubstr("s3cr")));
  EXPECT_THAT(arguments, HasSubstr("--user=kubectl-exastro-token"));
  EXPECT_THAT(content("token"), HasSubstr(R"("token":"s3cr\"et: token")"));
  EXPECT_EQ(content("mode"), "600\n");
  EXPECT_THAT(content("kubeconfig"), testing::EndsWith(":/own/config\n"));
  EXPECT_STREQ(::getenv("KUBECONFIG"), "/own/config") << "as it was";
  CommonFlags flags;
  flags.kubeconfig = "/the/persons";
  EXPECT_THAT(call(flags), Not(HasSubstr("--kubeconfig"))) << "it would hide the token";
  EXPECT_THAT(content("kubeconfig"), testing::EndsWith(":/the/persons\n"));
}

TEST_F(Helm, TextsSayHelm) {
  const auto run_with = [&](std::vector<const char*> arguments, std::ostream& out, std::ostream& err) {
    arguments.insert(arguments.begin(), "kubectl-exastro");
    return run(static_cast<int>(arguments.size()), arguments.data(), out, err);
  };
  std::ostringstream out;
  std::ostringstream err;
  for (const std::vector<const char*>& arguments : std::vector<std::vector<const char*>>{
           {"--help"}, {"backup", "--help"}, {"restore"}, {"find", "--output=json"}}) {
    run_with(arguments, out, err);
  }
  EXPECT_THAT(out.str(), HasSubstr("helm exastro backup -o /backups/"));
  EXPECT_THAT(out.str(), HasSubstr("Usage: helm exastro"));
  EXPECT_THAT(out.str() + err.str(), Not(HasSubstr("kubectl exastro")));
  ::unsetenv("HELM_PLUGIN_DIR");
  std::ostringstream plain;
  run_with({"--help"}, plain, err);
  EXPECT_THAT(plain.str(), HasSubstr("kubectl exastro backup -o /backups/"));
}

TEST_F(Helm, WhatItTellsToTypeLeadsToTheSameSystem) {
  set("HELM_NAMESPACE", "prod");
  set("HELM_KUBECONTEXT", "ctx");
  const auto told = [&] {
    std::ostringstream out;
    std::ostringstream err;
    const std::vector<const char*> arguments{"kubectl-exastro", "find"};
    run(2, arguments.data(), out, err);
    return err.str();
  };
  EXPECT_THAT(told(), HasSubstr("kubectl cluster-info --context ctx --kubeconfig /own/config\n"));
  set("KUBECONFIG", "/own/config:/other");
  EXPECT_THAT(told(), HasSubstr("kubectl cluster-info --context ctx\n"));
}

TEST_F(Helm, DebugIsVerbose) {
  std::ostringstream out;
  std::ostringstream err;
  const std::vector<const char*> arguments{"kubectl-exastro", "find"};
  run(2, arguments.data(), out, err);
  EXPECT_THAT(err.str(), Not(HasSubstr("+ kubectl")));
  set("HELM_DEBUG", "true");
  run(2, arguments.data(), out, err);
  EXPECT_THAT(err.str(), HasSubstr("+ kubectl"));
}

}  // namespace
}  // namespace exastro::cli
