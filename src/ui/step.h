// A part of a run that takes time: begun where it is made, ended with what it gave, or failed with its scope.
#pragma once

#include <cstdint>
#include <string>

#include "ui/reporter.h"

namespace exastro::ui {

class Step {
 public:
  Step(Reporter& reporter, const std::string& text, std::uint64_t total_bytes = 0)
      : reporter_(reporter), total_(total_bytes) {
    reporter_.step_begins(text);
  }
  ~Step() {
    if (open_) reporter_.step_ends(false, "");
  }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  // So many more bytes have passed.
  void add(std::uint64_t bytes) {
    bytes_ += bytes;
    reporter_.step_advances(bytes_, total_);
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // `detail` is what there is to say besides the time and the bytes; may be empty.
  void done(const std::string& detail = {}) {
    open_ = false;
    reporter_.step_ends(true, detail);
  }

 private:
  Reporter& reporter_;
  std::uint64_t total_;
  std::uint64_t bytes_ = 0;
  bool open_ = true;
};

}  // namespace exastro::ui
