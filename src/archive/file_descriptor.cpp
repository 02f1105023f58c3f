#include "archive/file_descriptor.h"

#include <fmt/format.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace exastro::archive {
namespace {

[[noreturn]] void throw_write_error(int error, const std::string& shown) {
  const std::string text = fmt::format("cannot write {}: {}", shown, std::generic_category().message(error));
  if (error == ENOSPC || error == EDQUOT) {
    throw NoRoom(text,
                 "Make room on that disk, or give another directory with -o (or TMPDIR), and run the command again.");
  }
  if (error == EFBIG) {
    throw NoRoom(
        text, "The file system or a limit (ulimit -f) does not allow files of this size; give another place with -o.");
  }
  throw Error(text);
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void FileDescriptor::reset() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void write_all_at(int fd, std::span<const std::byte> bytes, std::uint64_t offset, const std::string& shown) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw_write_error(n == 0 ? ENOSPC : errno, shown);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

void write_all(int fd, std::span<const std::byte> bytes, const std::string& shown) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw_write_error(n == 0 ? ENOSPC : errno, shown);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

std::size_t read_all_at(int fd, std::span<std::byte> bytes, std::uint64_t offset, const std::string& shown) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(fmt::format("cannot read {}: {}", shown, std::generic_category().message(errno)));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

}  // namespace exastro::archive
