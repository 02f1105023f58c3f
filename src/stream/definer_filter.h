// Takes DEFINER clauses out of a dump, so that an account without SUPER can load it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "stream/sink.h"

namespace exastro::stream {

// Removes the `DEFINER = account` clause from the head of each CREATE or ALTER of a view, trigger, event, procedure,
// function or package, inside executable comments (`/*!50017 … */`, `/*M!100000 … */`) or not. Nothing else changes:
// not rows, strings, identifiers, comments or the bodies of routines, which are found by the rules of the command line
// client (quotes, the current DELIMITER, sql_mode as the dump sets it). Only the clause's own bytes go, so a blank on
// both sides of it stays twice; where two words would join, a space takes its place.
//
// Keeps at most 64 KiB of a stream; a statement's head that has not reached its DEFINER by then passes unchanged.
// Throws only what the next sink throws.
class DefinerFilter : public Sink {
 public:
  explicit DefinerFilter(Sink& next);
  ~DefinerFilter() override;

  void write(std::span<const std::byte> bytes) override;
  void finish() override;

  // How many clauses were removed so far, by account as `user@host`, `role`, or `CURRENT_USER`, without the quotes.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& removed() const;

 private:
  class Scanner;
  Sink& next_;
  std::unique_ptr<Scanner> scanner_;
};

}  // namespace exastro::stream
