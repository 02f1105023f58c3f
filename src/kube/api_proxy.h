// The API server, through one `kubectl proxy` for the whole run. A kubectl of its own for every request would take
// some 0.15 s of a processor each to start; with this one, a request is a few milliseconds. kubectl logs in, as always.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kube/http_exchange.h"
#include "process/companion.h"

namespace exastro::kube {

// May be used from several threads at once.
class ApiProxy {
 public:
  // Gives kubectl with the person's flags, and these arguments.
  using KubectlWith = std::function<process::Command(std::vector<std::string> arguments)>;

  // What NoResponse says of a kubectl that ended and said nothing: one that was killed.
  static constexpr const char* kEnded = "kubectl proxy ended";

  explicit ApiProxy(KubectlWith kubectl) : kubectl_(std::move(kubectl)) {}

  // Starts kubectl and does not wait for it; does nothing if it runs. Throws Error.
  void start();

  // Waits for kubectl, starts it again if it has ended, and asks. Throws NoResponse; an error of kubectl itself, as one
  // that is told of a wrong context, is one in which nothing was sent.
  HttpResponse ask(const HttpRequest& request, std::chrono::milliseconds timeout, const OnPart& on_part = {});

 private:
  struct Running {
    process::Companion kubectl;
    std::atomic<bool> listened{false};
    explicit Running(const std::function<process::Command(const std::filesystem::path&)>& command) : kubectl(command) {}
  };
  std::shared_ptr<Running> running_kubectl();
  bool is_too_old(const std::string& messages);

  KubectlWith kubectl_;
  std::mutex mutex_;
  std::shared_ptr<Running> running_;
  bool keeps_server_path_ = true;  // until kubectl says that it is older than that flag
};

}  // namespace exastro::kube
