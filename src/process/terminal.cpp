#include "process/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace exastro::process {
namespace {

// A group in the background may set the foreground only with SIGTTOU out of the way.
void set_foreground(int fd, pid_t group) noexcept {
  sigset_t stop;
  sigset_t before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &stop, &before);
  ::tcsetpgrp(fd, group);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

std::optional<Terminal> Terminal::open() {
  const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return std::nullopt;
  Terminal terminal(fd);
  if (::tcgetpgrp(fd) != ::getpgrp()) {
    ::close(std::exchange(terminal.fd_, -1));
    return std::nullopt;
  }
  return terminal;
}

Terminal::Terminal(Terminal&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Terminal::~Terminal() {
  if (fd_ < 0) return;
  take_back();
  ::close(fd_);
}

void Terminal::lend() const noexcept {
  set_foreground(fd_, ::getpid());
  std::signal(SIGTSTP, SIG_IGN);
}

void Terminal::take_back() const noexcept { set_foreground(fd_, ::getpgrp()); }

bool has_terminal() { return Terminal::open().has_value(); }

}  // namespace exastro::process
