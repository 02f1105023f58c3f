#include "ui/reporter.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <ostream>
#include <string_view>
#include <utility>

#include "ui/format.h"

namespace exastro::ui {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr const char* kEraseLine = "\r\x1b[K";

// The step that runs now, for both reporters.
struct RunningStep {
  std::string text;
  Clock::time_point begun;
  Clock::time_point shown;  // when it was shown last
  std::uint64_t bytes = 0;
  std::uint64_t total = 0;

  explicit RunningStep(std::string step_text = {}) : text(std::move(step_text)), begun(Clock::now()), shown(begun) {}
  // Whether it is time to show it again.
  bool due(std::chrono::milliseconds interval) {
    const auto now = Clock::now();
    if (now - shown < interval) return false;
    shown = now;
    return true;
  }
  [[nodiscard]] std::chrono::duration<double> elapsed() const { return Clock::now() - begun; }
  [[nodiscard]] std::string rate() const {
    const double seconds = elapsed().count();
    return seconds < 0.1 ? "" : bytes_text(static_cast<std::uint64_t>(static_cast<double>(bytes) / seconds)) + "/s";
  }
};

class TextReporter : public Reporter {
 public:
  TextReporter(std::ostream& out, std::ostream& err, TextOptions options)
      : out_(out), err_(err), options_(std::move(options)) {}

  void info(const std::string& text) override { line(err_, text); }
  void warning(const std::string& text) override { line(err_, painted("33", "warning: ") + text); }
  void command(const std::string& text) override {
    if (options_.verbose) line(err_, painted("2", "+ " + text));
  }
  void step_begins(const std::string& text) override {
    step_ = RunningStep(text);
    if (options_.live) {
      show_live();
    } else {
      line(err_, text + " ...");
    }
  }
  void step_advances(std::uint64_t bytes, std::uint64_t total) override {
    step_.bytes = bytes;
    step_.total = total;
    if (options_.live) {
      if (step_.due(std::chrono::milliseconds(200))) show_live();
    } else if (step_.due(std::chrono::seconds(30))) {
      line(err_, "  " + progress());
    }
  }
  void step_ends(bool done, const std::string& detail) override {
    std::string facts = duration_text(step_.elapsed());
    if (step_.bytes > 0) facts = fmt::format("{} in {}", bytes_text(step_.bytes), facts);
    if (!detail.empty()) facts = detail + ", " + facts;
    if (options_.live) {
      const std::string mark = done ? painted("32", "done    ") : painted("31", "failed  ");
      line(err_, mark + step_.text + painted("2", "  " + facts));
    } else {
      line(err_, fmt::format("  {}: {}", done ? "done" : "failed", facts));
    }
    step_ = RunningStep();
  }
  void result(const Json&, const std::string& text) override { line(out_, text); }
  void error(const Error& error) override {
    line(err_, painted("31", "error: ") + error.what());
    if (!error.next().empty()) line(err_, "What to do now: " + error.next());
  }
  void set_namespace(const std::string& namespace_) override { options_.call_form.set_namespace(namespace_); }

 private:
  void line(std::ostream& stream, const std::string& text) {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(live_shown_, false)) err_ << kEraseLine << std::flush;
    stream << as_called(text, options_.call_form) << (text.ends_with('\n') ? "" : "\n") << std::flush;
  }
  void show_live() {
    const std::scoped_lock lock(mutex_);
    live_shown_ = true;
    err_ << kEraseLine << "...     " << step_.text << "  " << progress() << std::flush;
  }
  [[nodiscard]] std::string progress() const {
    if (step_.bytes == 0) return "";
    const std::string of = step_.total > 0 ? " of " + bytes_text(step_.total) : "";
    return fmt::format("{}{}  {}", bytes_text(step_.bytes), of, step_.rate());
  }
  [[nodiscard]] std::string painted(std::string_view code, const std::string& text) const {
    return options_.color ? "\x1b[" + std::string(code) + "m" + text + "\x1b[0m" : text;
  }

  std::ostream& out_;
  std::ostream& err_;
  TextOptions options_;
  RunningStep step_;
  bool live_shown_ = false;  // a step's line is on the terminal, without its end
  std::mutex mutex_;
};

class JsonReporter : public Reporter {
 public:
  JsonReporter(std::ostream& out, bool verbose, CallForm call_form)
      : out_(out), verbose_(verbose), call_form_(std::move(call_form)) {}

  void info(const std::string& text) override { event("info", {{"text", text}}); }
  void warning(const std::string& text) override { event("warning", {{"text", text}}); }
  void command(const std::string& text) override {
    if (verbose_) event("command", {{"text", text}});
  }
  void step_begins(const std::string& text) override {
    step_ = RunningStep(text);
    event("step", {{"text", text}});
  }
  void step_advances(std::uint64_t bytes, std::uint64_t total) override {
    step_.bytes = bytes;
    step_.total = total;
    if (step_.due(std::chrono::seconds(1)))
      event("progress", {{"text", step_.text}, {"bytes", bytes}, {"total", total}});
  }
  void step_ends(bool done, const std::string& detail) override {
    event(done ? "done" : "failed",
          {{"text", step_.text}, {"detail", detail}, {"bytes", step_.bytes}, {"seconds", step_.elapsed().count()}});
    step_ = RunningStep();
  }
  void result(const Json& machine, const std::string&) override { event("result", {{"result", machine}}); }
  void error(const Error& error) override {
    event("error", {{"text", error.what()}, {"next", error.next()}, {"status", static_cast<int>(error.status())}});
  }
  void set_namespace(const std::string& namespace_) override { call_form_.set_namespace(namespace_); }

 private:
  void event(std::string_view name, Json fields) {
    fields["event"] = name;
    const std::scoped_lock lock(mutex_);
    // Names in a cluster are UTF-8; what is not must not end the program here.
    const std::string line = fields.dump(-1, ' ', false, Json::error_handler_t::replace);
    out_ << as_called(line, call_form_) << '\n' << std::flush;
  }

  std::ostream& out_;
  bool verbose_;
  CallForm call_form_;
  RunningStep step_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Reporter> text_reporter(std::ostream& out, std::ostream& err, TextOptions options) {
  return std::make_unique<TextReporter>(out, err, std::move(options));
}

std::unique_ptr<Reporter> json_reporter(std::ostream& out, bool verbose, const CallForm& call_form) {
  return std::make_unique<JsonReporter>(out, verbose, call_form);
}

bool wants_color(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  return isatty(descriptor) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace exastro::ui
