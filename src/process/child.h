// Starting, feeding and ending child processes.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "error.h"

namespace exastro::process {

struct Command {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  // Lends it the terminal, so that it can ask for a passphrase; until Session::return_terminal, Ctrl-C reaches it
  // alone. Without a terminal of ours, `run` throws Error.
  bool asks_at_terminal = false;
};

struct Outcome {
  int exit_status = 0;  // 128 + the signal's number, if one ended it
  bool timed_out = false;
  std::string out;  // if no handler took it
  std::string err;  // likewise; the last 64 KiB
};

using PullFunction = std::function<std::size_t(std::span<std::byte>)>;  // how many bytes it put there; 0 = end

// A running child, for its handlers. Everything happens on the thread that called `run`.
class Session {
 public:
  virtual ~Session() = default;
  virtual void write(std::string bytes) = 0;        // behind what was written before
  virtual void start_input(PullFunction pull) = 0;  // behind what was written before; asked only when the child takes
                                                    // more; its end does not close the input
  virtual void close_input() = 0;                   // when all that was written is gone
  virtual void return_terminal() = 0;               // the child asks no more
  virtual void terminate() = 0;                     // SIGTERM to its process group, then SIGKILL
  virtual void ignore_interrupts() = 0;             // one that has not ended the child yet does not, either
  virtual void rest() = 0;                          // of a KeptChild: enough for now
};

// What the child reads: nothing (/dev/null), a text, or an input that its handlers write and close.
class Input {
 public:
  Input() = default;
  explicit Input(std::string text) : text_(std::move(text)), pipe_(true) {}
  static Input open() {
    Input input;
    input.pipe_ = input.open_ = true;
    return input;
  }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool pipe() const { return pipe_; }
  [[nodiscard]] bool stays_open() const { return open_; }

 private:
  std::string text_;
  bool pipe_ = false;
  bool open_ = false;
};

struct Handlers {
  std::function<void(Session&)> on_start;
  std::function<void(Session&, std::span<const std::byte>)> on_out;
  std::function<void(Session&, std::string_view line)> on_err_line;
  std::function<void(Session&)> on_idle;  // nothing came or went for `idle_after`; called once
  std::chrono::seconds idle_after{0};
};

// Runs a child to its end, without a shell. It lives in its own process group, so that a Ctrl-C at the terminal
// reaches this program alone, and inherits no descriptor but its three. An interrupt, unless shielded, or the deadline
// ends its whole group; the interrupt is thrown then, and so is what a handler throws. Throws Error if the program
// cannot be started. May be called from several threads at once.
Outcome run(const Command& command, const Input& input = {}, const Handlers& handlers = {},
            std::optional<std::chrono::milliseconds> timeout = {});

// A child that is talked to more than once, with an input that stays open. As for `run`, but for one thread at a time.
class KeptChild {
 public:
  explicit KeptChild(const Command& command);
  // Closes its input; ends its group if it does not end soon.
  ~KeptChild();
  KeptChild(const KeptChild&) = delete;
  KeptChild& operator=(const KeptChild&) = delete;

  // Serves it until a handler calls Session::rest(), and gives nothing then, or until it has ended. An interrupt, or
  // what a handler throws, ends it.
  std::optional<Outcome> serve(const Handlers& handlers);
  // Takes what it has written since it was served last. Absent if it has ended, and else how many lines that was, of
  // error output.
  std::optional<std::size_t> listen();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The program's path from PATH; absent if it is not there.
std::optional<std::filesystem::path> find_program(const std::string& name);

}  // namespace exastro::process
