// What the program calls Helm with, seen by one that writes it down.
#include "kube/helm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "../temporary_folder.h"

namespace exastro::kube {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class HelmCalls : public testing::Test {
 protected:
  HelmProgram helm(const std::string& ends_with) {
    const fs::path program = directory_ / "helm";
    std::ofstream(program) << "#!/bin/sh\ncd " << directory_.string()
                           << "\necho \"$@\" > arguments\nenv > environment\ncat > input\n"
                           << ends_with << "\n";
    chmod(program.c_str(), 0755);
    return HelmProgram({program, "/their/config", "their-context", [this](const std::string& text) { log_ += text; }});
  }
  std::string text(const std::string& name) {
    std::ostringstream out;
    out << std::ifstream(directory_ / name).rdbuf();
    return out.str();
  }
  HelmUpgrade upgrade_{"ns", "exastro", "repository/exastro", "1.7.5", {"a.yaml", "b.yaml"}, {{"key", "very hidden"}}};
  TemporaryFolder folder_;
  const fs::path directory_ = folder_.path();
  std::string log_;
};

TEST_F(HelmCalls, RollbackNamesReleaseRevisionAndCluster) {
  helm("exit 0").rollback("ns", "exastro", 7);
  EXPECT_EQ(text("arguments"),
            "rollback exastro 7 --namespace ns --kubeconfig /their/config --kube-context their-context\n");
  EXPECT_THAT(log_, HasSubstr("helm rollback exastro 7"));
  EXPECT_THAT(text("environment"), HasSubstr("HELM_DEBUG=false"));
}

TEST_F(HelmCalls, SecretsTravelOnStandardInputAlone) {
  helm("echo '{}'").upgrade(upgrade_);
  EXPECT_THAT(text("arguments"), HasSubstr("upgrade exastro repository/exastro --reset-then-reuse-values"));
  EXPECT_THAT(text("arguments"), HasSubstr("--version 1.7.5 --values a.yaml --values b.yaml --values -"));
  EXPECT_EQ(text("input"), R"({"key":"very hidden"})");
  for (const auto& seen : {text("arguments"), text("environment"), log_})
    EXPECT_THAT(seen, Not(HasSubstr("very hidden")));
}

TEST_F(HelmCalls, RenderingChangesNothingAndGivesManifestAndValues) {
  const HelmRendering rendering = helm(R"(echo '{"manifest": "kind: Secret", "config": {"a": 1}}')").render(upgrade_);
  EXPECT_THAT(text("arguments"), HasSubstr("--dry-run=server"));
  EXPECT_EQ(rendering.manifest, "kind: Secret");
  EXPECT_EQ(rendering.config["a"], 1);
  EXPECT_THROW(helm("echo nonsense").render(upgrade_), Error);
}

TEST_F(HelmCalls, AnErrorHasHelmsWordsWithoutTheSecrets) {
  try {
    helm("echo 'Error: bad value very hidden' >&2; exit 1").upgrade(upgrade_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("Error: bad value ***"));
  }
}

TEST_F(HelmCalls, TheProgramIsTheOneThatHelmNamesOrOnPath) {
  helm("exit 0");
  ASSERT_EQ(setenv("HELM_BIN", (directory_ / "helm").c_str(), 1), 0);
  EXPECT_EQ(find_helm(), directory_ / "helm");
  ASSERT_EQ(setenv("HELM_BIN", "/no/such/helm", 1), 0);
  try {
    find_helm();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.next(), HasSubstr("helm.sh"));
  }
  ASSERT_EQ(unsetenv("HELM_BIN"), 0);
}

}  // namespace
}  // namespace exastro::kube
