#include "archive/hand_made.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <regex>
#include <set>
#include <system_error>
#include <tuple>

#include "archive/damaged.h"
#include "archive/manifest.h"
#include "process/interrupt.h"

namespace exastro::archive {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;
constexpr std::size_t kMaxEntries = 100'000;

using Key = std::pair<HandMadeKind, std::string>;
Key key_of(const HandMadeFile& file) { return {file.kind, file.side}; }

std::string listed(const std::vector<HandMadeFile>& files) {
  std::string text;
  for (const auto& file : files) text += "\n    " + file.name;
  return text;
}

bool holds_two_alike(const std::vector<HandMadeFile>& files) {
  std::map<std::string, int> counts;
  for (const auto& file : files) {
    // The newer page's two files of accounts are one kind here.
    const std::string word =
        file.kind == HandMadeKind::kAccounts ? file.name.substr(0, file.name.rfind('_')) : file.side;
    if (++counts[fmt::format("{}/{}", static_cast<int>(file.kind), word)] > 1) return true;
  }
  return false;
}

// In the order of the page; a set begins where a dump comes that the one before has already.
std::vector<std::vector<HandMadeFile>> sets_of(std::vector<HandMadeFile> files) {
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return std::tie(a.time, a.kind, a.side) < std::tie(b.time, b.kind, b.side);
  });
  if (!holds_two_alike(files)) return {files};
  std::vector<std::vector<HandMadeFile>> sets;
  std::set<Key> dumps;
  for (auto& file : files) {
    const bool begins = file.kind == HandMadeKind::kDump && (dumps.empty() || dumps.contains(key_of(file)));
    if (begins || sets.empty()) {
      sets.emplace_back();
      dumps.clear();
    }
    if (file.kind == HandMadeKind::kDump) dumps.insert(key_of(file));
    sets.back().push_back(std::move(file));
  }
  return sets;
}

std::string base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

// What a person keeps who has this program's backups, unpacked or not: then a missing manifest is a fault, not a sign
// of a set.
bool is_of_a_backup(const std::string& name) {
  static const std::regex kDumpMember("exastro_mysqldump_[^_]+_db_.+_[0-9]{8}-[0-9]{6}\\.sql\\.gz");
  return name == kManifestName || name == kDigestsName || std::regex_match(name, kDumpMember);
}

// Throws with the file's name what went wrong with its bytes.
template <typename Work>
void naming(const std::string& shown, const std::string& name, Work work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.status() != ExitStatus::kDamaged) throw;
    throw Error(fmt::format("{}: {}: {}", shown, name, error.what()), error.next(), error.status());
  }
}

}  // namespace

std::optional<HandMadeFile> parse_hand_made_name(std::string_view name) {
  static const std::regex kPattern(
      "exastro_(?:mysqldump_(platform|ita)_(db|user|mysql|mysqlgp)_([0-9]{8}-[0-9]{6})\\.sql\\.gz|"
      "(storage_backup_ita|mongodump)_([0-9]{8}-[0-9]{6})\\.tar\\.gz)");
  std::match_results<std::string_view::const_iterator> match;
  if (!std::regex_match(name.begin(), name.end(), match, kPattern)) return std::nullopt;
  HandMadeFile file;
  file.name = name;
  if (match[1].matched) {
    file.kind = match[2] == "db" ? HandMadeKind::kDump : HandMadeKind::kAccounts;
    file.side = match[1];
    file.time = match[3];
  } else {
    file.kind = match[4] == "mongodump" ? HandMadeKind::kMongo : HandMadeKind::kFiles;
    file.time = match[5];
  }
  return file;
}

std::vector<HandMadeFile> choose_set(std::vector<HandMadeFile> files, const std::string& begins) {
  auto sets = sets_of(std::move(files));
  if (!begins.empty()) {
    std::erase_if(sets, [&](const auto& set) {
      return std::none_of(set.begin(), set.end(), [&](const auto& file) { return file.name == begins; });
    });
  }
  // Whole ones first: a dump of the platform's server and the shared files.
  const auto has = [](const auto& set, HandMadeKind kind) {
    return std::any_of(set.begin(), set.end(), [&](const auto& file) { return file.kind == kind; });
  };
  std::vector<std::vector<HandMadeFile>> whole;
  for (const auto& set : sets) {
    if (has(set, HandMadeKind::kDump) && has(set, HandMadeKind::kFiles) && !holds_two_alike(set)) whole.push_back(set);
  }
  if (whole.size() == 1) sets = whole;
  if (sets.size() == 1 && !holds_two_alike(sets[0])) {
    std::sort(sets[0].begin(), sets[0].end(), [](const auto& a, const auto& b) {
      return std::tie(a.kind, b.side, a.name) < std::tie(b.kind, a.side, b.name);  // platform before ita
    });
    return sets[0];
  }
  std::string text;
  for (std::size_t i = 0; i < sets.size(); ++i) text += fmt::format("\n  {}:{}", i + 1, listed(sets[i]));
  throw Error(
      fmt::format("There are files of several backups made by hand, and it is not certain which belong together:{}",
                  text),
      "Name one of the files of the wanted one with --from, or move the others elsewhere.");
}

// Where the files' bytes come from.
class HandMadeSet::Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  using WantsName = std::function<bool(const std::string&)>;
  using TakeName = std::function<void(const std::string&, const PullBytes&)>;
  virtual void read(const WantsName& wants, const TakeName& take) const = 0;
};

class HandMadeSet::Directory : public HandMadeSet::Source {
 public:
  explicit Directory(fs::path path) : path_(std::move(path)) {}

  // Empty if it holds a backup of this program, or a part of one.
  [[nodiscard]] std::vector<HandMadeFile> files() const {
    std::vector<HandMadeFile> files;
    std::error_code error;
    for (fs::directory_iterator entry(path_, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (is_of_a_backup(name)) return {};
      auto file = parse_hand_made_name(name);
      if (!file) continue;
      struct stat status {};
      const FileDescriptor opened = open(name);
      if (::fstat(opened.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        throw damaged(fmt::format("{}: {} is not a plain file", path_.string(), name));
      }
      file->size = static_cast<std::uint64_t>(status.st_size);
      files.push_back(std::move(*file));
    }
    if (error) throw Error(fmt::format("cannot read the directory {}: {}", path_.string(), error.message()));
    return files;
  }

  void read(const WantsName& wants, const TakeName& take) const override {
    for (const auto& file : files()) {
      if (!wants(file.name)) continue;
      const FileDescriptor opened = open(file.name);
      std::vector<std::byte> buffer(kBufferBytes);
      std::uint64_t offset = 0;
      naming(path_.string(), file.name, [&] {
        take(file.name, [&]() -> std::span<const std::byte> {
          const std::size_t count = read_all_at(opened.get(), buffer, offset, file.name);
          offset += count;
          return std::span(buffer).first(count);
        });
      });
    }
  }

 private:
  [[nodiscard]] FileDescriptor open(const std::string& name) const {
    // Not through O_NOFOLLOW: people keep large files elsewhere and link to them.
    FileDescriptor file(::open((path_ / name).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.is_open()) return file;
    throw Error(fmt::format("cannot open {}: {}", (path_ / name).string(), std::generic_category().message(errno)));
  }

  fs::path path_;
};

class HandMadeSet::Tar : public HandMadeSet::Source {
 public:
  Tar(const FileDescriptor& file, std::string shown)
      : file_(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0)), shown_(std::move(shown)) {}

  // Empty if it is no tar, or one of something else.
  [[nodiscard]] std::vector<HandMadeFile> files() const {
    std::vector<HandMadeFile> files;
    std::size_t entries = 0;
    bool other = false;
    walk(
        [&](struct archive*, struct archive_entry* entry) {
          const char* path = archive_entry_pathname(entry);
          const std::string name = base_name(path != nullptr ? path : "");
          other = other || is_of_a_backup(name) || ++entries > kMaxEntries;
          if (other) return false;
          auto file = parse_hand_made_name(name);
          if (!file) return true;
          if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
            throw damaged(fmt::format("{}: {} is not a plain file", shown_, name));
          }
          if (std::any_of(files.begin(), files.end(), [&](const auto& known) { return known.name == name; })) {
            throw damaged(fmt::format("{}: {} is in it twice", shown_, name));
          }
          file->size = static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(entry)));
          files.push_back(std::move(*file));
          return true;
        },
        files);
    return other ? std::vector<HandMadeFile>{} : files;
  }

  void read(const WantsName& wants, const TakeName& take) const override {
    std::vector<HandMadeFile> seen;
    walk(
        [&](struct archive* reader, struct archive_entry* entry) {
          const char* path = archive_entry_pathname(entry);
          const std::string name = base_name(path != nullptr ? path : "");
          auto file = parse_hand_made_name(name);
          if (!file) return true;
          seen.push_back(*file);
          if (!wants(name)) return true;
          naming(shown_, name, [&] {
            std::vector<std::byte> buffer(kBufferBytes);
            take(name, [&]() -> std::span<const std::byte> {
              const la_ssize_t count = archive_read_data(reader, buffer.data(), buffer.size());
              if (count < 0) throw unreadable(reader);
              return std::span(buffer).first(static_cast<std::size_t>(count));
            });
          });
          return true;
        },
        seen);
  }

 private:
  // What libarchive calls back for bytes. A tar is read to its end before anything is known of it, which may take a
  // quarter of an hour: an interrupt ends that like an error.
  struct Input {
    const FileDescriptor& file;
    std::vector<std::byte> buffer = std::vector<std::byte>(kBufferBytes);

    static la_ssize_t next(struct archive* reader, void* opaque, const void** bytes) {
      auto& input = *static_cast<Input*>(opaque);
      *bytes = input.buffer.data();
      ssize_t count = -1;
      do {
        if (process::Interrupt::requested()) break;
        count = ::read(input.file.get(), input.buffer.data(), input.buffer.size());
      } while (count < 0 && errno == EINTR);
      if (count < 0) archive_set_error(reader, errno, "%s", std::strerror(errno));
      return count;
    }
  };

  [[nodiscard]] Error unreadable(struct archive* reader) const {
    process::Interrupt::throw_if_requested();
    const char* reason = archive_error_string(reader);
    return damaged(fmt::format("{} is damaged: {}", shown_, reason != nullptr ? reason : "no reason"));
  }

  // Calls `visit` for each entry until it says false. A tar that cannot be read to its end counts as one of something
  // else as long as no file of the page was `found` in it.
  template <typename Visit>
  void walk(Visit visit, const std::vector<HandMadeFile>& found) const {
    const std::unique_ptr<struct archive, decltype(&archive_read_free)> reader(archive_read_new(), &archive_read_free);
    if (!reader) throw Error("out of memory");
    ::lseek(file_.get(), 0, SEEK_SET);
    archive_read_support_format_tar(reader.get());
    archive_read_support_filter_gzip(reader.get());
    Input input{file_};
    if (archive_read_open(reader.get(), &input, nullptr, &Input::next, nullptr) != ARCHIVE_OK) return;
    for (;;) {
      struct archive_entry* entry = nullptr;
      const int status = archive_read_next_header(reader.get(), &entry);
      process::Interrupt::throw_if_requested();
      if (status == ARCHIVE_EOF) return;
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
        if (found.empty()) return;
        throw unreadable(reader.get());
      }
      if (!visit(reader.get(), entry)) return;
    }
  }

  FileDescriptor file_;
  std::string shown_;
};

HandMadeSet::HandMadeSet(std::string shown, std::vector<HandMadeFile> files, std::unique_ptr<Source> source)
    : shown_(std::move(shown)), files_(std::move(files)), source_(std::move(source)) {}
HandMadeSet::HandMadeSet(HandMadeSet&&) noexcept = default;
HandMadeSet& HandMadeSet::operator=(HandMadeSet&&) noexcept = default;
HandMadeSet::~HandMadeSet() = default;

std::optional<HandMadeSet> HandMadeSet::find(const fs::path& path) {
  std::error_code ignored;
  const bool is_directory = fs::is_directory(path, ignored);
  const std::string name = path.filename().string();
  if (is_directory || (parse_hand_made_name(name) && fs::exists(path, ignored))) {
    const fs::path directory = is_directory ? path : path.has_parent_path() ? path.parent_path() : fs::path(".");
    auto source = std::make_unique<Directory>(directory);
    auto files = source->files();
    if (files.empty()) return std::nullopt;
    return HandMadeSet(directory.string(), choose_set(std::move(files), is_directory ? "" : name), std::move(source));
  }
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return std::nullopt;  // for whoever opens it as a backup to say
  return find(file, path.string());
}

std::optional<HandMadeSet> HandMadeSet::find(const FileDescriptor& file, const std::string& shown) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  auto source = std::make_unique<Tar>(file, shown);
  auto files = source->files();
  ::lseek(file.get(), 0, SEEK_SET);
  if (files.empty()) return std::nullopt;
  return HandMadeSet(shown, choose_set(std::move(files)), std::move(source));
}

const std::vector<HandMadeFile>& HandMadeSet::files() const { return files_; }
const std::string& HandMadeSet::shown() const { return shown_; }

void HandMadeSet::read(const Wants& wants, const Take& take) const {
  const auto find_file = [&](const std::string& name) {
    return std::find_if(files_.begin(), files_.end(), [&](const auto& file) { return file.name == name; });
  };
  source_->read(
      [&](const std::string& name) {
        const auto file = find_file(name);
        return file != files_.end() && wants(*file);
      },
      [&](const std::string& name, const PullBytes& pull) { take(*find_file(name), pull); });
}

}  // namespace exastro::archive
