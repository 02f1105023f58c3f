#include "archive/tar_end.h"

#include <algorithm>

#include "archive/damaged.h"

namespace exastro::archive {
namespace {

constexpr std::uint64_t kEndBytes = 1024;  // two blocks of zeros

}  // namespace

void TarEnd::pass(std::span<const std::byte> bytes) {
  const auto last = std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte b) { return b != std::byte{0}; });
  if (last != bytes.rend()) text_end_ = bytes_ + static_cast<std::uint64_t>(bytes.rend() - last);
  bytes_ += bytes.size();
}

void TarEnd::require(std::uint64_t end) const {
  // libarchive stops at the first block of zeros; other programs go on behind a single one, to what was not looked at.
  if (text_end_ > end) throw damaged("the tar of the shared files is damaged: something follows its end");
  if (bytes_ < end + kEndBytes) throw damaged("the tar of the shared files is damaged: its end is missing");
}

}  // namespace exastro::archive
