#include "sequence/safety_backup.h"

#include <fmt/format.h>

#include <ctime>

#include "archive/file_descriptor.h"
#include "archive/final_name.h"
#include "archive/names.h"
#include "archive/partial_file.h"
#include "sequence/backup_target.h"
#include "sequence/restore_check.h"

namespace exastro {
namespace {

constexpr const char* kElsewhere = "Name another directory with --safety-dir, or do without: --no-safety-backup";
constexpr const char* kOrElse = " Or do without what is there now: --no-safety-backup";

archive::BackupWriter open_writer(const std::filesystem::path& path) {
  archive::remove_partial_files(archive::directory_of(path));
  try {
    return archive::BackupWriter(path);
  } catch (const Error& error) {
    throw Error(fmt::format("What is about to be replaced cannot be kept: {}", error.what()), kElsewhere,
                error.status());
  }
}

// What keeps it from being written here: there are other places.
Error in_this_place(const Error& error) {
  const Error told = with_flag_for_file(error, "--safety-dir");
  return Error(told.what(), told.next() + kOrElse, told.status());
}

std::string time_text() { return archive::format_timestamp(std::time(nullptr)); }

}  // namespace

std::filesystem::path safety_directory(const std::string& chosen, const std::string& from) {
  namespace fs = std::filesystem;
  if (!chosen.empty()) return fs::absolute(chosen);
  if (from == "-") return fs::current_path();
  const fs::path place = fs::absolute(from).lexically_normal();
  // "unpacked/" ends with an empty name, whose parent is the directory itself: a file in it would make it no backup.
  return (place.has_filename() ? place : place.parent_path()).parent_path();
}

SafetyBackup::SafetyBackup(const System& system, const std::filesystem::path& directory, archive::Encoding encoding,
                           ui::Reporter& reporter)
    : reporter_(reporter),
      writer_(open_writer(directory / archive::safety_file_name(system.namespace_(), system.release(), time_text()))),
      system_(system),
      draft_(begin_draft(system, time_text())) {
  draft_.encoding = encoding;
  if (const std::string text = archive::foreign_owner_warning(directory); !text.empty()) reporter.warning(text);
}

void SafetyBackup::require_possible(const std::vector<StockedServer>& stocked, const FilesFacts& facts) const {
  for (const auto& entry : stocked) require_dumpable(entry.inventory, kOrElse);
  require_readable(facts);
  try {
    check_local_room(writer_, estimated_bytes(stocked, facts));
  } catch (const Error& error) {
    throw in_this_place(error);
  }
}

void SafetyBackup::take(const MaintenanceRun& run, std::vector<StockedServer>& stocked, SharedFiles& files,
                        const FilesFacts& facts) {
  reporter_.info("Backing up first what is about to be replaced");
  try {
    write(run, stocked, files, facts);
  } catch (const kube::KubeError&) {
    throw;
  } catch (const kube::StreamCut&) {
    throw;
  } catch (const archive::NoRoom& error) {
    throw in_this_place(error);
  } catch (const Error& error) {
    if (!error.next().empty() || error.status() == ExitStatus::kInterrupted) throw;
    throw Error(error.what(), std::string("Mend what it names, and run the command again.") + kOrElse, error.status());
  }
  try {
    prove_backup(path(), reporter_);
  } catch (const Error& error) {
    std::error_code ignored;
    std::filesystem::remove(path(), ignored);
    if (error.status() == ExitStatus::kInterrupted) throw;
    throw Error(fmt::format("What is about to be replaced was kept, but cannot be read again: {}", error.what()),
                kElsewhere, error.status());
  }
  reporter_.info(fmt::format("What is there now is kept in {}", path()));
}

void SafetyBackup::write(const MaintenanceRun& run, std::vector<StockedServer>& stocked, SharedFiles& files,
                         const FilesFacts& facts) {
  complete_draft(draft_, system_, stocked, facts);
  draft_accounts(draft_, stocked);
  LiveContent content(stocked, files, draft_.encoding);
  write_members(writer_, draft_, content, reporter_);
  draft_.manifest.run_id = run.id();
  writer_.finish(draft_.manifest);
}

}  // namespace exastro
