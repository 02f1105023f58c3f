// Takes out the line that a client older than the dump program cannot read.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "stream/sink.h"

namespace exastro::stream {

// Drops the first line, with its line end (LF or CR LF), if it is `/*M!999999\- enable the sandbox mode */` and nothing
// but blanks behind it (mariadb-dump writes one).
// Dumps of MariaDB 10.5.25, 10.6.18, 10.11.8 and later begin with it, and older clients stop there. Any other stream,
// or the same text further on, passes unchanged.
class SandboxLineFilter : public Sink {
 public:
  explicit SandboxLineFilter(Sink& next) : next_(next) {}

  void write(std::span<const std::byte> bytes) override;
  void finish() override;

  [[nodiscard]] bool removed() const { return removed_; }

 private:
  Sink& next_;
  std::string held_;  // the stream's first bytes, while they may still be the line
  bool decided_ = false;
  bool removed_ = false;
};

}  // namespace exastro::stream
