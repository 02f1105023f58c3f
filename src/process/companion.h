// A program that serves this one while it lives.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "process/child.h"

namespace exastro::process {

// Runs beside this program, in a process group of its own, and ends with it, however this program ends: by SIGKILL,
// too. Its folder (mode 0700, in TMPDIR) goes then.
class Companion {
 public:
  // `command_in` gives what to run, for an empty folder that it may use. Throws Error if it cannot be started.
  explicit Companion(const std::function<Command(const std::filesystem::path& folder)>& command_in);
  ~Companion();
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] bool running();
  // What it wrote to standard error.
  [[nodiscard]] std::string messages() const;

 private:
  struct Child;
  std::filesystem::path folder_;
  std::unique_ptr<Child> child_;
};

}  // namespace exastro::process
