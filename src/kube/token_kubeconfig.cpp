#include "kube/token_kubeconfig.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "error.h"

namespace exastro::kube {
namespace {

constexpr const char* kVariable = "KUBECONFIG";

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

// Where kubectl looks when it is told nothing.
std::string own_files() {
  if (const auto files = variable(kVariable)) return *files;
  const auto home = variable("HOME");
  return home ? *home + "/.kube/config" : "";
}

// JSON is YAML, so no quoting of ours stands between the token and kubectl.
std::string text(const std::string& token) {
  const nlohmann::json config = {
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"users", {{{"name", TokenKubeconfig::kUser}, {"user", {{"token", token}}}}}},
  };
  return config.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

TokenKubeconfig::TokenKubeconfig(const std::string& token, const std::string& kubeconfig)
    : descriptor_(::memfd_create("kubeconfig", MFD_CLOEXEC)), before_(variable(kVariable)) {
  const std::string config = text(token);
  if (descriptor_ < 0 || ::fchmod(descriptor_, S_IRUSR | S_IWUSR) != 0 ||
      ::write(descriptor_, config.data(), config.size()) != static_cast<ssize_t>(config.size())) {
    const std::string reason = std::strerror(errno);
    if (descriptor_ >= 0) ::close(descriptor_);
    throw Error(fmt::format("The token could not be handed to kubectl: {}", reason),
                "Put the token into a kubeconfig file of mode 0600 and name that with --kubeconfig.");
  }
  // The first file that has an entry is the one that counts.
  const std::string files = kubeconfig.empty() ? own_files() : kubeconfig;
  ::setenv(kVariable, (path().string() + (files.empty() ? "" : ":" + files)).c_str(), 1);
}

TokenKubeconfig::~TokenKubeconfig() {
  ::close(descriptor_);
  if (before_) {
    ::setenv(kVariable, before_->c_str(), 1);
  } else {
    ::unsetenv(kVariable);
  }
}

std::filesystem::path TokenKubeconfig::path() const { return fmt::format("/proc/{}/fd/{}", ::getpid(), descriptor_); }

}  // namespace exastro::kube
