// The tar of the shared files that the vendor's page makes, as a backup has it: with names relative to the claim's
// root.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "archive/files_check.h"
#include "stream/sink.h"

namespace exastro::archive {

struct RepackedFiles {
  std::uint64_t entries = 0;
  std::string prefix;             // what was taken off all names: `storage`; empty if nothing was
  std::vector<std::string> left;  // pipes and sockets, which hold no data and were left out; at most 100
};

// Reads a plain tar to its end and writes it anew, in GNU format. The page packs `${STORAGEPATH}`, so every name begins
// with that path: it is taken off if it is `storage_path` (of the system at hand), `/storage`, or what the first entry
// names in more than one component, and if all entries lie below it. If the first entry
// is `./`, names are relative already.
// Anything else, where in the claim the files belong is not certain: throws Error (kDamaged). lost+found, .snapshot and
// .exastro-* at the root are not the claim's data and are left out. Names are not checked further: check_files() does.
RepackedFiles repack_files(const PullBytes& pull, const std::string& storage_path, stream::Sink& out);

}  // namespace exastro::archive
