#include "kube/api_proxy.h"

#include <fmt/format.h>

#include <thread>

#include "kube/text.h"
#include "process/interrupt.h"

namespace exastro::kube {
namespace {

constexpr const char* kSocket = "socket";
// The server's address in a kubeconfig may have a path, as Rancher's have, which kubectl 1.26 and older always keep
// out.
constexpr const char* kServerPath = "--append-server-path";
constexpr std::chrono::milliseconds kBetweenLooks{5};
constexpr std::chrono::seconds kLongestStart{30};

}  // namespace

void ApiProxy::start() { running_kubectl(); }

std::shared_ptr<ApiProxy::Running> ApiProxy::running_kubectl() {
  const std::lock_guard lock(mutex_);
  if (!running_ || !running_->kubectl.running()) {
    running_ = std::make_shared<Running>([&](const std::filesystem::path& folder) {
      // No other user reaches the socket: the folder is ours.
      std::vector<std::string> arguments = {"proxy", "--unix-socket=" + (folder / kSocket).string()};
      if (keeps_server_path_) arguments.emplace_back(kServerPath);
      return kubectl_(std::move(arguments));
    });
  }
  return running_;
}

bool ApiProxy::is_too_old(const std::string& messages) {
  const std::lock_guard lock(mutex_);
  if (messages.find(std::string("unknown flag: ") + kServerPath) == std::string::npos) return false;
  keeps_server_path_ = false;
  return true;
}

HttpResponse ApiProxy::ask(const HttpRequest& request, std::chrono::milliseconds timeout, const OnPart& on_part) {
  auto running = running_kubectl();
  const auto deadline = std::chrono::steady_clock::now() + kLongestStart;
  while (true) {
    try {
      HttpResponse response = exchange(running->kubectl.folder() / kSocket, request, timeout, on_part);
      running->listened = true;
      return response;
    } catch (const NoResponse& error) {
      if (error.sent()) {
        running->listened = true;
        throw;
      }
      // It does not listen yet, or no more.
      if (!running->kubectl.running()) {
        const std::string messages = trimmed(running->kubectl.messages());
        if (!running->listened && !is_too_old(messages)) {
          throw NoResponse(messages.empty() ? kEnded : messages, false, false);
        }
        running = running_kubectl();
      }
      if (std::chrono::steady_clock::now() >= deadline) throw;
    }
    process::Interrupt::throw_if_requested();
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace exastro::kube
