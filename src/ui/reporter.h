// What a command tells a person or a machine. The engine never writes to a terminal: it calls this.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "error.h"
#include "ui/format.h"

namespace exastro::ui {

class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void info(const std::string& text) = 0;
  virtual void warning(const std::string& text) = 0;
  virtual void command(const std::string& text) = 0;  // a kubectl command, shown with -v only
  // Steps follow each other and are not nested; see Step. Bytes are those since the step began; a total of 0 is one
  // that is not known. `step_advances` may be called often: it shows what a person or a log can take.
  virtual void step_begins(const std::string& text) = 0;
  virtual void step_advances(std::uint64_t bytes, std::uint64_t total) = 0;
  virtual void step_ends(bool done, const std::string& detail) = 0;
  // A result: `text` for people, `machine` for programs.
  virtual void result(const nlohmann::json& machine, const std::string& text) = 0;
  // What failed, and the next command to type.
  virtual void error(const Error& error) = 0;
  // The namespace that the person has chosen: what texts tell to type is in it from now on.
  virtual void set_namespace(const std::string& namespace_) = 0;
};

struct TextOptions {
  bool color = false;
  bool live = false;  // `err` is a terminal: the line of a step may be written over
  bool verbose = false;
  CallForm call_form = {};
};

// Results go to `out`, everything else to `err`. Neither is owned.
std::unique_ptr<Reporter> text_reporter(std::ostream& out, std::ostream& err, TextOptions options);

// One JSON object per line on `out`: {"event": "info|warning|command|step|progress|done|failed|result|error", …}.
std::unique_ptr<Reporter> json_reporter(std::ostream& out, bool verbose, const CallForm& call_form = {});

// Whether colour is wanted on a descriptor: a terminal, no NO_COLOR, TERM not dumb.
bool wants_color(int descriptor);

}  // namespace exastro::ui
