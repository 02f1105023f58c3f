// The stream protocol with its real sh scripts, run here instead of in a pod: a stand-in for kubectl starts them in
// a session of their own, as a container runtime does, and cuts or changes the stream where a test asks for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "../temporary_folder.h"
#include "kube/kubectl.h"
#include "stream/digest.h"

namespace exastro::kube {
namespace {

class Stream : public testing::Test {
 protected:
  void SetUp() override { stand_in(R"(exec setsid -w sh -c "$script" "$@")"); }

  // `last` runs with the script in $script and its parameters in "$@".
  void stand_in(const std::string& last) {
    std::ofstream file(program());
    file << "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done; shift 3\nscript=$1; shift\n" << last << "\n";
    file.close();
    chmod(program().c_str(), 0700);
  }
  [[nodiscard]] std::filesystem::path program() const { return directory_ / "kubectl"; }

  [[nodiscard]] Kubectl cluster() const {
    KubectlOptions options;
    options.program = program();
    options.stall_timeout = std::chrono::seconds(3);
    return Kubectl(options);
  }

  StreamReport download(const std::string& text, std::vector<std::string> arguments = {}) {
    received_.clear();
    stream::Digest digest;
    return cluster().download(
        pod_, {text, std::move(arguments), "password=\"a b$c\"\n"},
        [&](std::span<const std::byte> bytes) {
          received_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
          digest.update(bytes);
        },
        [&] { return digest.hex(); });
  }

  StreamReport upload(const std::string& text, const std::string& body, std::vector<std::string> arguments = {}) {
    stream::Digest digest;
    std::size_t at = 0;
    return cluster().upload(
        pod_, {text, std::move(arguments), "user=x\n"}, body.size(),
        [&](std::span<std::byte> room) {
          const std::size_t count = std::min(room.size(), body.size() - at);
          std::memcpy(room.data(), body.data() + at, count);
          at += count;
          digest.update(room.first(count));
          return count;
        },
        [&] { return digest.hex(); });
  }

  TemporaryFolder folder_;
  const std::filesystem::path directory_ = folder_.path();
  std::string received_;
  Pod pod_{"ns", "pod", "container"};
};

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>(random());
  return text;
}

TEST_F(Stream, ArrivesWholeWithTheStatusOfEveryPart) {
  const StreamReport report = download("produce() { head -c 20000000 /dev/zero; }\n");
  EXPECT_EQ(received_, std::string(20'000'000, '\0'));
  EXPECT_EQ(report.bytes, 20'000'000U);
  EXPECT_EQ(report.statuses, (std::vector<int>{0, 0, 0}));
  EXPECT_TRUE(report.all_zero());
}

TEST_F(Stream, AnEmptyOneIsWholeToo) { EXPECT_EQ(download("produce() { :; }\n").bytes, 0U); }

TEST_F(Stream, ConfidentialLinesArriveAndAreInNoArgumentList) {
  download("produce() { printf '%s' \"$cnf\"; tr '\\0' ' ' </proc/$$/cmdline; }\n");
  EXPECT_TRUE(received_.starts_with("password=\"a b$c\"\n"));
  EXPECT_EQ(received_.find("a b$c", 20), std::string::npos);
}

TEST_F(Stream, AFailingProducerIsSeenBehindItsFilter) {
  const StreamReport report =
      download("encode() { gzip -1; }\nproduce() { echo half; echo 'it broke' >&2; return 5; }\n");
  EXPECT_EQ(report.statuses, (std::vector<int>{5, 0, 0}));
  EXPECT_EQ(report.messages, "it broke");
}

TEST_F(Stream, ALostTailIsNoticedThoughKubectlSaysZero) {
  stand_in(R"(setsid -w sh -c "$script" "$@" | head -c 1000; exit 0)");
  EXPECT_THROW(download("produce() { head -c 5000000 /dev/zero; }\n"), Error);
}

TEST_F(Stream, ChangedBytesAreNoticed) {
  stand_in(R"(setsid -w sh -c "$script" "$@" | sed -u s/a/b/g)");
  try {
    download("produce() { echo aaaa; }\n");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("their digests differ"));
  }
  stand_in(R"(sed -u s/aaaa/bbbb/ | setsid -w sh -c "$script" "$@")");
  try {
    upload("consume() { cat >/dev/null; }\n", "aaaa\n");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("not the ones that were sent"));
  }
}

TEST_F(Stream, ALostClientEndsTheProducer) {
  const auto marker = directory_ / "alive";
  // The client goes away soon; the producer would make the file.
  const std::string script = "produce() { sleep 2; : >" + marker.string() + "; }\n";
  stand_in(R"(timeout 0.5 cat | setsid -w sh -c "$script" "$@")");
  EXPECT_THROW(download(script), Error);
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  EXPECT_FALSE(std::filesystem::exists(marker));
}

TEST_F(Stream, LeavesNoFileInThePod) {
  ASSERT_EQ(setenv("TMPDIR", directory_.c_str(), 1), 0);
  download("produce() { echo text; }\n");
  unsetenv("TMPDIR");
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) left.push_back(entry.path().filename());
  EXPECT_EQ(left, std::vector<std::string>{"kubectl"});
}

TEST_F(Stream, GoesUpWhole) {
  const auto file = directory_ / "arrived";
  const std::string body = noise(7'000'001);
  const StreamReport report = upload("consume() { cat >\"$1\"; }\n", body, {file.string()});
  EXPECT_TRUE(report.all_zero());
  std::ifstream stream(file, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), body);
}

TEST_F(Stream, AConsumerThatEndsEarlyEndsTheUpload) {
  const StreamReport report =
      upload("consume() { head -c 10 >/dev/null; echo 'ERROR 1' >&2; return 9; }\n", noise(50'000'000));
  ASSERT_EQ(report.statuses.size(), 4U);
  EXPECT_EQ(report.statuses[3], 9);
  EXPECT_FALSE(report.all_zero());
  EXPECT_EQ(report.messages, "ERROR 1");
}

// On a full disk the parts' statuses and counts are empty files.
TEST_F(Stream, AReportThatTellsNothingEndsIt) {
  const std::string says = "echo 'exastro-report bytes= sha256= status=,,,' >&2; sleep 60; ";
  const auto begun = std::chrono::steady_clock::now();
  const auto untold = [](const std::function<void()>& stream) {
    try {
      stream();
      return std::string("no error");
    } catch (const StreamCut&) {
      return std::string("to be tried again");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_THAT(untold([&] { download("produce() { " + says + "}\n"); }), testing::HasSubstr("disk that is full"));
  EXPECT_THAT(untold([&] { upload("consume() { " + says + "}\n", noise(50'000'000)); }),
              testing::HasSubstr("disk that is full"));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
}

TEST_F(Stream, RunGivesOutputAndThrowsWithTheScriptsWords) {
  EXPECT_EQ(cluster().run(pod_, {"cat; printf '%s' \"$1\"", {"argument"}, ""}, "input "), "input argument");
  try {
    cluster().run(pod_, {"echo 'no client' >&2; exit 92", {}, ""}, "");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("no client"), std::string::npos);
  }
}

TEST_F(Stream, APlainCommandThatWasCutIsNotBelievedThoughKubectlSaysZero) {
  for (const char* cut : {"head -c 3", "head -c 7", "head -c 0", "head -c 18"}) {
    stand_in(std::string(R"(setsid -w sh -c "$script" "$@" | )") + cut + "; exit 0");
    EXPECT_THROW(cluster().run(pod_, {"printf 'row 1\\nrow 2\\n'", {}, ""}, ""), Error) << cut;
  }
}

TEST_F(Stream, APlainCommandMayPrintWhatLooksLikeItsEnd) {
  const std::string end = "\nexastro-end 0123456789abcdef0123456789abcdef 0\n";
  EXPECT_EQ(cluster().run(pod_, {"printf '%s' \"$1\"", {end}, ""}, ""), end);
}

TEST_F(Stream, APodThatLivesAndGivesNoDataIsNotWaitedForForEver) {
  KubectlOptions options;
  options.program = program();
  options.stall_timeout = std::chrono::seconds(60);
  options.data_timeout = std::chrono::seconds(1);
  Kubectl patient(options);
  try {
    patient.download(
        pod_, {"produce() { echo begun; sleep 50; }\n", {}, ""}, [](std::span<const std::byte>) {}, [] { return ""; });
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("stalled after 6 bytes"), std::string::npos) << error.what();
  }
}

TEST_F(Stream, WhatIsOnItsWayToWhereItGoesOnIsWaitedForLonger) {
  KubectlOptions options;
  options.program = program();
  options.data_timeout = std::chrono::seconds(1);
  Kubectl patient(options);
  std::string text;
  const auto sink = [&](std::span<const std::byte> bytes) { text += stream::as_text(bytes); };
  const auto digest = [&] { return stream::sha256_hex(text); };
  Script script{"produce() { sleep 13; echo late; }\n", {}, ""};
  EXPECT_THROW(patient.download(pod_, script, sink, digest), StreamCut);
  script.until_first_byte = std::chrono::seconds(60);
  EXPECT_TRUE(patient.download(pod_, script, sink, digest).all_zero());
  EXPECT_EQ(text, "late\n");
}

TEST_F(Stream, AConversationAsksOneQuestionAfterTheOther) {
  const Script script{"while read -r a b; do printf '%s %s\\nthat is all\\n' \"$b\" \"$a\"; done", {}, ""};
  std::vector<std::string> answers;
  cluster().converse(pod_, script, "that is all", [&](const std::string& answer) -> std::optional<std::string> {
    answers.push_back(answer);
    if (answers.size() == 1) return "1 2\n";
    if (answers.size() == 2) return "3 4\n";
    return std::nullopt;
  });
  EXPECT_EQ(answers, (std::vector<std::string>{"", "2 1\nthat is all\n", "4 3\nthat is all\n"}));
}

TEST_F(Stream, AConversationThatIsBrokenOffIsAnError) {
  const auto ask = [](const std::string&) -> std::optional<std::string> { return "a question\n"; };
  try {
    cluster().converse(pod_, {"read -r line; echo no answer", {}, ""}, "that is all", ask);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("ended before it had answered"), std::string::npos) << error.what();
  }
  try {
    cluster().converse(pod_, {"read -r line; echo gone wrong >&2; exit 7", {}, ""}, "that is all", ask);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("gone wrong"), std::string::npos) << error.what();
  }
}

TEST_F(Stream, OneExecCarriesThemAll) {
  stand_in("echo x >>" + (directory_ / "execs").string() + R"(; exec setsid -w sh -c "$script" "$@")");
  Kubectl cluster = this->cluster();
  const auto ask = [calls = 0](const std::string&) mutable -> std::optional<std::string> {
    return calls++ == 0 ? std::optional<std::string>("a\n") : std::nullopt;
  };
  const std::string body = noise(100'000);
  for (int round = 0; round < 3; ++round) {
    std::size_t received = 0;
    cluster.download(
        pod_, {"produce() { echo text; }\n", {}, "secret\n"},
        [&](std::span<const std::byte> bytes) { received += bytes.size(); },
        [] { return stream::sha256_hex("text\n"); });
    EXPECT_EQ(received, 5U);
    bool given = false;
    cluster.upload(
        pod_, {"consume() { cat >/dev/null; }\n", {}, ""}, body.size(),
        [&](std::span<std::byte> room) -> std::size_t {
          if (std::exchange(given, true)) return 0;
          std::memcpy(room.data(), body.data(), std::min(room.size(), body.size()));
          return std::min(room.size(), body.size());
        },
        [&] { return stream::sha256_hex(body); });
    // The script reads no input, and there is more than a pipe holds.
    EXPECT_EQ(cluster.run(pod_, {"echo plain", {}, ""}, body), "plain\n");
    cluster.converse(pod_, {"read -r a; echo \"$a\"; echo end", {}, ""}, "end", ask);
  }
  std::ifstream execs(directory_ / "execs");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(execs), {}), "x\n");
}

TEST_F(Stream, APodWithoutSetsidHasAnExecForEachStream) {
  const auto bin = directory_ / "bin";
  std::filesystem::create_directories(bin);
  for (const char* name : {"sh", "cat", "head", "tee", "wc", "sha256sum", "mktemp", "mkfifo", "rm", "sleep"})
    std::filesystem::create_symlink(process::find_program(name).value(), bin / name);
  stand_in("exec /usr/bin/setsid -w env PATH=" + bin.string() + R"( sh -c "$script" "$@")");
  EXPECT_EQ(download("produce() { echo text; }\n").bytes, 5U);
  EXPECT_TRUE(upload("consume() { cat >/dev/null; }\n", noise(100'000)).all_zero());
  EXPECT_EQ(cluster().run(pod_, {"echo plain", {}, ""}, ""), "plain\n");
}

TEST(Classify, KnowsWhatKubectlSays) {
  EXPECT_EQ(
      classify("x", "The connection to the server 127.0.0.1:1 was refused - did you specify the right host").reason(),
      Reason::kUnreachable);
  EXPECT_EQ(classify("x", "something else").reason(), Reason::kOther);
  // A line of the log that is as long as what is kept of messages.
  const std::string log = "E1123 11:42:35.490247    6465 memcache.go:265] " + std::string(60'000, 'x') + "\n";
  EXPECT_STREQ(classify("x", log + "short").what(), "x: short");
}

}  // namespace
}  // namespace exastro::kube
