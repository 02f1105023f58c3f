// What `zstd` makes of a text, for tests of what reads it.
#pragma once

#include <zstd.h>

#include <stdexcept>
#include <string>

namespace exastro::stream {

inline std::string zstd_of(const std::string& plain, int window_log = 0) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window_log != 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string stored(ZSTD_compressBound(plain.size()), '\0');
  ZSTD_inBuffer input{plain.data(), plain.size(), 0};
  ZSTD_outBuffer output{stored.data(), stored.size(), 0};
  // In two steps, so that the frame does not say how long it is, as in a pipe.
  ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue);
  const std::size_t left = ZSTD_compressStream2(context, &output, &input, ZSTD_e_end);
  ZSTD_freeCCtx(context);
  if (left != 0) throw std::runtime_error("not compressed");
  stored.resize(output.pos);
  return stored;
}

}  // namespace exastro::stream
