// Names of the backup file and of its members. Flat ASCII, so that they mean the same on every system.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "archive/manifest.h"

namespace exastro::archive {

// Longest name of a member, in bytes; what file systems take.
inline constexpr std::size_t kMaxNameLength = 255;

// "20260131-123456" in UTC, the <ts> of the names below.
[[nodiscard]] std::string format_timestamp(std::int64_t seconds_since_1970);

// exastro-backup_<namespace>_<release>_<ts>.tar
[[nodiscard]] std::string backup_file_name(std::string_view namespace_, std::string_view release, std::string_view ts);

// exastro-safety_<namespace>_<release>_<ts>.tar: a backup that a restore made of what it was about to replace.
[[nodiscard]] std::string safety_file_name(std::string_view namespace_, std::string_view release, std::string_view ts);

// .exastro-backup_<namespace>_<release>_<run>.partial: what has arrived of a backup that waits in the cluster. A run's
// id is of 0-9 a-f.
[[nodiscard]] std::string waiting_file_name(std::string_view namespace_, std::string_view release,
                                            std::string_view run);

// exastro_mysqldump_<server>_db_<database>_<ts>.sql.gz or .sql.zst, after the vendor's names. A byte of the database's
// name other than A-Z a-z 0-9 _ - becomes @ and two hex digits; of a very long name the end becomes a hash. The
// manifest holds the name itself.
[[nodiscard]] std::string dump_member_name(std::string_view server, std::string_view database, std::string_view ts,
                                           Encoding encoding);
// exastro_storage_backup_ita_<ts>.tar.gz or .tar.zst
[[nodiscard]] std::string files_member_name(std::string_view ts, Encoding encoding);
// accounts_<server>.json
[[nodiscard]] std::string accounts_member_name(std::string_view server);
// keys.json
[[nodiscard]] std::string keys_member_name();
// values_<namespace>_<release>.json
[[nodiscard]] std::string values_member_name(std::string_view namespace_, std::string_view release);

// Whether a member may have this name: 1 to kMaxNameLength of A-Z a-z 0-9 _ - . @ + = , not beginning with . or -
[[nodiscard]] bool is_member_name(std::string_view name);

}  // namespace exastro::archive
