#include "archive/tar_source.h"

#include <algorithm>

#include "archive/damaged.h"

namespace exastro::archive {
namespace {

constexpr std::uint64_t kEndBytes = 1024;  // two blocks of zeros

}  // namespace

int TarSource::open(struct archive* reader) { return archive_read_open(reader, this, nullptr, &read, nullptr); }

void TarSource::rethrow() const {
  if (error_) std::rethrow_exception(error_);
}

void TarSource::require_end(std::uint64_t end) {
  while (!next().empty()) {
  }
  // libarchive stops at the first block of zeros; other programs go on behind a single one, to what was not looked at.
  if (text_end_ > end) throw damaged("the tar of the shared files is damaged: something follows its end");
  if (bytes_ < end + kEndBytes) throw damaged("the tar of the shared files is damaged: its end is missing");
}

la_ssize_t TarSource::read(struct archive*, void* opaque, const void** buffer) {
  auto& source = *static_cast<TarSource*>(opaque);
  try {
    const auto bytes = source.next();
    *buffer = bytes.data();
    return static_cast<la_ssize_t>(bytes.size());
  } catch (...) {
    source.error_ = std::current_exception();
    return -1;
  }
}

std::span<const std::byte> TarSource::next() {
  const auto bytes = pull_();
  const auto last = std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte b) { return b != std::byte{0}; });
  if (last != bytes.rend()) text_end_ = bytes_ + static_cast<std::uint64_t>(bytes.rend() - last);
  bytes_ += bytes.size();
  return bytes;
}

}  // namespace exastro::archive
