// Takes off a dump what a terminal did to it on its way: `kubectl exec -t` gives one, and the vendor's page says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "error.h"
#include "stream/sink.h"

namespace exastro::stream {

// Two things, each only where it is certain:
//  - A terminal makes CR LF of each LF. If the first line ends so, one CR is taken off before each line end, which
//  gives
//    the very bytes back, also where the data had a CR LF of its own. A line end without CR after that throws Error
//    (kDamaged): then something else was at work.
//  - Messages of the dump program that came in between the lines of the dump's head, before its first statement, are
//    taken off. Such a line further on is a part that is missing; it passes, and is for DumpCheck to find.
class TerminalRepair : public Sink {
 public:
  explicit TerminalRepair(Sink& next) : next_(next) {}

  // Throws Error (kDamaged) also from the first bytes on, if no dump begins in the first 64 KiB.
  void write(std::span<const std::byte> bytes) override;
  void finish() override;

  // How many CR were taken off.
  [[nodiscard]] std::uint64_t carriage_returns() const { return removed_; }
  // The messages, in their order; each at most 256 bytes.
  [[nodiscard]] const std::vector<std::string>& messages() const { return messages_; }

 private:
  void read_head(std::string_view text);
  void take_line(std::string_view line);
  void write_body(std::string_view text);
  void pass(std::string_view text);
  [[nodiscard]] Error mixed() const;

  Sink& next_;
  std::string line_;  // of the head, while it is not whole
  std::uint64_t head_bytes_ = 0;
  bool in_head_ = true;
  bool has_begun_ = false;  // the dump's first line was there
  bool knows_line_ends_ = false;
  bool cr_lf_ = false;
  bool pending_cr_ = false;  // a CR whose next byte has not come
  std::uint64_t removed_ = 0;
  std::vector<std::string> messages_;
};

}  // namespace exastro::stream
