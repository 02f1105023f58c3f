#include "stream/sandbox_line_filter.h"

#include <algorithm>
#include <string_view>

namespace exastro::stream {
namespace {

constexpr std::string_view kLine = R"(/*M!999999\- enable the sandbox mode */)";
constexpr std::size_t kMaxLine = 256;  // with the blanks behind it

bool begins_alike(std::string_view text) {
  const std::size_t size = std::min(text.size(), kLine.size());
  return text.substr(0, size) == kLine.substr(0, size) &&
         text.substr(size).find_first_not_of(" \t\r") == std::string_view::npos;
}

}  // namespace

void SandboxLineFilter::write(std::span<const std::byte> bytes) {
  if (decided_) return next_.write(bytes);

  const std::size_t before = held_.size();
  held_ += as_text(bytes.first(std::min(bytes.size(), kMaxLine - before)));
  const std::size_t line_end = held_.find('\n');
  const std::string_view line = std::string_view(held_).substr(0, line_end);
  if (line_end == std::string::npos && begins_alike(line) && held_.size() < kMaxLine) return;

  decided_ = true;
  removed_ = line_end != std::string::npos && line.size() >= kLine.size() && begins_alike(line);
  if (removed_) {
    bytes = bytes.subspan(line_end + 1 - before);
  } else {
    const std::size_t taken = held_.size() - before;
    next_.write(as_bytes(held_));
    bytes = bytes.subspan(taken);
  }
  held_.clear();
  if (!bytes.empty()) next_.write(bytes);
}

void SandboxLineFilter::finish() {
  if (!held_.empty()) next_.write(as_bytes(held_));
  next_.finish();
}

}  // namespace exastro::stream
