// Whether a tar ends as a tar does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace exastro::archive {

// libarchive takes the end of the bytes for the tar's own, so that one that was cut between two entries would count as
// whole.
class TarEnd {
 public:
  // Every byte of the plain tar, in order.
  void pass(std::span<const std::byte> bytes);
  // When all have passed. `end` is the offset behind the last entry with its padding. Throws Error (kDamaged).
  void require(std::uint64_t end) const;

 private:
  std::uint64_t bytes_ = 0;     // in all
  std::uint64_t text_end_ = 0;  // behind the last byte that is not zero
};

}  // namespace exastro::archive
