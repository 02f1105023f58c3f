// An open file that is closed with its owner, and the few whole reads and writes that the archive needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "error.h"

namespace exastro::archive {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}  // takes ownership
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  void reset();  // closes; errors are not seen, so sync first where they matter

 private:
  int fd_ = -1;
};

// A write that found no room: on the disk, or within what the user may have there.
class NoRoom : public Error {
 public:
  using Error::Error;
};

// Writes all of `bytes` at `offset`. Throws Error naming `shown` and the reason; for a full disk NoRoom, with what to
// do.
void write_all_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset, const std::string& shown);

// Writes all of `bytes` to a pipe or file. Throws as above.
void write_all(int fd, std::span<const std::byte> bytes, const std::string& shown);

// Reads until `bytes` is full or the file ends; the number of bytes read. Throws Error naming `shown`.
[[nodiscard]] std::size_t read_all_at(int fd, std::span<std::byte> bytes, std::uint64_t offset,
                                      const std::string& shown);

}  // namespace exastro::archive
