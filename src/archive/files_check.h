// Proves the tar of the shared files without unpacking it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace exastro::archive {

// The next stretch of the plain tar, valid until the next call; empty at its end. May throw; the exception reaches the
// caller of check_files().
using PullBytes = std::function<std::span<const std::byte>()>;

// Reads a tar to its end and gives the number of entries. Throws Error with ExitStatus::kDamaged if it cannot be read,
// or unpacking it could touch anything outside its directory: an absolute name, "..", a hard link that leads out, an
// entry below a symbolic link, a device, FIFO or socket, a sparse file, anything behind the blocks of zeros that end
// it. A symbolic link may point anywhere: Exastro's files have such.
// Memory does not grow with the files' size or number, only by some bytes per symbolic link.
[[nodiscard]] std::uint64_t check_files(const PullBytes& pull);

}  // namespace exastro::archive
