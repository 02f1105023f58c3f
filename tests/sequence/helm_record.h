// A release's record as Helm keeps it in a Secret: base64(base64(gzip(JSON))).
#pragma once

#include <span>
#include <string>

#include "exastro/encoding.h"
#include "exastro/release.h"
#include "stream/gzip.h"

namespace exastro {

inline std::string helm_encoded(const Json& record) {
  std::string compressed;
  stream::CallbackSink sink([&](std::span<const std::byte> bytes) { compressed += stream::as_text(bytes); });
  stream::GzipCompressor gzip(sink, 6);
  gzip.write(stream::as_bytes(record.dump()));
  gzip.finish();
  return base64_encode(base64_encode(compressed));
}

}  // namespace exastro
