#include "archive/files_repack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <exception>
#include <memory>
#include <optional>
#include <string_view>

#include "archive/damaged.h"
#include "archive/tar_source.h"

namespace exastro::archive {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;
constexpr std::size_t kMaxNames = 100;

// Where libarchive writes to. No exception may pass through its C frames, so it waits here.
struct Target {
  stream::Sink& sink;
  std::exception_ptr error = nullptr;
};

la_ssize_t write_to(struct archive*, void* opaque, const void* buffer, size_t size) {
  auto& target = *static_cast<Target*>(opaque);
  try {
    target.sink.write({static_cast<const std::byte*>(buffer), size});
    return static_cast<la_ssize_t>(size);
  } catch (...) {
    target.error = std::current_exception();
    return -1;
  }
}

// The archive's own bytes of a name, or their UTF-8 form if the locale cannot have them.
std::string text_of(const char* bytes, const char* utf8) {
  if (bytes != nullptr) return bytes;
  return utf8 != nullptr ? utf8 : "";
}

// "/storage/" and "./storage" as "storage".
std::string bare(std::string_view path) {
  while (path.starts_with("./")) path.remove_prefix(2);
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path == "." ? "" : std::string(path);
}

bool is_below(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory + "/");
}

bool is_not_data(const std::string& path) {
  return is_below(path, "lost+found") || is_below(path, ".snapshot") || path.starts_with(".exastro-");
}

class Repack {
 public:
  Repack(const PullBytes& pull, std::string storage_path, stream::Sink& out)
      : source_(pull), target_{out}, storage_path_(bare(storage_path)) {
    if (!reader_ || !writer_) throw Error("out of memory");
    archive_read_support_format_tar(reader_.get());
    check(source_.open(reader_.get()), reader_.get());
    archive_write_set_format_gnutar(writer_.get());
    archive_write_set_bytes_in_last_block(writer_.get(), 1);
    check(archive_write_open2(writer_.get(), &target_, nullptr, &write_to, nullptr, nullptr), writer_.get());
  }

  RepackedFiles run() {
    std::uint64_t end = 0;  // of the last entry, its padding included
    for (;;) {
      struct archive_entry* entry = nullptr;
      const int status = archive_read_next_header(reader_.get(), &entry);
      if (status == ARCHIVE_EOF && !source_.has_failed()) break;
      check(status, reader_.get());
      if (rename(entry)) copy(entry);
      const int skipped = archive_read_data_skip(reader_.get());
      if (skipped != ARCHIVE_EOF) check(skipped, reader_.get());
      end = static_cast<std::uint64_t>(archive_filter_bytes(reader_.get(), -1));
    }
    if (!prefix_) throw damaged("it holds no files at all");
    source_.require_end(end);
    check(archive_write_close(writer_.get()), writer_.get());
    target_.sink.finish();
    repacked_.prefix = *prefix_;
    return std::move(repacked_);
  }

 private:
  void check(int status, struct archive* archive) const {
    source_.rethrow();
    if (target_.error) std::rethrow_exception(target_.error);
    // A warning is a name that this locale has no letters for; the bytes are what counts here.
    if (status >= ARCHIVE_WARN) return;
    const char* reason = archive_error_string(archive);
    throw damaged(fmt::format("the tar of the shared files is damaged: {}", reason != nullptr ? reason : "no reason"));
  }

  // What is to be taken off, by the first name.
  [[nodiscard]] std::string prefix_of(const std::string& name, bool is_directory) const {
    const std::string path = bare(name);
    if (path.empty()) return "";  // `./`, the root itself
    if (!storage_path_.empty() && is_below(path, storage_path_)) return storage_path_;
    if (is_below(path, "storage")) return "storage";
    if (is_directory && path.find('/') != std::string::npos) return path;
    throw damaged(
        fmt::format("its files begin with {}, which is neither STORAGEPATH ({}) nor `./`: where they belong is "
                    "not certain",
                    path.substr(0, 200), storage_path_));
  }

  [[nodiscard]] std::string renamed(const std::string& name) const {
    const std::string path = bare(name);
    if (prefix_->empty()) {
      if (name != "." && !name.starts_with("./")) throw not_below(name);
      return name;
    }
    if (!is_below(path, *prefix_)) throw not_below(name);
    return "." + path.substr(prefix_->size());
  }

  [[nodiscard]] Error not_below(const std::string& name) const {
    return damaged(fmt::format("{} does not lie below {}/ as the files before it do: where it belongs is not certain",
                               name.substr(0, 200), prefix_->empty() ? "." : *prefix_));
  }

  // Gives the entry its new name; false if it is left out.
  bool rename(struct archive_entry* entry) {
    const std::string name = text_of(archive_entry_pathname(entry), archive_entry_pathname_utf8(entry));
    const bool is_directory = archive_entry_filetype(entry) == AE_IFDIR;
    if (!prefix_) prefix_ = prefix_of(name, is_directory);
    const std::string path = renamed(name);
    if (is_not_data(bare(path))) return false;
    if (archive_entry_filetype(entry) == AE_IFIFO || archive_entry_filetype(entry) == AE_IFSOCK) {
      if (repacked_.left.size() < kMaxNames) repacked_.left.push_back(bare(path));
      return false;
    }
    archive_entry_set_pathname(entry, (is_directory && !path.ends_with('/') ? path + "/" : path).c_str());
    const std::string target = text_of(archive_entry_hardlink(entry), archive_entry_hardlink_utf8(entry));
    if (!target.empty()) archive_entry_set_hardlink(entry, renamed(target).c_str());
    return true;
  }

  void copy(struct archive_entry* entry) {
    check(archive_write_header(writer_.get(), entry), writer_.get());
    ++repacked_.entries;
    for (;;) {
      const la_ssize_t count = archive_read_data(reader_.get(), buffer_.data(), buffer_.size());
      if (count < 0) check(ARCHIVE_FATAL, reader_.get());
      if (count == 0) break;
      if (archive_write_data(writer_.get(), buffer_.data(), static_cast<std::size_t>(count)) != count) {
        check(ARCHIVE_FATAL, writer_.get());
      }
    }
  }

  TarSource source_;
  Target target_;
  std::string storage_path_;
  std::optional<std::string> prefix_;
  RepackedFiles repacked_;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kBufferBytes);
  std::unique_ptr<struct archive, decltype(&archive_read_free)> reader_{archive_read_new(), &archive_read_free};
  std::unique_ptr<struct archive, decltype(&archive_write_free)> writer_{archive_write_new(), &archive_write_free};
};

}  // namespace

RepackedFiles repack_files(const PullBytes& pull, const std::string& storage_path, stream::Sink& out) {
  return Repack(pull, storage_path, out).run();
}

}  // namespace exastro::archive
