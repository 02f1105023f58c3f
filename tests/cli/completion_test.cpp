#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace exastro::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class CompletionOf : public testing::Test {
 protected:
  CompletionOf() {
    add_backup(app_);
    add_restore(app_);
    add_completion(app_);
    app_.add_subcommand("secret-thing", "Not for people")->group("");
  }
  Completion of(const std::vector<std::string>& words) {
    return complete(app_, words, [this](const std::string& type, const CommonFlags& flags) {
      asked_ = type + " " + flags.kubeconfig + " " + flags.context + " " + flags.namespace_;
      return std::vector<std::string>{"alpha", "beta"};
    });
  }
  CLI::App app_;
  std::string asked_;
};

TEST_F(CompletionOf, CommandsWithWhatTheyDo) {
  EXPECT_THAT(of({"ba"}).candidates, ElementsAre(StartsWith("backup\tStop the services")));
  const Completion all = of({""});
  EXPECT_THAT(all.candidates, ElementsAre(StartsWith("backup\t"), StartsWith("restore\t"), StartsWith("completion\t")));
  EXPECT_EQ(all.directive, Directive::kNothingElse);
  EXPECT_THAT(of({}).candidates, testing::SizeIs(3));
  EXPECT_THAT(of({"backup", ""}).candidates, IsEmpty());
}

TEST_F(CompletionOf, FlagsOfTheCommand) {
  EXPECT_THAT(of({"backup", "--name"}).candidates, ElementsAre(StartsWith("--namespace\tThe namespace")));
  EXPECT_THAT(of({"backup", "-"}).candidates, Contains(StartsWith("--dry-run\t")));
  EXPECT_THAT(of({"restore", "--no-s"}).candidates, ElementsAre(StartsWith("--no-safety-backup\t")));
  EXPECT_THAT(of({"backup", "--from"}).candidates, IsEmpty()) << "restore's";
  EXPECT_THAT(of({"--he"}).candidates, ElementsAre(StartsWith("--help\t")));
}

TEST_F(CompletionOf, AFlagThatIsThereIsNotOfferedAgainUnlessItMayBe) {
  const auto flags = of({"restore", "--dry-run", "-n", "x", "--release", "a", "--"}).candidates;
  EXPECT_THAT(flags, Not(Contains(StartsWith("--dry-run\t"))));
  EXPECT_THAT(flags, Not(Contains(StartsWith("--namespace\t"))));
  EXPECT_THAT(flags, Contains(StartsWith("--release\t")));
}

TEST_F(CompletionOf, ValuesThatAreChecked) {
  EXPECT_THAT(of({"backup", "--output", ""}).candidates, ElementsAre("text", "json"));
  EXPECT_THAT(of({"backup", "--output=j"}).candidates, ElementsAre("json"));
  EXPECT_THAT(of({"restore", "--only", "files", ""}).candidates, ElementsAre("databases", "files", "accounts"));
  EXPECT_THAT(of({"backup", "--staging", ""}).candidates, ElementsAre("auto", "always", "never"));
  EXPECT_THAT(of({"completion", "f"}).candidates, ElementsAre("fish"));
  EXPECT_THAT(of({"completion", "fish", ""}).candidates, IsEmpty());
  EXPECT_THAT(of({"backup", "--timeout", ""}).candidates, IsEmpty());
}

TEST_F(CompletionOf, NamesInTheClusterThatTheFlagsLeadTo) {
  EXPECT_THAT(of({"backup", "--kubeconfig=/k", "--context", "c", "-n", "b"}).candidates, ElementsAre("beta"));
  EXPECT_EQ(asked_, "NAMESPACE /k c ");
  EXPECT_THAT(of({"backup", "-nspace", "--release", "al"}).candidates, ElementsAre("alpha"));
  EXPECT_EQ(asked_, "RELEASE   space");
  of({"restore", "--context", ""});
  EXPECT_EQ(asked_, "CONTEXT   ");
}

TEST_F(CompletionOf, Files) {
  EXPECT_EQ(of({"backup", "-o", ""}).directive, Directive::kFiles);
  EXPECT_EQ(of({"restore", "--safety-dir", ""}).directive, Directive::kDirectories);
  const Completion backups = of({"restore", "--from", "/backups/"});
  EXPECT_EQ(backups.directive, Directive::kFilesEnding);
  EXPECT_THAT(backups.candidates, ElementsAre("tar", "age", "gz"));
}

TEST_F(CompletionOf, IsWrittenInCobrasProtocol) {
  std::ostringstream out;
  write({{"a\tb", "c"}, Directive::kNothingElse}, out);
  EXPECT_EQ(out.str(), "a\tb\nc\n:4\n");
}

TEST_F(CompletionOf, AClusterThatCannotBeAskedGivesNothing) {
  ASSERT_EQ(setenv("PATH", "/nonexistent", 1), 0);
  EXPECT_THAT(names_in_the_cluster("NAMESPACE", {}), IsEmpty());
}

}  // namespace
}  // namespace exastro::cli
