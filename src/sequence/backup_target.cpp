#include "sequence/backup_target.h"

#include <fmt/format.h>
#include <unistd.h>

#include <regex>

#include "archive/final_name.h"
#include "archive/names.h"
#include "process/interrupt.h"
#include "process/temporary_directory.h"
#include "sequence/backup_content.h"
#include "shell_word.h"
#include "ui/format.h"

namespace exastro {

namespace fs = std::filesystem;

std::string flags_text(const TargetRequest& request) {
  std::string target = request.target;
  if (!request.is_standard_output())
    target = (target.empty() ? fs::current_path() / "" : fs::absolute(target)).string();
  std::string text = shell_flag("-o", target);
  for (const auto& key : request.recipients.keys) text += shell_flag("--encrypt", key);
  for (const auto& file : request.recipients.files) text += shell_flag("--encrypt-to", fs::absolute(file).string());
  if (request.recipients.passphrase) text += " --passphrase";
  return text;
}

Error with_flag_for_file(const Error& error, const std::string& flag) {
  static const std::regex kFlag("(^| )-o\\b");
  // A command that is told whole has its own flags.
  if (error.next().find("kubectl exastro ") != std::string::npos) return error;
  return Error(error.what(), std::regex_replace(error.next(), kFlag, "$1" + flag), error.status());
}

fs::path target_path(const System& system, const TargetRequest& request, const std::string& time_text) {
  const std::string& target = request.target;
  const std::string name = archive::backup_file_name(system.namespace_(), system.release(), time_text) +
                           (request.recipients.empty() ? "" : ".age");
  if (target.empty()) return name;
  std::error_code ignored;
  if (target.back() == '/' || fs::is_directory(target, ignored)) return fs::path(target) / name;
  return target;
}

BackupTarget::BackupTarget(const System& system, const TargetRequest& request, const std::string& time_text,
                           ui::Reporter& reporter)
    : to_standard_output_(request.is_standard_output()) {
  if (to_standard_output_ && ::isatty(STDOUT_FILENO) == 1) {
    throw Error("A backup is not for a terminal.", "Redirect it: kubectl exastro backup -o - > FILE",
                ExitStatus::kUsage);
  }
  if (!to_standard_output_) {
    path_ = target_path(system, request, time_text);
    const fs::path directory = archive::directory_of(path_);
    archive::remove_partial_files(directory);
    if (const std::string text = archive::foreign_owner_warning(directory); !text.empty()) reporter.warning(text);
  }
  if (!request.recipients.empty()) {
    if (!to_standard_output_) encrypted_.emplace(path_, false);
    encryptor_.emplace(request.recipients);
  }
}

archive::BackupWriter BackupTarget::open_writer() const {
  if (!is_plain_file()) return archive::BackupWriter::unnamed(process::temporary_directory());
  return archive::BackupWriter(path_);
}

archive::BackupWriter BackupTarget::reopen_writer(const std::string& arrival_name, ui::Reporter& reporter) const {
  if (!is_plain_file()) return open_writer();
  archive::BackupWriter writer(path_, arrival_name);
  if (!writer.is_waiting()) {
    reporter.warning(
        fmt::format("{} is another user's, or open to others, or in another process's hands: it is not gone "
                    "on with.",
                    (fs::path(arrival_folder()) / arrival_name).string()));
  }
  return writer;
}

std::string BackupTarget::arrival_folder() const {
  if (!is_plain_file()) return "";
  const fs::path directory = archive::directory_of(path_);
  std::error_code error;
  const fs::path canonical = fs::canonical(directory, error);
  return (error ? fs::absolute(directory) : canonical).string();
}

void BackupTarget::check_room(const archive::BackupWriter& writer, std::uint64_t estimate) const {
  check_local_room(writer, estimate);
  if (encrypted_) check_local_room(encrypted_->path(), estimate);
}

void BackupTarget::deliver(const archive::BackupWriter& writer, const std::optional<Error>& late) {
  // What was read at the price of an outage is not lost to a Ctrl-C while the services were being started again: a file
  // gets it all the same, encrypted or not. Who reads standard output may never do so; both are told then.
  std::optional<process::Interrupt::Shield> shield;
  if (late && !path_.empty()) shield.emplace();
  try {
    deliver(writer);
  } catch (const Error& error) {
    if (!late) throw;
    throw Error(fmt::format("{} There is no backup either: {}", late->what(), error.what()), late->next(),
                late->status());
  }
}

void BackupTarget::deliver(const archive::BackupWriter& writer) {
  bytes_ = writer.size();
  if (is_plain_file()) return;
  std::optional<process::Interrupt::Plain> plain;  // who reads may never do so, and nothing is left to put back
  if (to_standard_output_) plain.emplace();
  if (!encryptor_) {
    writer.copy_to(STDOUT_FILENO);
    return;
  }
  std::uint64_t offset = 0;
  const auto pull = [&](std::span<std::byte> room) {
    const std::size_t count = writer.read_at(room, offset);
    offset += count;
    return count;
  };
  bytes_ = encryptor_->encrypt(pull, encrypted_ ? encrypted_->get() : STDOUT_FILENO,
                               encrypted_ ? encrypted_->path().string() : "the output");
  if (encrypted_) encrypted_->publish();
}

void report_backup(const BackupTarget& target, const archive::Manifest& manifest, double seconds,
                   ui::Reporter& reporter) {
  const std::string where = target.path().empty() ? "standard output" : target.path().string();
  std::string text =
      fmt::format("Backup {}{}\n  {} in {} databases{}\n  services stopped for {}, {} in all", where,
                  target.is_encrypted() ? ", encrypted" : "", ui::bytes_text(target.bytes()), manifest.databases.size(),
                  manifest.files ? fmt::format(" and {} files", manifest.files->entries) : "",
                  ui::duration_text(std::chrono::duration<double>(manifest.outage_seconds)),
                  ui::duration_text(std::chrono::duration<double>(seconds)));
  for (const auto& sentence : manifest.not_included) text += "\n  not included: " + sentence;
  reporter.result({{"file", target.path().string()},
                   {"bytes", target.bytes()},
                   {"encrypted", target.is_encrypted()},
                   {"databases", manifest.databases.size()},
                   {"outage_seconds", manifest.outage_seconds},
                   {"seconds", seconds},
                   {"warnings", manifest.warnings},
                   {"not_included", manifest.not_included}},
                  text);
}

}  // namespace exastro
