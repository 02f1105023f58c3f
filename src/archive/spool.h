// A stream kept in a temporary file that only this process can reach, for `restore --from -`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "archive/file_descriptor.h"

namespace exastro::archive {

// Room that spooling leaves on the disk for others.
inline constexpr std::uint64_t kSpoolReserveBytes = std::uint64_t{64} << 20;

// An empty file in `directory`, mode 0600, that has no name: gone with its descriptor, even after kill -9. Throws
// Error with the reason and the next step.
[[nodiscard]] FileDescriptor make_unnamed_file(const std::filesystem::path& directory);

// Throws Error, with the figures and the next step, if the disk of `fd` has not room for `bytes` and the reserve.
void check_room(int fd, const std::filesystem::path& directory, std::uint64_t bytes);

// Copies `input` (a pipe, standard input) to its end into such a file. Room is checked before each stretch, and at
// once for the whole if the input is a regular file. `before_read` is called before each read and may wait or throw.
// Pass the result to BackupReader::open. Throws Error.
[[nodiscard]] FileDescriptor spool(int input, const std::filesystem::path& directory,
                                   const std::function<void()>& before_read = {});

}  // namespace exastro::archive
