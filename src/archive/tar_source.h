// A tar on its way to libarchive.
#pragma once

#include <archive.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>

#include "archive/files_check.h"

namespace exastro::archive {

// Where libarchive reads a plain tar from. It takes the end of the bytes for the tar's own, so that one that was cut
// between two entries would count as whole: require_end() tells.
class TarSource {
 public:
  // `pull` must outlive it.
  explicit TarSource(const PullBytes& pull) : pull_(pull) {}
  TarSource(const TarSource&) = delete;
  TarSource& operator=(const TarSource&) = delete;

  // Has `reader` read from here; gives libarchive's status.
  int open(struct archive* reader);
  // Throws again what `pull` threw: no exception may pass through libarchive's C frames, so it waits here.
  void rethrow() const;
  [[nodiscard]] bool has_failed() const { return error_ != nullptr; }
  // When libarchive has read all entries. `end` is the offset behind the last one with its padding. Reads what is left.
  // Throws Error (kDamaged).
  void require_end(std::uint64_t end);

 private:
  static la_ssize_t read(struct archive*, void* opaque, const void** buffer);
  std::span<const std::byte> next();

  const PullBytes& pull_;
  std::exception_ptr error_ = nullptr;
  std::uint64_t bytes_ = 0;     // in all
  std::uint64_t text_end_ = 0;  // behind the last byte that is not zero
};

}  // namespace exastro::archive
