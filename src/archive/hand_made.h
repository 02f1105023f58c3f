// Sets of files that people keep who follow the vendor's page by hand: which files belong together, and their bytes.
// See docs/hand-made-sets.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/file_descriptor.h"
#include "archive/files_check.h"

namespace exastro::archive {

// What a file of a set is, by its name.
enum class HandMadeKind {
  kDump,      // exastro_mysqldump_<side>_db_<ts>.sql.gz: all databases of a side's server
  kAccounts,  // …_user_…, or on the newer page …_mysql_… and …_mysqlgp_…: what the former holds, too
  kFiles,     // exastro_storage_backup_ita_<ts>.tar.gz
  kMongo,     // exastro_mongodump_<ts>.tar.gz
};

struct HandMadeFile {
  std::string name;  // without a directory
  HandMadeKind kind = HandMadeKind::kDump;
  std::string side;  // "platform" or "ita" of dumps and accounts, else empty
  std::string time;  // <ts>: YYYYMMDD-HHmmss, by the clock of whoever made it
  std::uint64_t size = 0;
};

// Absent if no file of the page has such a name.
std::optional<HandMadeFile> parse_hand_made_name(std::string_view name);

// Which of the files make up the one set that there is. A set begins with its first dump and reaches to the next dump
// of the same side, as the page makes them in this order; of files of one kind each, all belong together. With
// `begins`, the name of one of the files, it is the set that holds that. Throws Error if there are several sets and
// none is named: the message lists them.
std::vector<HandMadeFile> choose_set(std::vector<HandMadeFile> files, const std::string& begins = {});

class HandMadeSet {
 public:
  // Looks whether `path` is a directory with files of the page, a tar of them (plain or .gz), or one of them (then it
  // is the set around that one). Absent if it is something else, a backup of this program among it. Throws Error if it
  // cannot be read, or for choose_set().
  static std::optional<HandMadeSet> find(const std::filesystem::path& path);
  // The same for a tar in a file that is open; `shown` is its name in messages.
  static std::optional<HandMadeSet> find(const FileDescriptor& file, const std::string& shown);

  HandMadeSet(HandMadeSet&&) noexcept;
  HandMadeSet& operator=(HandMadeSet&&) noexcept;
  ~HandMadeSet();

  // The files of the set, in the order of their kinds and sides.
  [[nodiscard]] const std::vector<HandMadeFile>& files() const;
  [[nodiscard]] const std::string& shown() const;  // for messages

  // Reads the files that `wants` says, each once, in any order: `take` is given each with what pulls its bytes, piece
  // by piece and empty at the end. What it throws as damaged (kDamaged) comes out with the file's name.
  using Wants = std::function<bool(const HandMadeFile&)>;
  using Take = std::function<void(const HandMadeFile&, const PullBytes&)>;
  void read(const Wants& wants, const Take& take) const;

 private:
  class Source;
  class Directory;
  class Tar;
  HandMadeSet(std::string shown, std::vector<HandMadeFile> files, std::unique_ptr<Source> source);

  std::string shown_;
  std::vector<HandMadeFile> files_;
  std::unique_ptr<Source> source_;
};

}  // namespace exastro::archive
