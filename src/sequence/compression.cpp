#include "sequence/compression.h"

#include <algorithm>

namespace exastro {

using archive::Encoding;

Encoding best_encoding(kube::Cluster& cluster, const std::vector<kube::Pod>& pods) {
  const bool all = std::all_of(pods.begin(), pods.end(), [&](const kube::Pod& pod) {
    return cluster.run(pod, {"if command -v zstd >/dev/null; then echo yes; fi\n", {}, ""}, "").starts_with("yes");
  });
  return all ? Encoding::kZstd : Encoding::kGzip;
}

std::string compression_functions(Encoding encoding) {
  const std::string compress = encoding == Encoding::kZstd ? "zstd -q -1 -c" : "gzip -1";
  return "compress() { " + compress + "; }\ndecompress() { " + decompress_command(encoding) + "; }\n";
}

std::string decompress_command(Encoding encoding) { return encoding == Encoding::kZstd ? "zstd -q -d -c" : "gzip -dc"; }

std::string compression_program(Encoding encoding) { return encoding == Encoding::kZstd ? "zstd" : "gzip"; }

}  // namespace exastro
