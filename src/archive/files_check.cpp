#include "archive/files_check.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <cctype>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "archive/damaged.h"
#include "archive/tar_source.h"

namespace exastro::archive {
namespace {

constexpr std::size_t kMaxPathBytes = 4096;      // PATH_MAX
constexpr std::size_t kMaxComponentBytes = 255;  // NAME_MAX
constexpr std::size_t kShownBytes = 200;
constexpr std::size_t kMaxSymlinks = 4'000'000;

// A name from the archive, safe for a terminal.
std::string shown(std::string_view name) {
  std::string result;
  for (const char c : name.substr(0, kShownBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    result += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return name.size() > kShownBytes ? result + "…" : result;
}

Error unsafe(std::string_view name, std::string_view why) {
  return damaged(fmt::format("the shared files in the backup hold \"{}\", {}", shown(name), why));
}

// "./a//b/." as "a/b"; "" for the root itself. Throws if it leads out.
std::string normalize(std::string_view name) {
  if (name.empty()) throw unsafe(name, "an entry without a name");
  if (name.size() > kMaxPathBytes) throw unsafe(name, "whose name is too long");
  if (name.front() == '/') throw unsafe(name, "whose name is absolute");
  std::string result;
  while (!name.empty()) {
    const std::size_t slash = name.find('/');
    const std::string_view component = name.substr(0, slash);
    name.remove_prefix(slash == std::string_view::npos ? name.size() : slash + 1);
    if (component.empty() || component == ".") continue;
    if (component == "..") throw unsafe(component, "a name that leads out of the directory");
    if (component.size() > kMaxComponentBytes) throw unsafe(component, "whose name is too long");
    if (!result.empty()) result += '/';
    result += component;
  }
  return result;
}

// The symbolic links seen so far, as hashes: two names with one hash can only lead to a refusal.
class Symlinks {
 public:
  void add(std::string_view path) {
    if (hashes_.size() >= kMaxSymlinks) throw damaged("the shared files in the backup hold too many symbolic links");
    hashes_.insert(std::hash<std::string_view>{}(path));
  }
  [[nodiscard]] bool contains(std::string_view path) const {
    return hashes_.contains(std::hash<std::string_view>{}(path));
  }
  [[nodiscard]] bool leads_through(std::string_view path) const {
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
      if (contains(path.substr(0, slash))) return true;
    }
    return false;
  }

 private:
  std::unordered_set<std::size_t> hashes_;
};

// The archive's own bytes of a name, or their UTF-8 form if the locale cannot have them. Empty if there is neither.
std::string_view text_of(const char* bytes, const char* utf8) {
  if (bytes != nullptr) return bytes;
  return utf8 != nullptr ? utf8 : std::string_view{};
}

void check_entry(struct archive_entry* entry, Symlinks& symlinks) {
  const std::string_view name = text_of(archive_entry_pathname(entry), archive_entry_pathname_utf8(entry));
  const std::string path = normalize(name);
  if (symlinks.leads_through(path)) throw unsafe(name, "which lies below a symbolic link of the same archive");
  if (symlinks.contains(path)) throw unsafe(name, "which replaces a symbolic link of the same archive");

  const std::string_view target = text_of(archive_entry_hardlink(entry), archive_entry_hardlink_utf8(entry));
  if (!target.empty()) {
    const std::string target_path = normalize(target);
    if (symlinks.leads_through(target_path)) throw unsafe(name, "a hard link through a symbolic link");
    if (symlinks.contains(target_path)) symlinks.add(path);  // it is then the same symbolic link
    return;
  }
  // Unpacked, it may be of any size, whatever the tar's.
  if (archive_entry_sparse_count(entry) > 0) throw unsafe(name, "a file with holes (sparse)");
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
    case AE_IFDIR:
      return;
    case AE_IFLNK:
      if (path.empty()) throw unsafe(name, "a symbolic link in place of the directory itself");
      symlinks.add(path);
      return;
    default:
      throw unsafe(name, "which is neither a file, a directory nor a link");
  }
}

[[noreturn]] void throw_unreadable(struct archive* reader, const TarSource& source) {
  source.rethrow();
  const char* reason = archive_error_string(reader);
  throw damaged(fmt::format("the tar of the shared files is damaged: {}", reason != nullptr ? reason : "no reason"));
}

}  // namespace

std::uint64_t check_files(const PullBytes& pull) {
  TarSource source(pull);
  const std::unique_ptr<struct archive, decltype(&archive_read_free)> reader(archive_read_new(), &archive_read_free);
  if (!reader) throw Error("out of memory");
  archive_read_support_format_tar(reader.get());
  if (source.open(reader.get()) != ARCHIVE_OK) {
    throw_unreadable(reader.get(), source);
  }
  Symlinks symlinks;
  std::uint64_t entries = 0;
  std::uint64_t end = 0;  // of the last entry, its padding included
  while (true) {
    struct archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF && !source.has_failed()) break;
    // A warning is a name that this locale has no letters for; the bytes are what counts here.
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) throw_unreadable(reader.get(), source);
    check_entry(entry, symlinks);
    ++entries;
    const int skipped = archive_read_data_skip(reader.get());
    if (skipped != ARCHIVE_OK && skipped != ARCHIVE_WARN && skipped != ARCHIVE_EOF) {
      throw_unreadable(reader.get(), source);
    }
    end = static_cast<std::uint64_t>(archive_filter_bytes(reader.get(), -1));
  }
  source.require_end(end);
  return entries;
}

}  // namespace exastro::archive
