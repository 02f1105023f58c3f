// What can be told from a plain (not compressed) mariadb-dump or mysqldump stream that passes by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "stream/sink.h"

namespace exastro::stream {

struct DumpFacts {
  bool looks_like_dump = false;    // begins `-- MariaDB dump` or `-- MySQL dump`, the sandbox line before it or not
  bool complete = false;           // the last line is `-- Dump completed…`, and it is not part of a string
  bool carriage_returns = false;   // every line ends in CR LF: the dump went through a terminal
  std::string error_line;          // the first line, outside strings, that is an error of the dump program or of the
                                   // client; at most 256 bytes; empty if there is none
  std::uint64_t bytes = 0;         // in all
  std::uint64_t header_bytes = 0;  // before the first `-- Current Database:` line: the session's settings; 0 if
                                   // there is no such line
  std::uint64_t views_at = 0;      // offset of the second such line: the dump programs come back to a database to
                                   // write its views, which may need tables of others; 0 if they did not
  std::uint64_t longest_statement = 0;  // bytes, with delimiter and line ends: what max_allowed_packet must exceed to
                                        // load it. Statements are taken to end where lines do: several on one line
                                        // count as one, as does one with a comment behind it and the next.
};

// Watches; changes nothing, and throws nothing of its own about what it sees. Put it in a TeeSink, or give it a next.
class DumpCheck : public Sink {
 public:
  explicit DumpCheck(Sink* next = nullptr);
  ~DumpCheck() override;

  void write(std::span<const std::byte> bytes) override;
  void finish() override;

  // All of it holds after `finish`; before that, `bytes`, `looks_like_dump` and `error_line` tell of what has passed.
  [[nodiscard]] const DumpFacts& facts() const { return facts_; }

 private:
  class Watch;
  Sink* next_;
  DumpFacts facts_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace exastro::stream
