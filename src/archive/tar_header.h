// The header of one member of the outer tar.
#pragma once

#include <cstdint>
#include <string>

namespace exastro::archive {

inline constexpr std::uint64_t kTarBlock = 512;

// The zero bytes that follow `size` bytes of data in a tar.
[[nodiscard]] constexpr std::uint64_t tar_padding(std::uint64_t size) {
  return (kTarBlock - size % kTarBlock) % kTarBlock;
}

// A regular file, mode 0600, owner and group 0, in GNU format: 512 bytes, 1536 for a name over 100 bytes. The length
// depends on the name alone, so that room can be kept before the size is known. Made by libarchive. Throws Error.
[[nodiscard]] std::string tar_header(const std::string& name, std::uint64_t size, std::int64_t mtime);

}  // namespace exastro::archive
