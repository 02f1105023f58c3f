// Zstandard (RFC 8878), unpacked through libzstd with memory that does not grow with the stream.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "stream/sink.h"

namespace exastro::stream {

// Unpacks one frame or several put one behind the other. Throws exastro::Error with ExitStatus::kDamaged: from `write`,
// when the bytes are not Zstandard, a checksum does not agree, or a frame wants a window of more than 8 MiB (what
// level 1 to 19 of `zstd` makes has none larger); from `finish`, when the stream is empty or ends inside a frame.
// It unpacks whatever size the stream says: a limit is for the next sink to set.
class ZstdDecompressor : public Sink {
 public:
  explicit ZstdDecompressor(Sink& next);
  ~ZstdDecompressor() override;

  void write(std::span<const std::byte> bytes) override;
  void finish() override;

 private:
  struct State;
  Sink& next_;
  std::unique_ptr<State> state_;
};

}  // namespace exastro::stream
