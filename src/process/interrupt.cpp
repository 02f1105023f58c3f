#include "process/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

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
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // `nohup` ignores SIGHUP on purpose.
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

bool Interrupt::requested() { return g_requested && g_shields == 0; }

void Interrupt::throw_if_requested() {
  if (requested()) throw Interrupted();
}

bool Interrupt::shielded() { return g_shields > 0; }

int Interrupt::descriptor() { return g_read_end; }

Interrupt::Shield::Shield() { ++g_shields; }
Interrupt::Shield::~Shield() { --g_shields; }

}  // namespace exastro::process
