#include "process/child.h"

#include <fmt/format.h>

#include <array>
#include <deque>

#include "process/interrupt.h"
#include "process/launch.h"

namespace exastro::process {
namespace {

namespace asio = boost::asio;
namespace bp = boost::process::v2;
using boost::system::error_code;

constexpr std::size_t kBufferSize = 256 * 1024;
constexpr std::size_t kMostErr = 64 * 1024;
constexpr std::size_t kMostOut = 256 * 1024 * 1024;
constexpr std::chrono::seconds kTermGrace{3};  // between SIGTERM and SIGKILL
constexpr std::chrono::seconds kPipeGrace{2};  // for a grandchild that keeps a pipe after the child's end
constexpr std::chrono::seconds kLeave{2};      // for a child whose input has ended

class Run : public Session {
 public:
  Run(const Command& command, const Input& input)
      : in_(context_),
        out_(context_),
        err_(context_),
        interrupt_(context_),
        deadline_(context_),
        idle_(context_),
        kill_(context_),
        grace_(context_) {
    start(command, input);
  }

  // Until the child has ended, or a handler wants to rest.
  std::optional<Outcome> serve(const Handlers& handlers, std::optional<std::chrono::milliseconds> timeout) {
    handlers_ = &handlers;
    ++round_;
    resting_ = idled_ = ignores_interrupts_ = false;
    begin();
    watch_interrupt();
    restart_idle();
    if (timeout) {
      deadline_.expires_after(*timeout);
      deadline_.async_wait([this](error_code error) {
        if (error) return;
        outcome_.timed_out = true;
        terminate();
      });
    }
    if (handlers.on_start) guarded([&] { handlers.on_start(*this); });
    pump_input();
    // What was written last is the child's before it is left alone.
    while ((!resting_ || thrown_ || writing_ || !queue_.empty()) && context_.run_one() > 0) {
    }
    handlers_ = &nobody_;
    if (thrown_) std::rethrow_exception(thrown_);
    if (interrupted_) throw Interrupted();
    if (resting_) {
      close(interrupt_);
      idle_.cancel();
      pull_ = nullptr;
      return std::nullopt;
    }
    const int status = process_->native_exit_code();
    outcome_.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return std::move(outcome_);
  }

  std::optional<std::size_t> listen() {
    lines_ = 0;
    begin();
    context_.poll();
    if (exited_ || !out_open_ || !err_open_) return std::nullopt;
    return lines_;
  }

  // Without waiting for what it would still write.
  void leave() {
    handlers_ = &nobody_;
    close_input();
    context_.run_for(kLeave);
    if (exited_) return;
    signal_group(SIGKILL);
    close_pipes();
    context_.run_for(kLeave);
  }

  void write(std::string bytes) override {
    queue_.push_back(std::move(bytes));
    pump_input();
  }
  void start_input(PullFunction pull) override {
    pull_ = std::move(pull);
    pump_input();
  }
  void close_input() override {
    closing_ = true;
    pump_input();
  }
  void return_terminal() override {
    if (terminal_) terminal_->take_back();
  }
  void ignore_interrupts() override { ignores_interrupts_ = true; }
  void rest() override { resting_ = true; }
  void terminate() override {
    if (exited_ || terminating_) return;
    terminating_ = true;
    signal_group(SIGTERM);
    kill_.expires_after(kTermGrace);
    kill_.async_wait([this](error_code error) {
      if (!error && !exited_) signal_group(SIGKILL);
    });
  }

 private:
  void start(const Command& command, const Input& input) {
    if (command.asks_at_terminal) {
      auto terminal = Terminal::open();
      if (!terminal) throw Error("There is no terminal to ask for a passphrase at.");
      terminal_.emplace(std::move(*terminal));
    }
    require_pidfd();
    error_code error;
    const auto launch = [&](bp::process_stdio stdio) {
      process_.emplace(bp::default_process_launcher()(context_.get_executor(), error, command.program.string(),
                                                      command.arguments, std::move(stdio), OwnGroup{terminal_}));
    };
    if (input.pipe()) {
      launch({in_, out_, err_});
    } else {
      launch({nullptr, out_, err_});
    }
    if (error) throw Error(fmt::format("{} could not be started: {}", command.program.string(), error.message()));
    if (input.pipe()) {
      has_input_ = true;
      if (!input.text().empty()) queue_.push_back(input.text());
      closing_ = !input.stays_open();
    }
  }

  // Once: all that waits for the child, from one round to the next.
  void begin() {
    if (begun_) return;
    begun_ = true;
    read_out();
    read_err();
    process_->async_wait([this](error_code, int) {
      exited_ = true;
      grace_.expires_after(kPipeGrace);
      grace_.async_wait([this](error_code error) {
        if (!error) close_pipes();
      });
      done_if_all();
    });
  }

  void signal_group(int signal) {
    if (kill(-process_->id(), signal) != 0) kill(process_->id(), signal);
  }

  // A handler's exception ends the child and is thrown again when it is gone.
  template <typename Function>
  void guarded(Function function) {
    if (thrown_) return;
    try {
      function();
    } catch (...) {
      thrown_ = std::current_exception();
      terminate();
    }
  }

  void read_out() {
    out_.async_read_some(asio::buffer(out_buffer_), [this](error_code error, std::size_t count) {
      if (error) {
        out_open_ = false;
        return done_if_all();
      }
      restart_idle();
      const auto bytes = std::as_bytes(std::span(out_buffer_).first(count));
      guarded([&] {
        if (handlers_->on_out) {
          handlers_->on_out(*this, bytes);
        } else {
          if (outcome_.out.size() + count > kMostOut) throw Error("A child process wrote more than was expected.");
          outcome_.out.append(out_buffer_.data(), count);
        }
      });
      read_out();
    });
  }

  void read_err() {
    err_.async_read_some(asio::buffer(err_buffer_), [this](error_code error, std::size_t count) {
      if (error) {
        take_err_lines(true);
        err_open_ = false;
        return done_if_all();
      }
      restart_idle();
      err_text_.append(err_buffer_.data(), count);
      take_err_lines(false);
      read_err();
    });
  }

  void take_err_lines(bool all) {
    std::size_t from = 0;
    while (from < err_text_.size()) {
      auto end = err_text_.find('\n', from);
      // A line without end is taken in pieces, so that memory stays bounded.
      if (end == std::string::npos && !all && err_text_.size() - from < kMostErr) break;
      if (end == std::string::npos) end = err_text_.size();
      const std::string_view line = std::string_view(err_text_).substr(from, end - from);
      ++lines_;
      guarded([&] {
        if (handlers_->on_err_line) {
          handlers_->on_err_line(*this, line);
        } else {
          outcome_.err.append(line).push_back('\n');
          if (outcome_.err.size() > kMostErr) outcome_.err.erase(0, outcome_.err.size() - kMostErr);
        }
      });
      from = std::min(end + 1, err_text_.size());
    }
    err_text_.erase(0, from);
  }

  // Writes what is queued, then what the pull function gives, then closes if asked to; one write at a time.
  void pump_input() {
    if (!has_input_ || writing_ || !in_.is_open()) return;
    if (queue_.empty() && pull_) {
      std::string chunk(kBufferSize, '\0');
      std::size_t count = 0;
      guarded([&] { count = pull_(std::as_writable_bytes(std::span(chunk.data(), chunk.size()))); });
      chunk.resize(count);
      if (count == 0) {
        pull_ = nullptr;
      } else {
        queue_.push_back(std::move(chunk));
      }
    }
    if (queue_.empty()) {
      if (closing_) close(in_);
      return;
    }
    writing_ = true;
    asio::async_write(in_, asio::buffer(queue_.front()), [this](error_code error, std::size_t) {
      writing_ = false;
      restart_idle();
      if (error) {  // the child reads no more; its exit status tells why
        queue_.clear();
        pull_ = nullptr;
        return close(in_);
      }
      queue_.pop_front();
      pump_input();
    });
  }

  void watch_interrupt() {
    if (Interrupt::descriptor() < 0 || Interrupt::shielded()) return;
    interrupt_.assign(dup(Interrupt::descriptor()));
    interrupt_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
      if (error || ignores_interrupts_) return;
      interrupted_ = true;
      terminate();
    });
  }

  void restart_idle() {
    if (handlers_->idle_after.count() == 0 || idled_) return;
    idle_.expires_after(handlers_->idle_after);
    idle_.async_wait([this, round = round_](error_code error) {
      if (error || exited_ || round != round_) return;
      idled_ = true;
      guarded([this] {
        if (handlers_->on_idle) handlers_->on_idle(*this);
      });
    });
  }

  template <typename Stream>
  static void close(Stream& stream) {
    error_code ignored;
    if (stream.is_open()) stream.close(ignored);
  }

  void close_pipes() {
    close(out_);
    close(err_);
  }

  void done_if_all() {
    if (!exited_ || out_open_ || err_open_) return;
    close(in_);
    close(interrupt_);
    for (auto* timer : {&deadline_, &idle_, &kill_, &grace_}) timer->cancel();
  }

  // Between two rounds.
  const Handlers nobody_{{}, [](Session&, std::span<const std::byte>) {}, [](Session&, std::string_view) {}, {}, {}};
  const Handlers* handlers_ = &nobody_;
  asio::io_context context_;
  asio::writable_pipe in_;
  asio::readable_pipe out_;
  asio::readable_pipe err_;
  asio::posix::stream_descriptor interrupt_;
  asio::steady_timer deadline_;
  asio::steady_timer idle_;
  asio::steady_timer kill_;
  asio::steady_timer grace_;
  std::optional<Terminal> terminal_;
  std::optional<bp::process> process_;
  std::vector<char> out_buffer_ = std::vector<char>(kBufferSize);
  std::array<char, 4096> err_buffer_{};
  std::string err_text_;
  std::deque<std::string> queue_;
  PullFunction pull_;
  Outcome outcome_;
  std::exception_ptr thrown_;
  bool has_input_ = false;
  bool closing_ = false;
  bool writing_ = false;
  bool exited_ = false;
  bool out_open_ = true;
  bool err_open_ = true;
  bool terminating_ = false;
  bool interrupted_ = false;
  bool ignores_interrupts_ = false;
  bool idled_ = false;
  bool begun_ = false;
  bool resting_ = false;
  std::size_t lines_ = 0;  // of error output
  unsigned round_ = 0;
};

// A child that reads no more is seen where it is written to.
void leave_sigpipe_alone() { [[maybe_unused]] static const auto before = signal(SIGPIPE, SIG_IGN); }

}  // namespace

Outcome run(const Command& command, const Input& input, const Handlers& handlers,
            std::optional<std::chrono::milliseconds> timeout) {
  leave_sigpipe_alone();
  Interrupt::throw_if_requested();
  return *Run(command, input).serve(handlers, timeout);
}

class KeptChild::Impl : public Run {
 public:
  using Run::Run;
};

KeptChild::KeptChild(const Command& command) {
  leave_sigpipe_alone();
  impl_ = std::make_unique<Impl>(command, Input::open());
}

KeptChild::~KeptChild() { impl_->leave(); }

std::optional<Outcome> KeptChild::serve(const Handlers& handlers) {
  Interrupt::throw_if_requested();
  return impl_->serve(handlers, {});
}

std::optional<std::size_t> KeptChild::listen() { return impl_->listen(); }

std::optional<std::filesystem::path> find_program(const std::string& name) {
  const auto path = bp::environment::find_executable(name);
  if (path.empty()) return std::nullopt;
  return std::filesystem::path(path.string());
}

}  // namespace exastro::process
