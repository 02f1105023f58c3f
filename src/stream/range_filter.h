// Parts of a stream, by their offsets.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "stream/sink.h"

namespace exastro::stream {

// Bytes from `begin` on and before `end`.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// Passes on what lies in the ranges, which follow each other without overlap, and drops the rest.
class RangeFilter : public Sink {
 public:
  RangeFilter(Sink& next, std::vector<Range> ranges) : next_(next), ranges_(std::move(ranges)) {}

  void write(std::span<const std::byte> bytes) override;
  void finish() override { next_.finish(); }

 private:
  Sink& next_;
  std::vector<Range> ranges_;
  std::uint64_t at_ = 0;
};

}  // namespace exastro::stream
