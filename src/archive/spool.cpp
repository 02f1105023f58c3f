#include "archive/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <system_error>
#include <vector>

#include "error.h"

namespace exastro::archive {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::uint64_t kStretchBytes = std::uint64_t{64} << 20;  // between two looks at the room

}  // namespace

FileDescriptor make_unnamed_file(const std::filesystem::path& directory) {
  std::random_device random;
  for (int attempt = 0; attempt < 100; ++attempt) {
    const std::string path = (directory / fmt::format(".exastro-spool-{}-{:08x}", ::getpid(), random())).string();
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
      FileDescriptor file(fd);
      ::unlink(path.c_str());
      return file;
    }
    if (errno != EEXIST) break;
  }
  throw Error(fmt::format("cannot create a temporary file in {}: {}", directory.string(),
                          std::generic_category().message(errno)),
              "Set TMPDIR to a directory that you may write to and that has room for the backup.");
}

void check_room(int fd, const std::filesystem::path& directory, std::uint64_t bytes) {
  struct statvfs disk {};
  if (::fstatvfs(fd, &disk) != 0) return;  // not every file system can tell; writing will
  const std::uint64_t available = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (disk.f_blocks == 0 || available >= bytes + kSpoolReserveBytes) return;
  throw Error(fmt::format("not enough room in {}: {} MiB more are needed, {} MiB are free", directory.string(),
                          (bytes + kSpoolReserveBytes) >> 20, available >> 20),
              "Make room there, or set TMPDIR to a directory with more.");
}

FileDescriptor spool(int input, const std::filesystem::path& directory, const std::function<void()>& before_read) {
  FileDescriptor file = make_unnamed_file(directory);
  struct stat status {};
  if (::fstat(input, &status) == 0 && S_ISREG(status.st_mode)) {
    check_room(file.get(), directory, static_cast<std::uint64_t>(status.st_size));
  }
  std::vector<std::byte> buffer(kBufferBytes);
  std::uint64_t offset = 0;
  std::uint64_t checked = 0;
  const std::string shown = fmt::format("the temporary file in {}", directory.string());
  while (true) {
    if (before_read) before_read();
    const ssize_t n = ::read(input, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(fmt::format("cannot read the backup: {}", std::generic_category().message(errno)));
    if (n == 0) return file;
    const auto length = static_cast<std::size_t>(n);
    if (offset + length > checked) {
      check_room(file.get(), directory, kStretchBytes);
      checked = offset + kStretchBytes;
    }
    write_all_at(file.get(), std::span(buffer).first(length), offset, shown);
    offset += length;
  }
}

}  // namespace exastro::archive
