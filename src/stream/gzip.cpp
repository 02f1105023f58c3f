#include "stream/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "error.h"

namespace exastro::stream {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kBufferSize = std::size_t{256} * 1024;
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

struct GzipCompressor::State {
  z_stream stream{};
  std::vector<std::byte> buffer = std::vector<std::byte>(kBufferSize);

  void deflate_into(Sink& next, Bytes bytes, int flush) {
    set_input(stream, bytes);
    do {
      set_output(stream, buffer);
      if (deflate(&stream, flush) == Z_STREAM_ERROR) throw Error("zlib failed to compress.");
      const std::size_t count = buffer.size() - stream.avail_out;
      if (count > 0) next.write(Bytes(buffer).first(count));
    } while (stream.avail_out == 0);
  }
};

GzipCompressor::GzipCompressor(Sink& next, int level) : next_(next), state_(std::make_unique<State>()) {
  if (level < 1 || level > 9) throw Error(fmt::format("There is no compression level {}.", level));
  if (deflateInit2(&state_->stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Error("zlib cannot compress.");
  }
}

GzipCompressor::~GzipCompressor() { deflateEnd(&state_->stream); }

void GzipCompressor::write(Bytes bytes) {
  in_pieces(bytes, [this](Bytes piece) { state_->deflate_into(next_, piece, Z_NO_FLUSH); });
}

void GzipCompressor::finish() {
  state_->deflate_into(next_, {}, Z_FINISH);
  next_.finish();
}

struct GzipDecompressor::State {
  z_stream stream{};
  std::vector<std::byte> buffer = std::vector<std::byte>(kBufferSize);
  bool between_members = false;

  void inflate_into(Sink& next, Bytes piece) {
    set_input(stream, piece);
    bool more = true;
    while (more) {
      if (between_members && stream.avail_in > 0) {
        if (inflateReset(&stream) != Z_OK) throw Error("zlib failed to decompress.");
        between_members = false;
      }
      set_output(stream, buffer);
      const int status = between_members ? Z_BUF_ERROR : inflate(&stream, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        throw Error(fmt::format("The compressed data is damaged ({}).", stream.msg != nullptr ? stream.msg : "zlib"),
                    "", ExitStatus::kDamaged);
      }
      const std::size_t count = buffer.size() - stream.avail_out;
      if (count > 0) next.write(Bytes(buffer).first(count));
      between_members = between_members || status == Z_STREAM_END;
      more = stream.avail_in > 0 || (stream.avail_out == 0 && !between_members);
    }
  }
};

GzipDecompressor::GzipDecompressor(Sink& next) : next_(next), state_(std::make_unique<State>()) {
  if (inflateInit2(&state_->stream, kGzipWindow) != Z_OK) throw Error("zlib cannot decompress.");
}

GzipDecompressor::~GzipDecompressor() { inflateEnd(&state_->stream); }

void GzipDecompressor::write(Bytes bytes) {
  in_pieces(bytes, [this](Bytes piece) { state_->inflate_into(next_, piece); });
}

void GzipDecompressor::finish() {
  if (!state_->between_members)
    throw Error("The compressed data is cut: its end is missing.", "", ExitStatus::kDamaged);
  next_.finish();
}

}  // namespace exastro::stream
