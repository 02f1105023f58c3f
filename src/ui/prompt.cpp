#include "ui/prompt.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "error.h"

namespace exastro::ui {
namespace {

// Nothing has begun while a question is open, so Ctrl-C may simply end the program.
class PlainCtrlC {
 public:
  PlainCtrlC() {
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;
    sigaction(SIGINT, &plain, &before_);
  }
  ~PlainCtrlC() { sigaction(SIGINT, &before_, nullptr); }
  PlainCtrlC(const PlainCtrlC&) = delete;
  PlainCtrlC& operator=(const PlainCtrlC&) = delete;

 private:
  struct sigaction before_ {};
};

}  // namespace

bool confirm(const std::string& question) {
  // Standard input may be the backup itself (`--from -`), so the terminal is asked directly.
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) {
    throw Error("This asks before it changes anything, and there is no terminal to ask on.",
                "Give --yes to go on without a question.", ExitStatus::kDeclined);
  }
  const PlainCtrlC plain;
  const std::string text = question + " Type yes to go on: ";
  bool answered = ::write(terminal, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  std::string line;
  while (answered && line.find('\n') == std::string::npos && line.size() < 100) {
    std::array<char, 100> bytes{};
    const ssize_t count = ::read(terminal, bytes.data(), bytes.size());
    if (count <= 0) {
      answered = false;
    } else {
      line.append(bytes.data(), static_cast<std::size_t>(count));
    }
  }
  ::close(terminal);
  return answered && (line == "yes\n" || line == "YES\n" || line == "Yes\n");
}

}  // namespace exastro::ui
