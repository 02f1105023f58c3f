// Requests to the API server, with a stand-in for `kubectl proxy` that answers what the test has written down.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "../temporary_folder.h"
#include "kube/kubectl.h"

namespace exastro::kube {
namespace {

// Serves the lines of the file "answers", one for each request and the last one for all that come after: an HTTP
// status, then the body, or "die" for a kubectl that ends while it is asked, or "silent". What was asked is in the file
// "requests".
constexpr const char* kStandIn = R"PY(#!/usr/bin/env python3
import http.server, os, socketserver, sys, time
here = os.path.dirname(os.path.abspath(__file__))
if os.path.exists(here + "/refuses"):
    sys.exit(open(here + "/refuses").read())
path = [word.split("=", 1)[1] for word in sys.argv if word.startswith("--unix-socket=")][0]
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with open(here + "/requests", "a") as file:
            file.write(" ".join(filter(None, (self.command, self.path, self.headers["Content-Type"], body))) + "\n")
        lines = open(here + "/answers").read().splitlines()
        count = sum(1 for _ in open(here + "/requests"))
        status, _, text = lines[min(count, len(lines)) - 1].partition(" ")
        if status == "die":
            os._exit(1)
        if status == "silent":
            time.sleep(60)
        self.send_response(int(status))
        self.send_header("Content-Type", "application/json" if text.startswith("{") else "text/plain")
        self.end_headers()
        for part in text.split("\\n"):
            self.wfile.write((part + "\n").encode())
            self.wfile.flush()
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer
    def address_string(self): return ""
    def log_message(self, *_): pass
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer): pass
Server(path, Handler).serve_forever()
)PY";

constexpr const char* kAway = "500 dial tcp 127.0.0.1:1: connect: connection refused\n";
constexpr const char* kEmpty =
    R"(200 {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": []})"
    "\n";
constexpr const char* kForbidden =
    R"(403 {"kind": "Status", "reason": "Forbidden", "message": "pods is forbidden: User \"x\" may not"})"
    "\n";
constexpr const char* kNoPod = R"(404 {"kind": "Status", "reason": "NotFound", "message": "pods \"x\" not found"})"
                               "\n";

class Request : public testing::Test {
 protected:
  void SetUp() override {
    options_.program = directory_ / "kubectl";
    std::ofstream(options_.program) << kStandIn;
    ::chmod(options_.program.c_str(), 0700);
  }

  void answers(const std::string& lines) { std::ofstream(directory_ / "answers") << lines; }
  [[nodiscard]] std::vector<std::string> requests() const {
    std::ifstream file(directory_ / "requests");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  // What a call throws.
  template <typename Function>
  static KubeError error_of(Function function) {
    try {
      function();
    } catch (const KubeError& error) {
      return error;
    }
    throw std::logic_error("no error");
  }

  TemporaryFolder folder_;
  const std::filesystem::path directory_ = folder_.path();
  KubectlOptions options_;
};

TEST_F(Request, AnApiServerThatIsAwayIsToldAtOnce) {
  answers(std::string(kAway) + kEmpty);
  Kubectl cluster(options_);
  const auto error = error_of([&] { cluster.list("pods", "ns", ""); });
  EXPECT_EQ(error.reason(), Reason::kUnreachable);
  EXPECT_NE(std::string(error.what()).find("connection refused"), std::string::npos);
  EXPECT_EQ(requests().size(), 1U);
}

TEST_F(Request, AReadOutlastsAnApiServerThatIsAwayForAMoment) {
  answers(std::string(kAway) + kAway + kEmpty);
  Kubectl cluster(options_);
  cluster.be_patient(std::chrono::seconds(30));
  EXPECT_TRUE(cluster.list("pods", "ns", "").empty());
  EXPECT_EQ(requests().size(), 3U);
}

TEST_F(Request, WhatIsRefusedIsNotAskedAgainAndWhatMayNotBeDoneTwiceIsNotDoneAgain) {
  answers(kForbidden);
  Kubectl cluster(options_);
  cluster.be_patient(std::chrono::seconds(30));
  EXPECT_EQ(error_of([&] { cluster.list("pods", "ns", ""); }).reason(), Reason::kForbidden);
  answers(kAway);
  const Json pod = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"name", "x"}, {"namespace", "ns"}}}};
  EXPECT_EQ(error_of([&] { cluster.create(pod); }).reason(), Reason::kUnreachable);
  EXPECT_EQ(requests().size(), 2U);
}

TEST_F(Request, PatienceEnds) {
  answers(kEmpty + std::string(kAway));
  Kubectl cluster(options_);
  cluster.list("pods", "ns", "");  // the stand-in takes a while to start
  cluster.be_patient(std::chrono::seconds(2));
  EXPECT_EQ(error_of([&] { cluster.list("pods", "ns", ""); }).reason(), Reason::kUnreachable);
  EXPECT_GE(requests().size(), 3U);
}

TEST_F(Request, NoAnswerInTime) {
  answers("silent\n");
  options_.request_timeout = std::chrono::seconds(1);
  Kubectl cluster(options_);
  const auto error = error_of([&] { cluster.list("pods", "ns", ""); });
  EXPECT_EQ(error.reason(), Reason::kUnreachable);
  EXPECT_NE(std::string(error.what()).find("no answer within 1 s"), std::string::npos);
}

TEST_F(Request, AKubectlThatEndsIsStartedAgain) {
  answers("die\n" + std::string(kEmpty));
  Kubectl cluster(options_);
  EXPECT_EQ(error_of([&] { cluster.list("pods", "ns", ""); }).reason(), Reason::kUnreachable);
  cluster.be_patient(std::chrono::seconds(60));
  EXPECT_TRUE(cluster.list("pods", "ns", "").empty());
  answers("die\ndie\ndie\ndie\n" + std::string(kEmpty));
  EXPECT_TRUE(cluster.list("pods", "ns", "").empty());
}

TEST_F(Request, WhatKubectlItselfRefusesIsSaidInItsWords) {
  std::ofstream(directory_ / "refuses") << "error: context \"nowhere\" does not exist";
  Kubectl cluster(options_);
  const auto error = error_of([&] { cluster.list("pods", "ns", ""); });
  EXPECT_STREQ(error.what(), "Listing pods in namespace ns: error: context \"nowhere\" does not exist");
}

TEST_F(Request, ItemsOfAListSayWhatTheyAre) {
  answers(
      R"(200 {"kind": "DeploymentList", "apiVersion": "apps/v1", "items": [{"metadata": {"name": "a", "managedFields": [1]}}]})"
      "\n"
      R"(200 {"kind": "StatefulSetList", "apiVersion": "apps/v1", "items": [{"metadata": {"name": "b"}}]})");
  Kubectl cluster(options_);
  const auto items = cluster.list("deployments,statefulsets", "ns", "a=b,c");
  EXPECT_EQ(Json(items), Json::parse(R"([
      {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "a"}},
      {"kind": "StatefulSet", "apiVersion": "apps/v1", "metadata": {"name": "b"}}])"));
  EXPECT_EQ(requests().front(), "GET /apis/apps/v1/namespaces/ns/deployments?labelSelector=a%3Db%2Cc");
}

TEST_F(Request, CronJobsOfAnApiServerThatHasThemInTheOlderVersionAlone) {
  answers(
      "404 404 page not found\n"
      R"(200 {"kind": "CronJobList", "apiVersion": "batch/v1beta1", "items": []})");
  Kubectl cluster(options_);
  EXPECT_TRUE(cluster.list("cronjobs", "ns", "").empty());
  cluster.patch("cronjob", "ns", "c", {{"spec", {{"suspend", true}}}});
  EXPECT_EQ(requests(),
            (std::vector<std::string>{"GET /apis/batch/v1/namespaces/ns/cronjobs",
                                      "GET /apis/batch/v1beta1/namespaces/ns/cronjobs",
                                      "PATCH /apis/batch/v1beta1/namespaces/ns/cronjobs/c application/merge-patch+json "
                                      R"({"spec":{"suspend":true}})"}));
}

TEST_F(Request, WhatIsNotThere) {
  answers(kNoPod);
  Kubectl cluster(options_);
  EXPECT_FALSE(cluster.get("pod", "ns", "x"));
  EXPECT_TRUE(cluster.get_all("ns", {{"pod", "x"}, {"configmap", "y"}}).empty());
  cluster.remove("pod", "ns", "x");
  EXPECT_EQ(error_of([&] { cluster.scale("ns", {"deployment/x"}, 1); }).reason(), Reason::kNotFound);
}

TEST_F(Request, WhatCanBeScaledIsScaledThoughAnotherCannot) {
  answers(std::string(kForbidden) + "200 {}\n");
  Kubectl cluster(options_);
  EXPECT_EQ(error_of([&] { cluster.scale("ns", {"deployment/a", "statefulset/b"}, 2); }).reason(), Reason::kForbidden);
  ASSERT_EQ(requests().size(), 2U);
  EXPECT_EQ(requests().back(),
            "PATCH /apis/apps/v1/namespaces/ns/statefulsets/b/scale application/merge-patch+json "
            R"({"spec":{"replicas":2}})");
}

TEST_F(Request, WaitsForAnEventAndNoLonger) {
  answers(R"(200 {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, )"
          R"("items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]})"
          "\n"
          R"(200 {"type": "DELETED", "object": {"metadata": {"name": "other"}}}\n)"
          R"({"type": "DELETED", "object": {"metadata": {"name": "a"}}}\n)"
          R"({"type": "MODIFIED", "object": {"metadata": {"name": "b"}, "ends": true}})");
  Kubectl cluster(options_);
  std::vector<std::string> asked;
  cluster.await(
      "ns", {"pod/a", "pod/b"},
      [&](const std::string& reference, const Json* pod) {
        asked.push_back(reference + (pod == nullptr ? " gone" : pod->contains("ends") ? " ends" : " is there"));
        return pod == nullptr || pod->contains("ends");
      },
      std::chrono::seconds(30));
  EXPECT_EQ(asked, (std::vector<std::string>{"pod/a is there", "pod/b is there", "pod/a gone", "pod/b ends"}));
  EXPECT_TRUE(requests().back().starts_with("GET /api/v1/namespaces/ns/pods?watch=1&timeoutSeconds="));
  EXPECT_TRUE(requests().back().ends_with("&resourceVersion=7"));
}

TEST_F(Request, WaitsNoLongerThanItMay) {
  answers(
      R"(200 {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}}]})"
      "\nsilent\n");
  Kubectl cluster(options_);
  const auto begin = std::chrono::steady_clock::now();
  cluster.await(
      "ns", {"pod/a"}, [](const std::string&, const Json*) { return false; }, std::chrono::seconds(1));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(900));
}

// The caller looks again at once: without a pause that would be hundreds of requests in a second.
TEST_F(Request, AWatchThatIsNotPermittedOrEndsAtOnceIsAPauseAllTheSame) {
  const std::string list =
      R"(200 {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}}]})"
      "\n";
  const std::string too_old = R"(200 {"type": "ERROR", "object": {"kind": "Status", "code": 410}})"
                              "\n";
  answers(kEmpty);
  Kubectl cluster(options_);
  cluster.list("pods", "ns", "");  // the stand-in takes a while to start
  answers(kEmpty + list + kForbidden + list + too_old);
  for (int i = 0; i < 2; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    cluster.await(
        "ns", {"pod/a"}, [](const std::string&, const Json*) { return false; }, std::chrono::seconds(30));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
  }
  EXPECT_EQ(requests().size(), 5U);
}

TEST_F(Request, WhatAServiceAnswers) {
  answers(
      R"(403 {"kind": "Status", "reason": "Forbidden", "message": "services \"a:80\" is forbidden: cannot get resource \"services/proxy\""})"
      "\n302 \n500 the schema is of version 1\n" +
      std::string(kAway));
  Kubectl cluster(options_);
  EXPECT_EQ(cluster.ask_service("ns", "a", "80", "/").kind, HttpAnswer::Kind::kNotAllowed);
  EXPECT_EQ(cluster.ask_service("ns", "a", "80", "/").kind, HttpAnswer::Kind::kAnswers);
  const auto fails = cluster.ask_service("ns", "a", "80", "/");
  EXPECT_EQ(fails.kind, HttpAnswer::Kind::kFails);
  EXPECT_NE(fails.message.find("the schema is of version 1"), std::string::npos);
  EXPECT_EQ(cluster.ask_service("ns", "a", "80", "/").kind, HttpAnswer::Kind::kFails);
  EXPECT_EQ(requests().front(), "GET /api/v1/namespaces/ns/services/a:80/proxy/");
}

TEST_F(Request, AnOlderKubectlIsStartedWithoutTheNewerFlag) {
  std::ofstream(options_.program) << "#!/bin/sh\ncase \"$*\" in *append-server-path*) echo 'error: unknown flag: "
                                     "--append-server-path' >&2; exit 1;; esac\nexec '"
                                  << (directory_ / "real").string() << "' \"$@\"\n";
  std::ofstream(directory_ / "real") << kStandIn;
  ::chmod((directory_ / "real").c_str(), 0700);
  answers(kEmpty);
  Kubectl cluster(options_);
  EXPECT_TRUE(cluster.list("pods", "ns", "").empty());
}

TEST_F(Request, NothingIsLeftOfKubectl) {
  answers(kEmpty);
  ::setenv("TMPDIR", directory_.c_str(), 1);
  {
    Kubectl cluster(options_);
    cluster.list("pods", "ns", "");
    std::vector<std::filesystem::path> folders;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      if (entry.is_directory()) folders.push_back(entry.path());
    }
    ASSERT_EQ(folders.size(), 1U);
    EXPECT_EQ(std::filesystem::status(folders.front()).permissions(), std::filesystem::perms::owner_all);
  }
  ::unsetenv("TMPDIR");
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) EXPECT_FALSE(entry.is_directory());
}

TEST(ClassifyAnswer, GoesByTheStatusAndNotByWords) {
  const auto reason = [](int status, const std::string& body) {
    return classify("x", HttpResponse{status, body}).reason();
  };
  EXPECT_EQ(reason(404, R"({"kind": "Status", "reason": "NotFound", "message": "pods \"a\" not found"})"),
            Reason::kNotFound);
  EXPECT_EQ(reason(403, R"({"kind": "Status", "reason": "Forbidden", "message": "pods is forbidden"})"),
            Reason::kForbidden);
  EXPECT_EQ(reason(409, R"({"kind": "Status", "reason": "AlreadyExists"})"), Reason::kAlreadyExists);
  EXPECT_EQ(reason(409, R"({"kind": "Status", "reason": "Conflict"})"), Reason::kConflict);
  EXPECT_EQ(reason(429, R"({"kind": "Status", "reason": "TooManyRequests"})"), Reason::kUnreachable);
  EXPECT_EQ(reason(500, R"({"kind": "Status", "message": "etcdserver: leader changed"})"), Reason::kUnreachable);
  EXPECT_EQ(reason(422, R"({"kind": "Status", "reason": "Invalid"})"), Reason::kOther);
  // kubectl itself: not an object that is not there.
  EXPECT_EQ(reason(500, "getting credentials: exec: executable some-login not found\n"), Reason::kUnreachable);
  EXPECT_STREQ(classify("x", HttpResponse{401, R"({"kind": "Status", "reason": "Unauthorized"})"}).what(),
               "x: You must be logged in to the server (Unauthorized)");
}

TEST(ApiResource, IsFoundUnderEveryNameThatKubectlTakes) {
  for (const char* word : {"lease", "leases", "Lease", "lease.coordination.k8s.io"}) {
    ASSERT_NE(resource_of(word), nullptr) << word;
    EXPECT_EQ(resource_of(word)->path("coordination.k8s.io/v1", "ns"),
              "/apis/coordination.k8s.io/v1/namespaces/ns/leases");
  }
  EXPECT_EQ(resource_of("secrets")->path("v1", std::nullopt), "/api/v1/secrets");
  EXPECT_EQ(resource_of("namespaces")->path("v1", "ns"), "/api/v1/namespaces");
  EXPECT_EQ(resource_of("pods")->path("v1", "../a b"), "/api/v1/namespaces/..%2Fa%20b/pods");
  EXPECT_EQ(resource_of("jobs.example.com"), nullptr);
  EXPECT_EQ(resource_of("pods.apps"), nullptr);
  EXPECT_EQ(resource_of("widgets"), nullptr);
}

}  // namespace
}  // namespace exastro::kube
