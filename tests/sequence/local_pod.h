// This machine in the place of a pod: kubectl is stood in for by a program that runs the script here, with everything
// else real.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "kube/kubectl.h"

namespace exastro {

class LocalPod {
 public:
  // Writes the stand-in into the directory. Scripts run as the user that runs the test, or, `unprivileged`, as 1000 if
  // that is root.
  explicit LocalPod(const std::filesystem::path& directory, bool unprivileged = false) : cluster_(options(directory)) {
    const bool change = unprivileged && geteuid() == 0;
    std::ofstream kubectl(directory / "kubectl");
    kubectl << "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done; shift 3\nscript=$1; shift\n"
            << "exec setsid -w " << (change ? "setpriv --reuid 1000 --regid 1000 --clear-groups " : "")
            << "sh -c \"$script\" \"$@\"\n";
    kubectl.close();
    chmod((directory / "kubectl").c_str(), 0755);
  }
  [[nodiscard]] kube::Kubectl& cluster() { return cluster_; }
  [[nodiscard]] static kube::Pod container() { return {"ns", "pod", "c"}; }

 private:
  static kube::KubectlOptions options(const std::filesystem::path& directory) {
    kube::KubectlOptions options;
    options.program = directory / "kubectl";
    return options;
  }
  kube::Kubectl cluster_;
};

}  // namespace exastro
