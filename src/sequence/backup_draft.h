// What a backup consists of, before its large members are read: said once, while the services stand still, so that
// those members can be put into a file later, and by another run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/manifest.h"
#include "sequence/server.h"
#include "sequence/shared_files.h"
#include "sequence/system.h"

namespace exastro {

struct BackupDraft {
  struct SmallMember {
    std::string name;
    archive::MemberKind kind = archive::MemberKind::kValues;
    std::string text;
  };

  std::string time_text;                                  // the <ts> of the members' names
  archive::Encoding encoding = archive::Encoding::kGzip;  // of the large members
  archive::Manifest manifest;                             // without its members
  std::vector<SmallMember> small;                         // accounts and keys among them: confidential
};

// What is known from the system alone. The caller adds warnings.
BackupDraft begin_draft(const System& system, std::string time_text);

// Adds what was found on the servers and the volume.
void complete_draft(BackupDraft& draft, const System& system, const std::vector<StockedServer>& stocked,
                    const FilesFacts& facts);
// Asks the servers for their accounts and adds these: the draft's small members and the manifest's accounts, nothing
// else.
void draft_accounts(BackupDraft& draft, std::vector<StockedServer>& stocked);

// As JSON, and from it. The reverse throws Error (kDamaged) for anything else than what the first gives.
std::string format_draft(const BackupDraft& draft);
BackupDraft parse_draft(std::string_view text);

}  // namespace exastro
