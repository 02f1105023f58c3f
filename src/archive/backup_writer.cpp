#include "archive/backup_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <system_error>
#include <vector>

#include "archive/digest_list.h"
#include "archive/final_name.h"
#include "archive/names.h"
#include "archive/spool.h"
#include "archive/tar_header.h"
#include "error.h"
#include "stream/digest.h"
#include "stream/gzip.h"

namespace exastro::archive {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::uint64_t kEndBytes = 2 * kTarBlock;

std::string reason() { return std::generic_category().message(errno); }

}  // namespace

// The file and what has been written to it.
class BackupWriter::State {
 public:
  State(fs::path final_path, bool overwrite) : final_path_(std::move(final_path)), overwrite_(overwrite) {
    std::error_code ignored;
    const fs::path directory = directory_of(final_path_);
    if (fs::is_directory(final_path_, ignored)) {
      throw Error(fmt::format("{} is a directory", final_path_.string()), "Give a file name with -o.");
    }
    if (!overwrite && fs::exists(fs::symlink_status(final_path_, ignored))) throw target_exists(final_path_);
    create_partial(directory);
  }

  explicit State(const fs::path& directory) : file_(make_unnamed_file(directory)), shown_("the temporary file") {}

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  ~State() {
    if (!finished_ && !partial_path_.empty()) ::unlink(partial_path_.c_str());
  }

  void append(std::span<const std::byte> bytes) {
    if (buffer_.size() + bytes.size() > kBufferBytes) flush();
    if (bytes.size() >= kBufferBytes) {
      write_all_at(file_.get(), bytes, written_, shown_);
      written_ += bytes.size();
    } else {
      buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    }
  }

  void append_zeros(std::uint64_t count) {
    const std::vector<std::byte> zeros(static_cast<std::size_t>(count));
    append(zeros);
  }

  void flush() {
    write_all_at(file_.get(), buffer_, written_, shown_);
    written_ += buffer_.size();
    buffer_.clear();
  }

  void overwrite_at(std::uint64_t offset, std::string_view bytes) {
    flush();
    write_all_at(file_.get(), stream::as_bytes(bytes), offset, shown_);
  }

  void truncate(std::uint64_t size) noexcept {
    buffer_.clear();
    written_ = size;
    // If it fails, the bytes behind are written over, and finish() cuts what is left.
    [[maybe_unused]] const int ignored = ::ftruncate(file_.get(), static_cast<off_t>(size));
  }

  // A whole entry of the tar.
  void append_entry(const std::string& name, std::string_view text) {
    append(stream::as_bytes(tar_header(name, text.size(), mtime_)));
    append(stream::as_bytes(text));
    append_zeros(tar_padding(text.size()));
  }

  void take_name(const std::string& name) {
    if (!is_member_name(name) || name == kManifestName || name == kDigestsName) {
      throw Error(fmt::format("a member of a backup cannot be called {}", name));
    }
    if (members_.size() >= kMaxMembers) throw Error("too many members for one backup");
    if (!names_.insert(name).second) throw Error(fmt::format("the backup has a member {} already", name));
  }

  void publish() {
    append_zeros(kEndBytes);
    flush();
    if (::ftruncate(file_.get(), static_cast<off_t>(written_)) != 0 || ::fsync(file_.get()) != 0) {
      throw Error(fmt::format("cannot write {} to the disk: {}", shown_, reason()));
    }
    if (!partial_path_.empty()) {
      if (overwrite_) {
        if (::rename(partial_path_.c_str(), final_path_.c_str()) != 0) {
          throw Error(fmt::format("cannot rename to {}: {}", final_path_.string(), reason()));
        }
      } else if (!rename_without_replacing(partial_path_, final_path_)) {
        throw target_exists(final_path_);
      }
      finished_ = true;
      sync_directory(directory_of(final_path_));
    }
    finished_ = true;
  }

  [[nodiscard]] std::uint64_t size() const { return written_ + buffer_.size(); }

  fs::path final_path_;
  fs::path partial_path_;
  bool overwrite_ = false;
  bool finished_ = false;
  bool member_open_ = false;
  FileDescriptor file_;
  std::string shown_;  // in messages
  std::int64_t mtime_ = static_cast<std::int64_t>(std::time(nullptr));
  std::vector<Manifest::Member> members_;
  std::set<std::string> names_;

 private:
  void create_partial(const fs::path& directory) {
    std::random_device random;
    // The name must stay within what file systems take, whatever the final one is.
    const std::string stem = final_path_.filename().string().substr(0, kMaxNameLength - 48);
    for (int attempt = 0; attempt < 100; ++attempt) {
      const fs::path path =
          directory / fmt::format(".{}.partial-{}-{:08x}{:08x}", stem, ::getpid(), random(), random());
      const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
      if (fd < 0 && errno == EEXIST) continue;
      if (fd < 0) break;
      file_ = FileDescriptor(fd);
      partial_path_ = path;
      shown_ = path.string();
      ::fchmod(fd, 0600);
      // Held as long as this process lives, so that remove_partial_files() leaves the file alone.
      ::flock(fd, LOCK_EX | LOCK_NB);
      return;
    }
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    throw Error(fmt::format("cannot create the backup in {}: {}", directory.string(), reason()),
                missing ? fmt::format("Create the directory: mkdir -p -m 700 '{}'", directory.string())
                        : "Give a directory that you may write to with -o.");
  }

  std::vector<std::byte> buffer_;
  std::uint64_t written_ = 0;
};

class BackupWriter::OpenMember : public BackupWriter::Member {
 public:
  OpenMember(State& file, const std::string& name, MemberKind kind, Encoding encoding, stream::Sink* observer)
      : file_(file), plain_(observer), begin_(file.size()) {
    record_.name = name;
    record_.kind = kind;
    record_.encoding = encoding;
    file_.append_zeros(tar_header(name, 0, file_.mtime_).size());
    if (encoding == Encoding::kGzip) inflate_.emplace(plain_);
    file_.member_open_ = true;
  }

  ~OpenMember() override { abort(); }

  void write(std::span<const std::byte> bytes) override {
    stored_.write(bytes);
    if (inflate_) {
      inflate_->write(bytes);
    } else {
      plain_.write(bytes);
    }
    file_.append(bytes);
  }

  void finish() override {
    if (inflate_) {
      inflate_->finish();
    } else {
      plain_.finish();
    }
    stored_.finish();
    record_.size = stored_.bytes();
    record_.sha256 = stored_.hex();
    record_.plain_size = plain_.bytes();
    record_.plain_sha256 = plain_.hex();
    file_.append_zeros(tar_padding(record_.size));
    file_.overwrite_at(begin_, tar_header(record_.name, record_.size, file_.mtime_));
    file_.members_.push_back(record_);
    close();
  }

  void abort() noexcept override {
    if (!open_) return;
    file_.truncate(begin_);
    file_.names_.erase(record_.name);
    close();
  }

  [[nodiscard]] std::uint64_t size() const override { return stored_.bytes(); }
  [[nodiscard]] std::uint64_t plain_size() const override { return plain_.bytes(); }
  [[nodiscard]] const std::string& sha256() const override { return record_.sha256; }
  [[nodiscard]] const std::string& plain_sha256() const override { return record_.plain_sha256; }

 private:
  void close() noexcept {
    open_ = false;
    file_.member_open_ = false;
  }

  State& file_;
  stream::DigestSink stored_;
  stream::DigestSink plain_;
  std::optional<stream::GzipDecompressor> inflate_;
  std::uint64_t begin_;  // of the header
  Manifest::Member record_;
  bool open_ = true;
};

BackupWriter::BackupWriter(fs::path final_path, bool overwrite)
    : state_(std::make_unique<State>(std::move(final_path), overwrite)) {}
BackupWriter::BackupWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BackupWriter::BackupWriter(BackupWriter&&) noexcept = default;
BackupWriter& BackupWriter::operator=(BackupWriter&&) noexcept = default;
BackupWriter::~BackupWriter() = default;

BackupWriter BackupWriter::unnamed(const fs::path& directory) {
  return BackupWriter(std::make_unique<State>(directory));
}

std::unique_ptr<BackupWriter::Member> BackupWriter::begin(const std::string& name, MemberKind kind, Encoding encoding,
                                                          stream::Sink* plain_observer) {
  if (state_->finished_ || state_->member_open_) {
    throw Error(fmt::format("cannot begin {}: the backup is finished, or another member is being written", name));
  }
  state_->take_name(name);
  return std::make_unique<OpenMember>(*state_, name, kind, encoding, plain_observer);
}

std::string BackupWriter::add(const std::string& name, MemberKind kind, std::string_view text) {
  const auto member = begin(name, kind, Encoding::kIdentity);
  member->write(stream::as_bytes(text));
  member->finish();
  return member->sha256();
}

void BackupWriter::finish(Manifest manifest) {
  if (state_->finished_ || state_->member_open_) throw Error("a member of the backup is not finished");
  manifest.format_version = kFormatVersion;
  manifest.members = state_->members_;
  if (manifest.created_at.empty()) manifest.created_at = format_utc(state_->mtime_);
  const std::string text = format_manifest(manifest);
  // A backup that the reader would refuse must not be kept, least of all called a success.
  static_cast<void>(parse_manifest(text));
  std::string digests;
  for (const auto& member : manifest.members) digests += format_digest_line(member.sha256, member.name);
  digests += format_digest_line(stream::sha256_hex(text), kManifestName);
  state_->append_entry(std::string(kManifestName), text);
  state_->append_entry(std::string(kDigestsName), digests);
  state_->publish();
}

std::uint64_t BackupWriter::size() const { return state_->size(); }
const fs::path& BackupWriter::path() const { return state_->final_path_; }
const fs::path& BackupWriter::partial_path() const { return state_->partial_path_; }

void BackupWriter::copy_to(int fd) const {
  if (!state_->finished_) throw Error("the backup is not finished");
  std::vector<std::byte> buffer(kBufferBytes);
  std::uint64_t offset = 0;
  while (const std::size_t n = read_all_at(state_->file_.get(), buffer, offset, state_->shown_)) {
    write_all(fd, std::span(buffer).first(n), "the output");
    offset += n;
  }
}

int remove_partial_files(const fs::path& directory) {
  static const std::regex kPattern(R"(\..+\.partial-[0-9]+-[0-9a-f]{16})");
  int removed = 0;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    if (!std::regex_match(entry->path().filename().string(), kPattern)) continue;
    const FileDescriptor file(::open(entry->path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) continue;  // its writer lives
    if (::unlink(entry->path().c_str()) == 0) ++removed;
  }
  return removed;
}

}  // namespace exastro::archive
