// What a command tells a person or a machine. The engine never writes to a terminal: it calls this.
#pragma once

#include <iosfwd>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "error.h"

namespace exastro::ui {

class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void info(const std::string& text) = 0;
  virtual void warning(const std::string& text) = 0;
  virtual void command(const std::string& text) = 0;  // a kubectl command, shown with -v only
  // A result: `text` for people, `machine` for programs.
  virtual void result(const nlohmann::json& machine, const std::string& text) = 0;
  // What failed, and the next command to type.
  virtual void error(const Error& error) = 0;
};

struct TextOptions {
  bool color = false;
  bool verbose = false;
};

// Results go to `out`, everything else to `err`. Neither is owned.
std::unique_ptr<Reporter> text_reporter(std::ostream& out, std::ostream& err, TextOptions options);

// One JSON object per line on `out`: {"event": "info|warning|command|result|error", …}.
std::unique_ptr<Reporter> json_reporter(std::ostream& out, bool verbose);

// Whether colour is wanted on a descriptor: a terminal, no NO_COLOR, TERM not dumb.
bool wants_color(int descriptor);

}  // namespace exastro::ui
