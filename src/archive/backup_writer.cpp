#include "archive/backup_writer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <optional>
#include <set>
#include <system_error>
#include <vector>

#include "archive/decoding.h"
#include "archive/digest_list.h"
#include "archive/names.h"
#include "archive/partial_file.h"
#include "archive/spool.h"
#include "archive/tar_header.h"
#include "error.h"
#include "stream/digest.h"

namespace exastro::archive {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr std::uint64_t kEndBytes = 2 * kTarBlock;
const fs::path kNone;

std::string reason() { return std::generic_category().message(errno); }

}  // namespace

// The file and what has been written to it.
class BackupWriter::State {
 public:
  State(fs::path final_path, bool overwrite) {
    named_.emplace(std::move(final_path), overwrite);
    shown_ = named_->path().string();
  }

  explicit State(const fs::path& directory) : shown_("the temporary file"), unnamed_(make_unnamed_file(directory)) {}

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void append(std::span<const std::byte> bytes) {
    if (buffer_.size() + bytes.size() > kBufferBytes) flush();
    if (bytes.size() >= kBufferBytes) {
      write_all_at(fd(), bytes, written_, shown_);
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
    write_all_at(fd(), buffer_, written_, shown_);
    written_ += buffer_.size();
    buffer_.clear();
  }

  void overwrite_at(std::uint64_t offset, std::string_view bytes) {
    flush();
    write_all_at(fd(), stream::as_bytes(bytes), offset, shown_);
  }

  void truncate(std::uint64_t size) noexcept {
    buffer_.clear();
    written_ = size;
    // If it fails, the bytes behind are written over, and finish() cuts what is left.
    [[maybe_unused]] const int ignored = ::ftruncate(fd(), static_cast<off_t>(size));
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
    if (::ftruncate(fd(), static_cast<off_t>(written_)) != 0) {
      throw Error(fmt::format("cannot write {} to the disk: {}", shown_, reason()));
    }
    if (named_) named_->publish();
    finished_ = true;
  }

  [[nodiscard]] std::uint64_t size() const { return written_ + buffer_.size(); }

  // Empty if it has no name.
  [[nodiscard]] const fs::path& final_path() const { return named_ ? named_->final_path() : kNone; }
  [[nodiscard]] const fs::path& partial_path() const { return named_ ? named_->path() : kNone; }

  void copy_to(int target) const {
    std::vector<std::byte> buffer(kBufferBytes);
    std::uint64_t offset = 0;
    while (const std::size_t n = read_at(buffer, offset)) {
      write_all(target, std::span(buffer).first(n), "the output");
      offset += n;
    }
  }

  std::size_t read_at(std::span<std::byte> buffer, std::uint64_t offset) const {
    return read_all_at(fd(), buffer, offset, shown_);
  }

  FileDescriptor release() { return std::move(unnamed_); }

  bool finished_ = false;
  bool member_open_ = false;
  std::string shown_;  // in messages
  std::int64_t mtime_ = static_cast<std::int64_t>(std::time(nullptr));
  std::vector<Manifest::Member> members_;
  std::set<std::string> names_;

 private:
  [[nodiscard]] int fd() const { return named_ ? named_->get() : unnamed_.get(); }

  std::optional<PartialFile> named_;
  FileDescriptor unnamed_;
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
    decode_ = make_decoder(encoding, plain_);
    file_.member_open_ = true;
  }

  ~OpenMember() override { abort(); }

  void write(std::span<const std::byte> bytes) override {
    stored_.write(bytes);
    if (decode_) {
      decode_->write(bytes);
    } else {
      plain_.write(bytes);
    }
    file_.append(bytes);
  }

  void finish() override {
    if (decode_) {
      decode_->finish();
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
  std::unique_ptr<stream::Sink> decode_;
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
const fs::path& BackupWriter::path() const { return state_->final_path(); }
const fs::path& BackupWriter::partial_path() const { return state_->partial_path(); }

void BackupWriter::copy_to(int fd) const {
  if (!state_->finished_) throw Error("the backup is not finished");
  state_->copy_to(fd);
}

FileDescriptor BackupWriter::release() {
  if (!state_->finished_) throw Error("the backup is not finished");
  return state_->release();
}

std::size_t BackupWriter::read_at(std::span<std::byte> buffer, std::uint64_t offset) const {
  if (!state_->finished_) throw Error("the backup is not finished");
  return state_->read_at(buffer, offset);
}

}  // namespace exastro::archive
