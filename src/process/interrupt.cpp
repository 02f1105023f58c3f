#include "process/interrupt.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace exastro::process {
namespace {

std::atomic<bool> g_requested{false};
std::atomic<int> g_read_end{-1};
std::atomic<int> g_write_end{-1};
thread_local int g_shields = 0;

extern "C" void on_signal(int) {
  const int saved = errno;
  g_requested = true;
  const char byte = 1;
  [[maybe_unused]] const auto written = write(g_write_end, &byte, 1);
  errno = saved;
}

void set_handlers(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // `nohup` ignores SIGHUP on purpose.
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

}  // namespace

void Interrupt::install() {
  int ends[2];
  if (pipe(ends) != 0) throw Error("No pipe could be made.");
  for (const int end : ends) {
    fcntl(end, F_SETFD, FD_CLOEXEC);
    fcntl(end, F_SETFL, O_NONBLOCK);
  }
  g_read_end = ends[0];
  g_write_end = ends[1];
  set_handlers(on_signal);
}

bool Interrupt::requested() { return g_requested && g_shields == 0; }

void Interrupt::throw_if_requested() {
  if (requested()) throw Interrupted();
}

bool Interrupt::shielded() { return g_shields > 0; }

int Interrupt::descriptor() { return g_read_end; }

void Interrupt::wait_readable(int descriptor) {
  std::array<pollfd, 2> waited{pollfd{descriptor, POLLIN, 0}, pollfd{g_read_end, POLLIN, 0}};
  while (poll(waited.data(), waited.size(), -1) < 0 && errno == EINTR) throw_if_requested();
  throw_if_requested();
}

Interrupt::Plain::Plain() { set_handlers(SIG_DFL); }
Interrupt::Plain::~Plain() {
  if (g_read_end >= 0) set_handlers(on_signal);
}

Interrupt::Shield::Shield() { ++g_shields; }
Interrupt::Shield::~Shield() { --g_shields; }

}  // namespace exastro::process
