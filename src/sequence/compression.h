// What compresses and unpacks in the maintenance pods.
#pragma once

#include <string>
#include <vector>

#include "archive/manifest.h"
#include "kube/cluster.h"

namespace exastro {

// kZstd if every one of these pods has `zstd`, which is several times as quick; else kGzip, which every image has. Both
// of it can be unpacked where the first is given. Throws Error.
archive::Encoding best_encoding(kube::Cluster& cluster, const std::vector<kube::Pod>& pods);

// Shell functions `compress` and `decompress`, from standard input to standard output, at the level that is quickest.
std::string compression_functions(archive::Encoding encoding);

// The shell command that `decompress` is.
std::string decompress_command(archive::Encoding encoding);

// The program's name, for messages.
std::string compression_program(archive::Encoding encoding);

}  // namespace exastro
