// gzip as a stream, through zlib.
#pragma once

#include <vector>

#include <zlib.h>

#include "stream/sink.h"

namespace exastro::stream {

// Compresses into `next`, which it does not own. The header carries no time: equal input gives equal bytes.
class GzipCompressor : public Sink {
 public:
  GzipCompressor(Sink& next, int level);
  ~GzipCompressor() override;
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;
  void write(Bytes bytes) override { deflate_bytes(bytes, Z_NO_FLUSH); }
  void finish() override;

 private:
  void deflate_bytes(Bytes bytes, int flush);
  Sink& next_;
  z_stream stream_{};
  std::vector<std::byte> buffer_;
};

// Inflates into `next`; takes several gzip members one behind another, as gunzip does. Throws Error (kDamaged) where
// the data is damaged; `finish` does, where the stream ends inside a member or never began.
class GzipDecompressor : public Sink {
 public:
  explicit GzipDecompressor(Sink& next);
  ~GzipDecompressor() override;
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;
  void write(Bytes bytes) override;
  void finish() override;

 private:
  Sink& next_;
  z_stream stream_{};
  std::vector<std::byte> buffer_;
  bool between_members_ = false;
};

}  // namespace exastro::stream
