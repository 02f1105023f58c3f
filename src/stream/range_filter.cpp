#include "stream/range_filter.h"

#include <algorithm>

namespace exastro::stream {

void RangeFilter::write(std::span<const std::byte> bytes) {
  const std::uint64_t end = at_ + bytes.size();
  for (const Range& range : ranges_) {
    const std::uint64_t from = std::max(range.begin, at_);
    const std::uint64_t to = std::min(range.end, end);
    if (from < to) next_.write(bytes.subspan(from - at_, to - from));
  }
  at_ = end;
}

}  // namespace exastro::stream
