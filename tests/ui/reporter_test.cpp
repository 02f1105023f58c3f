#include "ui/reporter.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "shell_word.h"
#include "ui/format.h"
#include "ui/step.h"

namespace exastro::ui {
namespace {

TEST(Format, BytesAndDurationsAsPeopleReadThem) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text((1U << 20) - 1), "1.0 MiB");
  EXPECT_EQ(bytes_text(std::uint64_t{5} << 30), "5.0 GiB");
  EXPECT_EQ(duration_text(std::chrono::milliseconds(420)), "0.4 s");
  EXPECT_EQ(duration_text(std::chrono::milliseconds(59990)), "1 min 0 s");
  EXPECT_EQ(duration_text(std::chrono::seconds(125)), "2 min 5 s");
  EXPECT_EQ(duration_text(std::chrono::minutes(62)), "1 h 2 min");
}

TEST(Format, TextsNameTheProgramAsItWasCalled) {
  const std::string text = "kubectl exastro start, then kubectl exastro status; kubectl get pods";
  EXPECT_EQ(as_called(text, {}), text);
  EXPECT_EQ(as_called(text, {"helm exastro"}), "helm exastro start, then helm exastro status; kubectl get pods");
}

TEST(Format, WhatIsToldToBeTypedLeadsToTheSameCluster) {
  const CallForm form{"kubectl exastro", " --context prod", " --context prod"};
  const std::pair<const char*, const char*> cases[] = {
      {"kubectl exastro start -n ns.", "kubectl exastro start --context prod -n ns."},
      {"kubectl exastro fetch --discard", "kubectl exastro fetch --context prod --discard"},
      {"`kubectl exastro status`", "`kubectl exastro status --context prod`"},
      {"kubectl get pods; kubectl logs x", "kubectl get --context prod pods; kubectl logs --context prod x"},
      {"+ kubectl --context=prod get pods", "+ kubectl --context=prod get pods"},
      {"kubectl exastro COMMAND --help", "kubectl exastro COMMAND --help"},
      {"kubectl exastro", "kubectl exastro"},
      {"kubectl exastro restarts", "kubectl exastro restarts"},
      {"kubectl ", "kubectl "},
      {"by kubectl and others", "by kubectl and others"}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(as_called(text, form), expected);
  EXPECT_EQ(as_called("kubectl exastro stop, kubectl get x", {"helm exastro", " --kube-context p", " --context p"}),
            "helm exastro stop --kube-context p, kubectl get --context p x");
  EXPECT_EQ(as_called("look: kubectl cluster-info, helm rollback x 3 -n y; helmet",
                      {.kubectl_flags = " --context p", .helm_flags = " --kube-context p"}),
            "look: kubectl cluster-info --context p, helm rollback --kube-context p x 3 -n y; helmet");
}

TEST(Format, WhatIsToldToBeTypedLeadsToTheSameSystem) {
  CallForm form{.flags = " -c", .release_flags = " --release a --release b"};
  form.set_namespace("prod");
  const std::pair<const char*, const char*> cases[] = {
      {"Look with: kubectl exastro status", "Look with: kubectl exastro status -c -n prod --release a --release b"},
      {"kubectl exastro start -n other. Then -n x",
       "kubectl exastro start -c --release a --release b -n other. Then -n x"},
      {"`kubectl exastro status`, then kubectl exastro start -n ns",
       "`kubectl exastro status -c -n prod --release a --release b`, then kubectl exastro start -c --release a "
       "--release "
       "b -n ns"},
      {"kubectl exastro reinstall -n ns --release x --chart y",
       "kubectl exastro reinstall -c -n ns --release x --chart y"},
      {R"({"next":"kubectl exastro backup","other":" -n x"})",
       R"({"next":"kubectl exastro backup -c -n prod --release a --release b","other":" -n x"})"},
      {"kubectl get pods", "kubectl get pods"}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(as_called(text, form), expected);
  form.set_namespace("");
  EXPECT_EQ(as_called("kubectl exastro stop", form), "kubectl exastro stop -c --release a --release b");
}

TEST(Format, AFlagIsForAShellAndALineOfJson) {
  EXPECT_EQ(flag_text("--context", "a"), " --context a");
  EXPECT_EQ(flag_text("--context", "a b"), " --context 'a b'");
  for (const char* value : {"", "it's", "say \"x\"", "a\\b", "a\nb"})
    EXPECT_EQ(flag_text("--context", value), "") << value;
}

TEST(Format, AWordIsQuotedForTheShell) {
  EXPECT_EQ(shell_word("/backups/a-1.tar"), "/backups/a-1.tar");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("my file"), "'my file'");
  EXPECT_EQ(shell_word("it's $HOME"), "'it'\\''s $HOME'");
}

class Reporters : public testing::Test {
 protected:
  // A run with everything that can be said.
  static void speak(Reporter& reporter) {
    Step step(reporter, "Dumping", 4096);
    step.add(1024);
    step.done("3 tables");
    { const Step failing(reporter, "Packing"); }
    reporter.warning("careful");
    reporter.command("kubectl get pods");
    reporter.result({{"file", "x"}}, "Backup x");
    reporter.error(Error("It broke.", "Mend it.", ExitStatus::kDamaged));
  }
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Reporters, ALogHasPlainLinesAndResultsApart) {
  speak(*text_reporter(out_, err_, {}));
  EXPECT_EQ(out_.str(), "Backup x\n");
  EXPECT_EQ(err_.str(),
            "Dumping ...\n  done: 3 tables, 1.0 KiB in 0.0 s\nPacking ...\n  failed: 0.0 s\nwarning: careful\n"
            "error: It broke.\nWhat to do now: Mend it.\n");
}

TEST_F(Reporters, BothSayHowTheProgramWasCalled) {
  const auto error = Error("It broke.", "Look with: kubectl exastro status");
  TextOptions options;
  options.call_form.name = "helm exastro";
  text_reporter(out_, err_, options)->error(error);
  json_reporter(out_, false, {"helm exastro", "", ""})->error(error);
  EXPECT_NE(err_.str().find("Look with: helm exastro status"), std::string::npos);
  EXPECT_NE(out_.str().find("Look with: helm exastro status"), std::string::npos);
}

TEST_F(Reporters, ATerminalIsWrittenOverAndLeftClean) {
  speak(*text_reporter(out_, err_, {true, true, true}));
  const std::string text = err_.str();
  EXPECT_NE(text.find("\r\x1b[K...     Dumping"), std::string::npos);
  EXPECT_NE(text.find("\r\x1b[K\x1b[32mdone    \x1b[0mDumping"), std::string::npos);
  EXPECT_NE(text.find("\x1b[31mfailed  \x1b[0mPacking"), std::string::npos);
  EXPECT_NE(text.find("+ kubectl get pods"), std::string::npos);
  EXPECT_TRUE(text.ends_with("Mend it.\n"));
}

TEST_F(Reporters, WithoutColourThereIsNone) {
  speak(*text_reporter(out_, err_, {false, true, false}));
  EXPECT_EQ(err_.str().find("\x1b[3"), std::string::npos);
}

TEST_F(Reporters, AMachineGetsOneObjectPerLine) {
  speak(*json_reporter(out_, true));
  std::istringstream lines(out_.str());
  std::vector<std::string> events;
  nlohmann::json last;
  for (std::string line; std::getline(lines, line);) {
    last = nlohmann::json::parse(line);
    events.push_back(last.at("event"));
  }
  EXPECT_EQ(events,
            (std::vector<std::string>{"step", "done", "step", "failed", "warning", "command", "result", "error"}));
  EXPECT_EQ(last, (nlohmann::json{{"event", "error"}, {"text", "It broke."}, {"next", "Mend it."}, {"status", 5}}));
  EXPECT_TRUE(err_.str().empty());
}

TEST_F(Reporters, BytesThatAreNoTextDoNotEndTheProgram) {
  json_reporter(out_, false)->info("name \xff\xfe");
  EXPECT_TRUE(nlohmann::json::accept(out_.str()));
}

}  // namespace
}  // namespace exastro::ui
