#include <unistd.h>

#include "archive/file_descriptor.h"
#include "cli/common.h"
#include "sequence/inspect.h"
#include "sequence/restore_check.h"
#include "sequence/verify.h"
#include "stream/sink.h"

namespace exastro::cli {
namespace {

struct VerifyFlags {
  std::string from;
  std::vector<std::string> identities;
};

struct InspectFlags {
  std::string from;
  std::vector<std::string> identities;
  std::string member;
  std::string target;
};

std::string document(const archive::BackupReader& backup, const std::string& format) {
  if (format == "json") return inspect_json(backup);
  return format == "yaml" ? inspect_yaml(backup) : inspect_text(backup);
}

}  // namespace

Command add_verify(CLI::App& app) {
  Command command =
      add_offline_command(app, "verify", "Prove a backup to its last byte, without a cluster",
                          "  kubectl exastro verify --from exastro-backup_exastro_exastro_20260131-123456.tar\n"
                          "  kubectl exastro verify --from unpacked/\n"
                          "  ssh store cat exastro.tar | kubectl exastro verify --from -\n"
                          "  for f in /backups/*.tar; do kubectl exastro verify --from \"$f\" || mail …; done\n\n"
                          "It ends with 0 for a good backup, 5 for a damaged one, 9 for what is none.");
  const auto own = std::make_shared<VerifyFlags>();
  add_source(*command.app, own->from, own->identities);
  command.run = [own](ui::Reporter& reporter) { verify(own->from, own->identities, reporter); };
  return command;
}

Command add_inspect(CLI::App& app) {
  Command command = add_document_command(
      app, "inspect", "Show what is in a backup, or take a member out of it, without a cluster",
      "  kubectl exastro inspect --from FILE\n"
      "  kubectl exastro inspect --from FILE --output json | jq .databases\n"
      "  kubectl exastro inspect --from FILE --extract exastro_mysqldump_shared_db_platform_20260131-123456.sql.zst | "
      "zstd -dc | less\n"
      "  kubectl exastro inspect --from FILE --extract keys.json -o keys.json\n\n"
      "Only `verify` reads all of it. keys.json holds the encryption keys in clear.");
  const auto own = std::make_shared<InspectFlags>();
  add_source(*command.app, own->from, own->identities);
  auto* member = command.app->add_option("--extract", own->member, "Give this member's bytes instead");
  command.app->add_option("-o,--file", own->target, "With --extract: a new file, mode 0600, instead of standard output")
      ->type_name("FILE")
      ->needs(member);
  command.run = [flags = command.flags, own](ui::Reporter& reporter) {
    const archive::BackupReader backup = open_backup(own->from, reporter, {own->identities, {}});
    if (!own->member.empty()) {
      extract(backup, own->member, own->target);
    } else {
      archive::write_all(STDOUT_FILENO, stream::as_bytes(document(backup, flags->output)), "standard output");
    }
  };
  return command;
}

}  // namespace exastro::cli
