// What is kept in a pod: by the real scripts, on this machine in the place of the pod.
#include "sequence/staging.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "../stream/zstd_text.h"
#include "../temporary_folder.h"
#include "archive/backup_writer.h"
#include "archive/decoding.h"
#include "archive/names.h"
#include "kube/kubectl.h"
#include "sequence/backup_content.h"
#include "sequence/compression.h"
#include "sequence/delivery.h"
#include "sequence/staged_backup.h"
#include "stream/digest.h"

namespace exastro {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// kubectl is stood in for by a program that runs the script here, and breaks the connection when it is told to: what
// the script has begun goes on then, as it does in a pod.
constexpr const char* kStandIn = R"sh(#!/bin/sh
here=$(dirname "$0")
while [ "$1" != -- ]; do shift; done
shift 3
script=$1
shift
cut=$(cat "$here/cut" 2>/dev/null) && rm "$here/cut"
case $cut in
  '') exec setsid -w sh -c "$script" "$@" ;;
  early)
    exec 3<&0
    setsid -w sh -c "$script" "$@" <&3 >/dev/null 2>&1 &
    sleep 0.5
    exit 1
    ;;
  *)
    exec 3<&0
    mkfifo "$here/stream"
    setsid -w sh -c "$script" "$@" <&3 >"$here/stream" 2>/dev/null &
    head -c "$cut" <"$here/stream"
    rm "$here/stream"
    exit 1
    ;;
esac
)sh";

constexpr const char* kPodHere = R"({"metadata": {"name": "pod"}, "status": {"phase": "Running"}})";

// With a pod that is there as long as its file is.
class ClusterHere : public kube::Kubectl {
 public:
  ClusterHere(const kube::KubectlOptions& options, fs::path pod) : Kubectl(options), pod_(std::move(pod)) {}
  std::optional<Json> get(const std::string&, const std::string&, const std::string&) override {
    if (refuses) throw kube::KubeError(kube::Reason::kOther, "Unauthorized", "", ExitStatus::kFailed);
    if (!fs::exists(pod_)) return std::nullopt;
    return Json::parse(std::ifstream(pod_));
  }
  // Counts what comes, and is cut off for good, pod and all, after so many bytes.
  kube::StreamReport download(const kube::Pod& pod, const kube::Script& script, const kube::ByteHandler& sink,
                              const kube::DigestOf& digest) override {
    const auto counting = [&](std::span<const std::byte> bytes) {
      sink(bytes);
      received += bytes.size();
      if (received < cut_after) return;
      fs::remove(pod_);
      throw kube::StreamCut(Error("The line is gone."));
    };
    return Kubectl::download(pod, script, counting, digest);
  }

  bool refuses = false;
  std::uint64_t received = 0;
  std::uint64_t cut_after = ~std::uint64_t{0};

 private:
  fs::path pod_;
};

class StagingTest : public testing::Test {
 protected:
  StagingTest() {
    fs::create_directory(directory_ / "tmp");
    ::setenv("TMPDIR", (directory_ / "tmp").c_str(), 1);
    spit("kubectl", kStandIn);
    ::chmod((directory_ / "kubectl").c_str(), 0755);
    spit("pod.json", kPodHere);
    connect();
  }
  ~StagingTest() override {
    cluster_.reset();  // its shells keep files there
    ::unsetenv("TMPDIR");
  }

  void connect() {
    kube::KubectlOptions options;
    options.program = directory_ / "kubectl";
    cluster_.emplace(options, directory_ / "pod.json");
  }
  // The next exec, which is begun for whatever comes next.
  void cut(const std::string& where) {
    spit("cut", where);
    connect();
  }
  void spit(const std::string& name, const std::string& text) { std::ofstream(directory_ / name) << text; }
  std::string slurp(const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(directory_ / name).rdbuf();
    return text.str();
  }

  // Items are shell commands; each that is run leaves a line in `run`.
  kube::Script script() {
    return {compression_functions(encoding_) + "encode() { compress; }\nproduce() { echo \"$1\" >>\"" +
                (directory_ / "run").string() + "\"; eval \"$1\"; }\n",
            {},
            ""};
  }
  std::vector<StagedFile> staged(StagingRequest request) {
    request.encoding = encoding_;
    return stage(*cluster_, pod_, script(), request, "sh and gzip").files;
  }
  std::string decoded(std::string_view compressed) {
    std::string text;
    stream::CallbackSink out([&](std::span<const std::byte> bytes) { text += stream::as_text(bytes); });
    const auto unpack = archive::make_decoder(encoding_, out);
    unpack->write(std::as_bytes(std::span(compressed)));
    unpack->finish();
    return text;
  }
  std::string fetched(const StagedFile& file) {
    std::string compressed;
    fetch(*cluster_, file, [&](std::span<const std::byte> bytes) { compressed += stream::as_text(bytes); });
    return decoded(compressed);
  }

  static std::string group_of(StagedForm form, archive::Encoding encoding) {
    return fmt::format("{}-{}", form == StagedForm::kPlain ? "plain" : "compressed", archive::to_string(encoding));
  }

  // With one member, y.sql.zst.
  archive::BackupReader backup_of(const std::string& stored) {
    archive::BackupWriter writer(directory_ / "backup.tar");
    const auto member = writer.begin("y.sql.zst", archive::MemberKind::kDump, archive::Encoding::kZstd);
    member->write(stream::as_bytes(stored));
    member->finish();
    archive::Manifest manifest;
    manifest.servers.emplace_back().id = "shared";
    auto& database = manifest.databases.emplace_back();
    database.server = "shared";
    database.name = "y";
    database.member = "y.sql.zst";
    writer.finish(manifest);
    return archive::BackupReader::open(directory_ / "backup.tar");
  }

  TemporaryFolder folder_;
  const fs::path directory_ = folder_.path();
  std::optional<ClusterHere> cluster_;
  kube::Pod pod_{"ns", "pod", "c"};
  archive::Encoding encoding_ = archive::Encoding::kZstd;
};

TEST_F(StagingTest, WhatIsReadIsKeptAndFetchedInEitherForm) {
  for (const StagedForm form : {StagedForm::kPlain, StagedForm::kCompressed}) {
    for (const archive::Encoding encoding : {archive::Encoding::kGzip, archive::Encoding::kZstd}) {
      encoding_ = encoding;
      const std::string group =
          std::string(form == StagedForm::kPlain ? "a-" : "b-") + std::string(to_string(encoding));
      const auto files =
          staged({group, form, encoding, 2, {"seq 1 3", "seq 1 100000", "true", "echo 'a  b \\ c' \"$(id -u)\""}});
      ASSERT_EQ(files.size(), 4U);
      EXPECT_EQ(fetched(files[0]), "1\n2\n3\n");
      EXPECT_EQ(fetched(files[1]).size(), 588895U);
      EXPECT_EQ(fetched(files[2]), "");
      EXPECT_THAT(fetched(files[3]), testing::StartsWith("a  b \\ c "));
      EXPECT_EQ(files[1].bytes == 588895U, form == StagedForm::kPlain);
    }
  }
}

TEST_F(StagingTest, SeveralAreReadAtTheSameTime) {
  // Each waits until all have begun.
  const auto meeting = [&](int number) {
    return fmt::format(
        "cd {}; : >began{}; for i in $(seq 300); do [ $(ls began* | wc -l) = 4 ] && exit 0; sleep 0.1; done; exit 1",
        directory_.string(), number);
  };
  EXPECT_EQ(staged({"a", StagedForm::kPlain, encoding_, 4, {meeting(1), meeting(2), meeting(3), meeting(4)}}).size(),
            4U);
}

TEST_F(StagingTest, OneThatFailsIsNamedWithItsWords) {
  try {
    staged({"a",
            StagedForm::kPlain,
            encoding_,
            1,
            {"echo whole", "echo half; echo 'no such table' >&2; exit 3", "echo never"}});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("exit 3 failed: sh and gzip ended with status 3 and 0"));
    EXPECT_THAT(error.what(), HasSubstr("no such table"));
  }
  EXPECT_THAT(slurp("run"), testing::Not(HasSubstr("never")));
}

TEST_F(StagingTest, AProgramThatIsKilledIsNoSuccess) {
  EXPECT_THROW(staged({"a", StagedForm::kCompressed, encoding_, 1, {"echo half; kill -9 $(sh -c 'echo $PPID')"}}),
               Error);
}

TEST_F(StagingTest, AProgramThatReadsNothingIsNotWaitedForForEver) {
  try {
    staged({"a", StagedForm::kPlain, encoding_, 1, {"echo half; sleep 60"}, kReservePercent, std::chrono::seconds(3)});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("for 3 s nothing was read"));
  }
  // One that reads a little now and then is.
  staged({"b",
          StagedForm::kPlain,
          encoding_,
          1,
          {"for i in 1 2 3 4 5; do sleep 1; echo $i; done"},
          kReservePercent,
          std::chrono::seconds(4)});
}

TEST_F(StagingTest, AConnectionThatBreaksDoesNotBeginItAnew) {
  cut("early");
  const auto files = staged({"a", StagedForm::kPlain, encoding_, 1, {"sleep 2; echo late"}});
  EXPECT_EQ(fetched(files.at(0)), "late\n");
  EXPECT_EQ(slurp("run"), "sleep 2; echo late\n");
}

// Reading or loading may take hours in which nothing comes.
TEST_F(StagingTest, AConnectionThatWasGoodUntilItBrokeIsTriedAgainHoweverLateThatIs) {
  using std::chrono::milliseconds;
  const CutPatience patience{milliseconds(300), milliseconds(150)};
  const auto breaks_twice_after = [&](milliseconds time) {
    int tries = 0;
    through_cuts(
        *cluster_, pod_,
        [&](bool&) {
          if (++tries > 2) return;
          std::this_thread::sleep_for(time);
          throw kube::StreamCut(Error("cut"));
        },
        patience);
  };
  EXPECT_NO_THROW(breaks_twice_after(milliseconds(250)));
  EXPECT_THROW(breaks_twice_after(milliseconds(50)), kube::StreamCut);
}

TEST_F(StagingTest, AStreamThatIsCutGoesOnWhereItWas) {
  for (const StagedForm form : {StagedForm::kPlain, StagedForm::kCompressed}) {
    const auto files = staged({form == StagedForm::kPlain ? "a" : "b", form, encoding_, 1, {"seq 1 200000"}});
    cut("100000");
    const std::string text = fetched(files.at(0));
    EXPECT_EQ(text.size(), 1288895U);
    EXPECT_FALSE(fs::exists(directory_ / "cut"));
  }
}

constexpr std::pair<StagedForm, archive::Encoding> kWaysToKeep[] = {
    {StagedForm::kPlain, archive::Encoding::kGzip},
    {StagedForm::kPlain, archive::Encoding::kZstd},
    {StagedForm::kCompressed, archive::Encoding::kGzip},
    {StagedForm::kCompressed, archive::Encoding::kZstd}};

TEST_F(StagingTest, WhatItBeginsWithIsToldWithoutBeingSent) {
  for (const auto& [form, encoding] : kWaysToKeep) {
    encoding_ = encoding;
    const auto files = staged({group_of(form, encoding), form, encoding, 1, {"seq 1 200000"}});
    std::string whole;
    fetch(*cluster_, files.at(0), [&](std::span<const std::byte> bytes) { whole += stream::as_text(bytes); });
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, whole.size() / 2, whole.size(), whole.size() + 1}) {
      const Beginning beginning = beginning_of(*cluster_, files.at(0), bytes);
      EXPECT_EQ(beginning.bytes, std::min(bytes, whole.size()));
      EXPECT_EQ(beginning.sha256, stream::sha256_hex(whole.substr(0, bytes)));
      EXPECT_EQ(beginning.is_all, bytes > whole.size());
      std::string rest;
      fetch(
          *cluster_, files.at(0), [&](std::span<const std::byte> piece) { rest += stream::as_text(piece); },
          beginning.bytes);
      EXPECT_TRUE(whole.substr(0, beginning.bytes) + rest == whole);
    }
  }
}

// Three members: one has arrived, one is small, and of the last a part is here.
TEST_F(StagingTest, AnotherRunFetchesWhatIsMissing) {
  for (const auto& [form, encoding] : kWaysToKeep) {
    encoding_ = encoding;
    const auto files = staged({group_of(form, encoding),
                               form,
                               encoding,
                               1,
                               {"head -c 2000000 /dev/urandom", "echo small", "head -c 2900000 /dev/urandom"}});
    std::map<std::string, StagedFile> by_name;
    std::vector<std::string> digests;
    for (std::size_t i = 0; i < files.size(); ++i) {
      by_name.emplace(fmt::format("{}.zst", i), files[i]);
      std::string whole;
      fetch(*cluster_, files[i], [&](std::span<const std::byte> bytes) { whole += stream::as_text(bytes); });
      digests.push_back(i == 1 ? "" : stream::sha256_hex(whole));  // of the small one, gzip tells the time
    }
    const std::string waiting = archive::waiting_file_name("ns", "r", "1");
    // What is fetched, until so many bytes were.
    const auto fetch_all = [&](std::uint64_t cut_after) {
      archive::BackupWriter writer(directory_ / "backup.tar", waiting);
      StagedContent content(*cluster_, by_name);
      cluster_->received = 0;
      cluster_->cut_after = cut_after;
      std::vector<std::string> got;
      try {
        for (const auto& [name, file] : by_name) {
          archive::Manifest::Files facts;
          facts.member = name;
          const auto member = writer.begin(name, archive::MemberKind::kFiles, encoding_);
          content.files(facts, *member, [&](std::span<const std::byte> bytes) { member->write(bytes); });
          member->finish();
          got.push_back(name == "1.zst" ? "" : member->sha256());
        }
      } catch (const kube::StreamCut&) {
        spit("pod.json", kPodHere);
      }
      writer.keep();
      return got;
    };
    EXPECT_EQ(fetch_all(3'500'000).size(), 2U);
    EXPECT_EQ(fetch_all(~std::uint64_t{0}), digests);
    EXPECT_GT(cluster_->received, 1'000'000U);
    EXPECT_LT(cluster_->received, 1'500'000U);
    EXPECT_EQ(fetch_all(~std::uint64_t{0}), digests);
    EXPECT_LT(cluster_->received, 1000U) << "only the small one is to be brought";
    // What is not what the pod has, is fetched again; what is behind it, too.
    std::fstream(directory_ / waiting, std::ios::in | std::ios::out | std::ios::binary)
        .seekp(100'000)
        .write("another", 7);
    EXPECT_EQ(fetch_all(~std::uint64_t{0}), digests);
    EXPECT_GT(cluster_->received, 4'900'000U);
    fs::remove(directory_ / waiting);
  }
}

TEST_F(StagingTest, SeveralAreFetchedTogether) {
  for (const StagedForm form : {StagedForm::kPlain, StagedForm::kCompressed}) {
    const auto files = staged({form == StagedForm::kPlain ? "a" : "b",
                               form,
                               encoding_,
                               2,
                               {"seq 1 3", "true", "seq 1 20000", "printf 'no line end'"}});
    cut("100");  // all of it is asked for again
    const auto texts = fetch_together(*cluster_, {&files[3], &files[0], &files[1], &files[2]});
    ASSERT_EQ(texts.size(), 4U);
    EXPECT_EQ(decoded(texts[0]), "no line end");
    EXPECT_EQ(decoded(texts[1]), "1\n2\n3\n");
    EXPECT_EQ(decoded(texts[2]), "");
    EXPECT_EQ(decoded(texts[3]).size(), 108894U);
    EXPECT_FALSE(fs::exists(directory_ / "cut"));
  }
}

TEST_F(StagingTest, AMissingOneOfSeveralIsAnError) {
  auto files = staged({"a", StagedForm::kPlain, encoding_, 1, {"seq 1 3", "seq 1 4"}});
  files[1].number = 3;
  EXPECT_THROW(fetch_together(*cluster_, {&files[0], &files[1]}), Error);
}

TEST_F(StagingTest, WithoutItsPodItIsGivenUp) {
  const auto files = staged({"a", StagedForm::kPlain, encoding_, 1, {"seq 1 200000"}});
  cut("100000");
  fs::remove(directory_ / "pod.json");
  EXPECT_THROW(fetched(files.at(0)), kube::StreamCut);
}

TEST_F(StagingTest, OnlyAPodThatIsSaidToBeGoneIsGone) {
  EXPECT_TRUE(is_there(*cluster_, pod_));
  cluster_->refuses = true;
  EXPECT_TRUE(is_there(*cluster_, pod_)) << "a login has expired";
  cluster_->refuses = false;
  spit("pod.json", R"({"status": {"phase": "Failed"}})");
  EXPECT_FALSE(is_there(*cluster_, pod_));
  fs::remove(directory_ / "pod.json");
  EXPECT_FALSE(is_there(*cluster_, pod_));
}

TEST_F(StagingTest, ADiskThatGetsFullIsNoticed) {
  EXPECT_THROW(staged({"a", StagedForm::kPlain, encoding_, 1, {"sleep 5"}, 101}), StagingFull);
}

TEST_F(StagingTest, APodThatReachesItsLimitIsNoticed) {
  StagingRequest request{"a", StagedForm::kPlain, encoding_, 1, {"head -c 3000000 /dev/zero; sleep 5"}};
  request.most_bytes = 2'000'000;
  EXPECT_THROW(staged(request), StagingFull);
  request.group = "b";
  request.items = {"head -c 3000000 /dev/zero; sleep 2"};
  request.most_bytes = 20'000'000;
  EXPECT_EQ(staged(request).size(), 1U);
}

TEST_F(StagingTest, FifteenOfAHundredStayFree) {
  const StagingRoom room = look_at_room(*cluster_, pod_);
  EXPECT_GT(room.total, room.available);
  EXPECT_GE(room.processors, 1U);
  const StagingRoom small{"pod", 1000, 550, 2};
  EXPECT_EQ(form_that_fits(small, 200), StagedForm::kPlain);
  EXPECT_EQ(form_that_fits(small, 201), StagedForm::kCompressed);
  EXPECT_EQ(form_that_fits(small, 400), StagedForm::kCompressed);
  EXPECT_EQ(form_that_fits(small, 401), std::nullopt);
  EXPECT_EQ(form_that_fits({"pod", 1000, 150, 2}, 0), std::nullopt);
}

TEST_F(StagingTest, APodThatIsEvictedSoonerHasLessRoom) {
  spit("pod.json", R"({"spec": {"containers": [{"resources": {"limits": {"ephemeral-storage": "2Gi"}}}, {}]}})");
  EXPECT_EQ(look_at_room(*cluster_, pod_).limit, std::uint64_t{2} << 30);
  const StagingRoom room{"pod", 10000, 9000, 2, 400};
  EXPECT_EQ(form_that_fits(room, 170), StagedForm::kPlain);
  EXPECT_EQ(form_that_fits(room, 340), StagedForm::kCompressed);
  EXPECT_EQ(form_that_fits(room, 341), std::nullopt);
  std::string why;
  EXPECT_FALSE(plan_staging({room}, 341, StagingMode::kAuto, 0, why));
  EXPECT_THAT(why, HasSubstr("evicted at 400 B (a LimitRange"));
  spit("pod.json", kPodHere);
  EXPECT_EQ(look_at_room(*cluster_, pod_).limit, std::nullopt);
}

TEST(StagingPlanTest, AsManyJobsAsPodAndServerHaveProcessorsAndOneMore) {
  const auto jobs = [](unsigned pod, unsigned server, unsigned chosen = 0) {
    ServerFacts facts;
    facts.processors = server;
    std::string why;
    return plan_staging({{"pod", 1000, 900, pod}, {"another", 1000, 900, 1}}, 1, StagingMode::kAuto, chosen, why)
        .value()
        .jobs(facts);
  };
  EXPECT_EQ(jobs(4, 2), 3U);
  EXPECT_EQ(jobs(2, 4), 3U);
  EXPECT_EQ(jobs(4, 0), 5U) << "the server does not tell";
  EXPECT_EQ(jobs(64, 64), 8U);
  EXPECT_EQ(jobs(2, 4, 20), 20U);
}

TEST_F(StagingTest, WhatItIsIsKeptBesideForAnotherRun) {
  StagedBackup backup;
  backup.draft.time_text = "20260131-123456";
  backup.draft.manifest.created_at = "2026-01-31T12:34:56Z";
  backup.draft.manifest.tool_version = "1";
  archive::Manifest::Server server;
  server.id = "shared";
  server.sides = {"platform", "ita"};
  backup.draft.manifest.servers.push_back(server);
  archive::Manifest::Database database;
  database.server = "shared";
  database.name = "日本";
  database.member = "exastro_mysqldump_shared_db_x_20260131-123456.sql.gz";
  backup.draft.manifest.databases.push_back(database);
  backup.draft.small.push_back({"keys.json", archive::MemberKind::kKeys, "{\"key\": \"\\u0000'\"}"});
  backup.files.emplace(database.member,
                       StagedFile{pod_, "dumps-shared", 7, StagedForm::kCompressed, archive::Encoding::kZstd, 4096});
  keep(*cluster_, pod_, backup);
  const StagedBackup found = find_kept(*cluster_, pod_);
  EXPECT_EQ(found.draft.time_text, "20260131-123456");
  EXPECT_EQ(found.draft.manifest.databases.at(0).name, "日本");
  EXPECT_TRUE(found.draft.manifest.members.empty());
  EXPECT_EQ(found.draft.small.at(0).text, "{\"key\": \"\\u0000'\"}");
  const StagedFile& file = found.files.at(database.member);
  EXPECT_EQ(file.pod.name, "pod");
  EXPECT_EQ(file.group, "dumps-shared");
  EXPECT_EQ(file.number, 7U);
  EXPECT_EQ(file.form, StagedForm::kCompressed);
  EXPECT_EQ(file.encoding, archive::Encoding::kZstd);
  EXPECT_EQ(bytes_of(found.files), 4096U);
}

TEST_F(StagingTest, NonsenseInItsPlaceIsDamage) {
  for (const char* text : {"", "{}", "[]", "{\"draft\": \"{}\", \"files\": []}", "{\"draft\": 1, \"files\": 2}"}) {
    stage_text(*cluster_, pod_, text);
    EXPECT_THROW(find_kept(*cluster_, pod_), Error) << text;
  }
}

TEST_F(StagingTest, ADeliveryThatIsCutIsMadeAgain) {
  std::string noise;
  for (std::mt19937 random(3); noise.size() < 3'000'000;) noise += static_cast<char>(random());
  const std::string stored = stream::zstd_of(noise);
  const auto reader = backup_of(stored);
  MemberSource source(reader, "y.sql.zst", {}, archive::Encoding::kZstd);
  cut("early");
  std::uint64_t passed = 0;
  const Delivered delivered = deliver(*cluster_, pod_, "name", source, [&](std::uint64_t bytes) { passed += bytes; });
  EXPECT_FALSE(fs::exists(directory_ / "cut"));
  EXPECT_EQ(delivered.name, "name-2");
  EXPECT_EQ(delivered.encoding, archive::Encoding::kZstd);
  EXPECT_GE(passed, stored.size());
  EXPECT_EQ(slurp("tmp/exastro-staged/delivered/name-2"), stored);
  EXPECT_FALSE(fs::exists(directory_ / "tmp/exastro-staged/delivered/name-1")) << "it takes room";
  cut("early");
  fs::remove(directory_ / "pod.json");
  EXPECT_THROW(deliver(*cluster_, pod_, "gone", source, [](std::uint64_t) {}), kube::StreamCut);
}

TEST_F(StagingTest, ADumpIsUnpackedOnArrivalAsFarAsItIsWanted) {
  std::string rows;
  for (std::mt19937 random(3); rows.size() < 3'000'000;) rows += fmt::format("{};\n", random());
  const auto reader = backup_of(stream::zstd_of("/*M!999999\\- enable the sandbox mode */ \n" + rows + "views;\n"));
  MemberSource source(reader, "y.sql.zst", {}, archive::Encoding::kZstd);
  const auto sandbox = std::string_view("/*M!999999\\- enable the sandbox mode */ \n").size();
  cut("early");
  const Delivered part = deliver(
      *cluster_, pod_, "part", source, [](std::uint64_t) {}, sandbox + rows.size());
  EXPECT_EQ(part.name, "part-2");
  EXPECT_EQ(part.form, StagedForm::kPlain);
  EXPECT_TRUE(slurp("tmp/exastro-staged/delivered/part-2") == rows) << "it is not what it was";
  deliver(
      *cluster_, pod_, "whole", source, [](std::uint64_t) {}, 0);
  EXPECT_TRUE(slurp("tmp/exastro-staged/delivered/whole-1") == rows + "views;\n") << "it is not what it was";
}

// Killed, what cuts the dump off before its views leaves what looks like all of it.
TEST_F(StagingTest, ADumpThatIsNotAllUnpackedIsNoDelivery) {
  fs::create_directory(directory_ / "bin");
  spit("bin/head", "#!/bin/sh\n[ \"$2\" != 11 ] || kill -9 $$\nexec /usr/bin/head \"$@\"\n");
  ::chmod((directory_ / "bin/head").c_str(), 0755);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", ((directory_ / "bin").string() + ":" + path).c_str(), 1);
  connect();
  const auto reader = backup_of(stream::zstd_of("SELECT 1;\nSELECT 2;\n"));
  MemberSource source(reader, "y.sql.zst", {}, archive::Encoding::kZstd);
  // The first line is passed on by itself.
  EXPECT_THROW(deliver(
                   *cluster_, pod_, "name", source, [](std::uint64_t) {}, 21),
               Error);
  EXPECT_FALSE(fs::exists(directory_ / "tmp/exastro-staged/delivered/name-1")) << "it takes room";
  EXPECT_NO_THROW(deliver(
      *cluster_, pod_, "name", source, [](std::uint64_t) {}, 20));
  ::setenv("PATH", path.c_str(), 1);
}

TEST_F(StagingTest, WhatCannotBeKeptEndsADelivery) {
  fs::create_directories(directory_ / "tmp/exastro-staged/delivered/name-1");  // no file can be there
  const auto reader = backup_of(stream::zstd_of("x"));
  try {
    MemberSource source(reader, "y.sql.zst", {}, archive::Encoding::kZstd);
    deliver(*cluster_, pod_, "name", source, [](std::uint64_t) {});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("could not keep what is to be restored"));
    EXPECT_THAT(error.next(), HasSubstr("--staging never"));
  }
}

}  // namespace
}  // namespace exastro
