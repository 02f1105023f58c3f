#include "ui/reporter.h"

#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <ostream>
#include <string_view>
#include <utility>

namespace exastro::ui {
namespace {

using Json = nlohmann::json;

class TextReporter : public Reporter {
 public:
  TextReporter(std::ostream& out, std::ostream& err, TextOptions options) : out_(out), err_(err), options_(options) {}

  void info(const std::string& text) override { line(err_, text); }
  void warning(const std::string& text) override { line(err_, painted("33", "warning: ") + text); }
  void command(const std::string& text) override {
    if (options_.verbose) line(err_, painted("2", "+ " + text));
  }
  void result(const Json&, const std::string& text) override { line(out_, text); }
  void error(const Error& error) override {
    line(err_, painted("31", "error: ") + error.what());
    if (!error.next().empty()) line(err_, "What to do now: " + error.next());
  }

 private:
  void line(std::ostream& stream, const std::string& text) {
    const std::scoped_lock lock(mutex_);
    stream << text << (text.ends_with('\n') ? "" : "\n") << std::flush;
  }
  [[nodiscard]] std::string painted(std::string_view code, const std::string& text) const {
    return options_.color ? "\x1b[" + std::string(code) + "m" + text + "\x1b[0m" : text;
  }

  std::ostream& out_;
  std::ostream& err_;
  TextOptions options_;
  std::mutex mutex_;
};

class JsonReporter : public Reporter {
 public:
  JsonReporter(std::ostream& out, bool verbose) : out_(out), verbose_(verbose) {}

  void info(const std::string& text) override { event("info", {{"text", text}}); }
  void warning(const std::string& text) override { event("warning", {{"text", text}}); }
  void command(const std::string& text) override {
    if (verbose_) event("command", {{"text", text}});
  }
  void result(const Json& machine, const std::string&) override { event("result", {{"result", machine}}); }
  void error(const Error& error) override {
    event("error", {{"text", error.what()}, {"next", error.next()}, {"status", static_cast<int>(error.status())}});
  }

 private:
  void event(std::string_view name, Json fields) {
    fields["event"] = name;
    const std::scoped_lock lock(mutex_);
    // Names in a cluster are UTF-8; what is not must not end the program here.
    out_ << fields.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
  }

  std::ostream& out_;
  bool verbose_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Reporter> text_reporter(std::ostream& out, std::ostream& err, TextOptions options) {
  return std::make_unique<TextReporter>(out, err, options);
}

std::unique_ptr<Reporter> json_reporter(std::ostream& out, bool verbose) {
  return std::make_unique<JsonReporter>(out, verbose);
}

bool wants_color(int descriptor) {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  return isatty(descriptor) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace exastro::ui
