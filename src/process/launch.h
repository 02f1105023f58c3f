// What every child of this program is started with. For this folder alone.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/close_range.h>
#endif

#include <boost/asio.hpp>
#include <boost/process/v2.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "error.h"
#include "process/terminal.h"

namespace exastro::process {

// Everything but the three standard descriptors ends with exec. Boost leaves the child its ends of the pipes under
// their first numbers, too: a grandchild would hold them open, and we would wait for it.
inline void close_others_on_exec() {
#ifdef CLOSE_RANGE_CLOEXEC
  if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
#endif
  constexpr int kMostDescriptors = 4096;
  for (int descriptor = 3; descriptor < kMostDescriptors; ++descriptor) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

// Boost waits for a child through this call alone, and says only "Bad file descriptor" where there is none. Throws
// Error.
inline void require_pidfd() {
#ifdef BOOST_PROCESS_V2_PIDFD_OPEN
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  if (descriptor < 0) {
    throw Error(std::string("This system cannot watch child processes (pidfd_open): ") + std::strerror(errno),
                "Run it on Linux 5.3 or newer; in a container, allow that call in its seccomp profile.");
  }
  close(descriptor);
#endif
}

// Puts the child into a process group of its own, and gives it back the SIGPIPE that this program ignores.
struct OwnGroup {
  const std::optional<Terminal>& terminal;

  template <typename Launcher>
  boost::system::error_code on_exec_setup(Launcher&, const boost::process::v2::filesystem::path&, const char* const*&) {
    setpgid(0, 0);
    if (terminal) terminal->lend();
    signal(SIGPIPE, SIG_DFL);
    close_others_on_exec();
    return {};
  }
};

}  // namespace exastro::process
