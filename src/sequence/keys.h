// The vendor's page's first chapter: keeping the encryption keys.
#pragma once

#include <string>

#include "sequence/system.h"
#include "ui/reporter.h"

namespace exastro {

struct KeysRequest {
  bool reveal = false;  // also the values
  std::string file;     // write them there, mode 0600, as keys.json of a backup is (docs/backup-format.md)
};

// The text of keys.json: what both Secrets hold under ENCRYPT_KEY.
std::string keys_json_text(const System& system);

// Throws Error if the file exists or cannot be written.
void show_keys(const System& system, const KeysRequest& request, ui::Reporter& reporter);

}  // namespace exastro
