// This machine in the place of a pod: kubectl is stood in for by a program that runs the script here, with everything
// else real.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "kube/kubectl.h"

namespace exastro {

class LocalPod {
 public:
  // Writes the stand-in into the directory.
  explicit LocalPod(const std::filesystem::path& directory) : cluster_(options(directory)) {
    std::ofstream kubectl(directory / "kubectl");
    kubectl << "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done; shift 3\nscript=$1; shift\nexec setsid -w sh -c \"$script\" \"$@\"\n";
    kubectl.close();
    chmod((directory / "kubectl").c_str(), 0700);
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
