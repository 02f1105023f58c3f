#include "stream/terminal_repair.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "error.h"

namespace exastro::stream {
namespace {

constexpr std::uint64_t kMaxHead = std::uint64_t{64} << 10;
constexpr std::size_t kMaxMessage = 256;
constexpr std::string_view kSandbox = R"(/*M!999999\-)";

bool begins_a_dump(std::string_view line) {
  return line.starts_with("-- MariaDB dump") || line.starts_with("-- MySQL dump");
}

// The programs speak on standard error, a terminal's other name.
bool is_message(std::string_view line) {
  constexpr std::array<std::string_view, 5> kBeginnings{
      "mysqldump: ", "mariadb-dump: ", "WARNING: ", "Warning: ", "-- Warning: "};
  return std::any_of(kBeginnings.begin(), kBeginnings.end(), [&](auto begin) { return line.starts_with(begin); });
}

std::string_view without_blanks(std::string_view line) {
  const std::size_t last = line.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? std::string_view{} : line.substr(0, last + 1);
}

}  // namespace

Error TerminalRepair::mixed() const {
  return Error(
      "its lines begin to end in CR LF, as a terminal makes them, and one of them does not: what else was changed "
      "cannot "
      "be told",
      "", ExitStatus::kDamaged);
}

void TerminalRepair::write(std::span<const std::byte> bytes) {
  const std::string_view text = as_text(bytes);
  if (in_head_) {
    read_head(text);
  } else {
    write_body(text);
  }
}

void TerminalRepair::read_head(std::string_view text) {
  while (!text.empty()) {
    const std::size_t line_end = text.find('\n');
    const std::size_t count = line_end == std::string_view::npos ? text.size() : line_end + 1;
    line_ += text.substr(0, count);
    text.remove_prefix(count);
    head_bytes_ += count;
    if (!has_begun_ && head_bytes_ > kMaxHead) {
      throw Error("it does not begin as a dump of a database", "", ExitStatus::kDamaged);
    }
    if (line_end == std::string_view::npos && (!has_begun_ || head_bytes_ <= kMaxHead)) return;
    const std::string line = std::move(line_);
    line_.clear();
    take_line(line);
    if (!in_head_) return write_body(text);
  }
}

// Of the head: a whole one, with its line end.
void TerminalRepair::take_line(std::string_view line) {
  const std::string_view words = without_blanks(line);
  if (!knows_line_ends_ && line.ends_with('\n')) {
    knows_line_ends_ = true;
    cr_lf_ = line.ends_with("\r\n");
  }
  if (is_message(words)) {
    messages_.emplace_back(words.substr(0, kMaxMessage));
    return;
  }
  has_begun_ = has_begun_ || begins_a_dump(words);
  if (!has_begun_ && !words.empty() && !words.starts_with(kSandbox)) {
    throw Error(fmt::format("it does not begin as a dump of a database but with: {}", words.substr(0, kMaxMessage)), "",
                ExitStatus::kDamaged);
  }
  in_head_ = words.empty() || words.starts_with("--") || words.starts_with(kSandbox);
  write_body(line);
}

void TerminalRepair::write_body(std::string_view text) {
  if (!cr_lf_) return pass(text);
  while (!text.empty()) {
    if (pending_cr_) {
      pending_cr_ = false;
      if (text[0] == '\n') {
        ++removed_;
        pass(text.substr(0, 1));
        text.remove_prefix(1);
        continue;
      }
      pass("\r");
    }
    const void* found = std::memchr(text.data(), '\n', text.size());
    if (found == nullptr) {
      pending_cr_ = text.ends_with('\r');
      return pass(text.substr(0, text.size() - (pending_cr_ ? 1 : 0)));
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    if (at == 0 || text[at - 1] != '\r') throw mixed();
    ++removed_;
    pass(text.substr(0, at - 1));
    pass(text.substr(at, 1));
    text.remove_prefix(at + 1);
  }
}

void TerminalRepair::pass(std::string_view text) {
  if (!text.empty()) next_.write(as_bytes(text));
}

void TerminalRepair::finish() {
  if (in_head_ && !line_.empty()) {
    const std::string line = std::move(line_);
    take_line(line);
  }
  if (!has_begun_) {
    throw Error(messages_.empty() ? "it is empty"
                                  : fmt::format("it holds no dump, but what the dump program said: {}", messages_[0]),
                "", ExitStatus::kDamaged);
  }
  if (pending_cr_) pass("\r");
  next_.finish();
}

}  // namespace exastro::stream
