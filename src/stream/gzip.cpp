#include "stream/gzip.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace exastro::stream {
namespace {

constexpr std::size_t kBufferSize = 256 * 1024;
constexpr int kGzipWindow = 15 + 16;  // zlib: 32 KiB window, gzip wrapper

// zlib counts its input in `unsigned int`, and takes it by a pointer that is not const.
void set_input(z_stream& stream, Bytes bytes) {
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
}

void set_output(z_stream& stream, std::vector<std::byte>& buffer) {
  stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
  stream.avail_out = static_cast<uInt>(buffer.size());
}

// Calls `function` with pieces that zlib can count.
template <typename Function>
void in_pieces(Bytes bytes, Function function) {
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min<std::size_t>(bytes.size(), std::numeric_limits<int>::max()));
    function(piece);
    bytes = bytes.subspan(piece.size());
  }
}

}  // namespace

GzipCompressor::GzipCompressor(Sink& next, int level) : next_(next), buffer_(kBufferSize) {
  if (deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Error("zlib cannot compress.");
  }
}

GzipCompressor::~GzipCompressor() { deflateEnd(&stream_); }

void GzipCompressor::deflate_bytes(Bytes bytes, int flush) {
  const auto deflate_piece = [&](Bytes piece) {
    set_input(stream_, piece);
    do {
      set_output(stream_, buffer_);
      if (deflate(&stream_, flush) == Z_STREAM_ERROR) throw Error("zlib failed to compress.");
      const std::size_t count = buffer_.size() - stream_.avail_out;
      if (count > 0) next_.write(Bytes(buffer_).first(count));
    } while (stream_.avail_out == 0);
  };
  if (flush == Z_FINISH) {
    deflate_piece({});
  } else {
    in_pieces(bytes, deflate_piece);
  }
}

void GzipCompressor::finish() {
  deflate_bytes({}, Z_FINISH);
  next_.finish();
}

GzipDecompressor::GzipDecompressor(Sink& next) : next_(next), buffer_(kBufferSize) {
  if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw Error("zlib cannot decompress.");
}

GzipDecompressor::~GzipDecompressor() { inflateEnd(&stream_); }

void GzipDecompressor::write(Bytes bytes) {
  in_pieces(bytes, [&](Bytes piece) {
    set_input(stream_, piece);
    bool more = true;
    while (more) {
      if (between_members_ && stream_.avail_in > 0) {
        if (inflateReset(&stream_) != Z_OK) throw Error("zlib failed to decompress.");
        between_members_ = false;
      }
      set_output(stream_, buffer_);
      const int status = between_members_ ? Z_BUF_ERROR : inflate(&stream_, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        throw Error(fmt::format("The compressed data is damaged ({}).", stream_.msg != nullptr ? stream_.msg : "zlib"), "",
                    ExitStatus::kDamaged);
      }
      const std::size_t count = buffer_.size() - stream_.avail_out;
      if (count > 0) next_.write(Bytes(buffer_).first(count));
      between_members_ = between_members_ || status == Z_STREAM_END;
      more = stream_.avail_in > 0 || (stream_.avail_out == 0 && !between_members_);
    }
  });
}

void GzipDecompressor::finish() {
  if (!between_members_) throw Error("The compressed data is cut: its end is missing.", "", ExitStatus::kDamaged);
  next_.finish();
}

}  // namespace exastro::stream
