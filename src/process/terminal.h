// The terminal, lent to a child that asks for a passphrase.
#pragma once

#include <optional>

namespace exastro::process {

// A child lives in a process group of its own, and the system stops whoever reads the terminal from another group than
// the one in its foreground.
class Terminal {
 public:
  // The controlling terminal; absent if there is none, or another job has its foreground now.
  static std::optional<Terminal> open();
  Terminal(Terminal&& other) noexcept;
  Terminal& operator=(Terminal&&) = delete;
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();  // takes it back

  // In the child, between fork and exec: its group gets the foreground. Ctrl-Z has no effect on it then, as nobody
  // would be there to continue it.
  void lend() const noexcept;
  // In the parent: its own group has the foreground again.
  void take_back() const noexcept;

 private:
  explicit Terminal(int fd) : fd_(fd) {}
  int fd_;
};

// Whether there is a terminal to ask at, and this program is in its foreground.
[[nodiscard]] bool has_terminal();

}  // namespace exastro::process
