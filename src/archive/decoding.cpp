#include "archive/decoding.h"

#include "stream/gzip.h"
#include "stream/zstd.h"

namespace exastro::archive {

std::unique_ptr<stream::Sink> make_decoder(Encoding encoding, stream::Sink& next) {
  switch (encoding) {
    case Encoding::kGzip:
      return std::make_unique<stream::GzipDecompressor>(next);
    case Encoding::kZstd:
      return std::make_unique<stream::ZstdDecompressor>(next);
    case Encoding::kIdentity:
      break;
  }
  return nullptr;
}

}  // namespace exastro::archive
