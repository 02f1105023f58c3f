#include "sequence/verify.h"

#include <fmt/format.h>

#include <chrono>

#include "sequence/restore_check.h"
#include "ui/format.h"

namespace exastro {

void verify(const std::string& from, const std::vector<std::string>& identities, ui::Reporter& reporter) {
  const auto begun = std::chrono::steady_clock::now();
  const ProvedBackup backup = prove_backup(from, reporter, {identities, {}});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  const archive::Manifest& manifest = backup.reader.manifest();
  const auto& [members, stored_bytes, plain_bytes, file_entries] = backup.verified;
  std::string text = fmt::format("Good: {}\n  {} members, {} ({} unpacked), proved in {}\n  {} complete dumps", from,
                                 members, ui::bytes_text(stored_bytes), ui::bytes_text(plain_bytes),
                                 ui::duration_text(seconds), backup.dumps.size());
  if (manifest.files) text += fmt::format(", shared files with {} entries", file_entries);
  if (!manifest.created_at.empty()) text += "\n  of " + manifest.created_at;
  for (const auto& sentence : manifest.not_included) text += "\n  not included: " + sentence;
  for (const auto& warning : manifest.warnings) text += "\n  warning: " + warning;
  reporter.result({{"state", "good"},
                   {"from", from},
                   {"created_at", manifest.created_at},
                   {"members", members},
                   {"dumps", backup.dumps.size()},
                   {"file_entries", file_entries},
                   {"bytes", stored_bytes},
                   {"plain_bytes", plain_bytes},
                   {"seconds", seconds.count()},
                   {"not_included", manifest.not_included},
                   {"warnings", manifest.warnings}},
                  text);
}

}  // namespace exastro
