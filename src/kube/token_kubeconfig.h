// A bearer token for kubectl, without a file on a disk: a kubeconfig in memory that ends with this process, however it
// ends.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace exastro::kube {

// While one exists, KUBECONFIG names it before the person's own kubeconfig files, and every kubectl that this program
// starts can log in as its user (`kubectl --user`). One at a time.
class TokenKubeconfig {
 public:
  // The user's name in the kubeconfig.
  static constexpr const char* kUser = "kubectl-exastro-token";

  // `kubeconfig`: the person's own file, in the place of KUBECONFIG and ~/.kube/config; may be empty. Throws Error if
  // the system gives no such memory.
  TokenKubeconfig(const std::string& token, const std::string& kubeconfig);
  ~TokenKubeconfig();
  TokenKubeconfig(const TokenKubeconfig&) = delete;
  TokenKubeconfig& operator=(const TokenKubeconfig&) = delete;

  // Readable for this user's processes alone (mode 0600), while this one lives.
  [[nodiscard]] std::filesystem::path path() const;

 private:
  int descriptor_ = -1;
  std::optional<std::string> before_;  // KUBECONFIG
};

}  // namespace exastro::kube
