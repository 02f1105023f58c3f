// gzip (RFC 1952) in both directions, through zlib, with memory that does not grow with the stream.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "stream/sink.h"

namespace exastro::stream {

// Compresses into one gzip member. The header holds no time and no name, so that the same bytes at the same level give
// the same file.
class GzipCompressor : public Sink {
 public:
  // `level` as zlib has it: 1 (fast) to 9 (small). Throws exastro::Error for another.
  GzipCompressor(Sink& next, int level);
  ~GzipCompressor() override;

  void write(std::span<const std::byte> bytes) override;
  void finish() override;

 private:
  struct State;
  Sink& next_;
  std::unique_ptr<State> state_;
};

// Unpacks one gzip member or several put one behind the other. Throws exastro::Error with ExitStatus::kDamaged:
// from `write`, when the bytes are not gzip, a checksum or length does not agree, or a member is followed by something
// that is not a member (zero padding included); from `finish`, when the stream is empty or ends inside a member.
// It unpacks whatever size the stream says: a limit is for the next sink to set.
class GzipDecompressor : public Sink {
 public:
  explicit GzipDecompressor(Sink& next);
  ~GzipDecompressor() override;

  void write(std::span<const std::byte> bytes) override;
  void finish() override;

 private:
  struct State;
  Sink& next_;
  std::unique_ptr<State> state_;
};

}  // namespace exastro::stream
