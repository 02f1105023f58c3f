#include "stream/zstd.h"

#include <fmt/format.h>
#include <zstd.h>

#include <vector>

#include "error.h"

namespace exastro::stream {
namespace {

constexpr int kWindowLog = 23;  // bytes, as a power of two

struct Free {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

struct ZstdDecompressor::State {
  std::unique_ptr<ZSTD_DCtx, Free> context{ZSTD_createDCtx()};
  std::vector<std::byte> buffer = std::vector<std::byte>(ZSTD_DStreamOutSize());
  bool between_frames = false;
};

ZstdDecompressor::ZstdDecompressor(Sink& next) : next_(next), state_(std::make_unique<State>()) {
  if (!state_->context ||
      ZSTD_isError(ZSTD_DCtx_setParameter(state_->context.get(), ZSTD_d_windowLogMax, kWindowLog)) != 0U) {
    throw Error("libzstd cannot decompress.");
  }
}

ZstdDecompressor::~ZstdDecompressor() = default;

void ZstdDecompressor::write(std::span<const std::byte> bytes) {
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  bool more = !bytes.empty();
  while (more) {
    ZSTD_outBuffer output{state_->buffer.data(), state_->buffer.size(), 0};
    const std::size_t status = ZSTD_decompressStream(state_->context.get(), &output, &input);
    if (ZSTD_isError(status) != 0U) {
      throw Error(fmt::format("The compressed data is damaged ({}).", ZSTD_getErrorName(status)), "",
                  ExitStatus::kDamaged);
    }
    if (output.pos > 0) next_.write(std::span(state_->buffer).first(output.pos));
    state_->between_frames = status == 0;
    // A full buffer may have left something behind, but not at a frame's end.
    more = input.pos < input.size || (output.pos == output.size && status != 0);
  }
}

void ZstdDecompressor::finish() {
  if (!state_->between_frames) throw Error("The compressed data is cut: its end is missing.", "", ExitStatus::kDamaged);
  next_.finish();
}

}  // namespace exastro::stream
