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

  State(fs::path final_path, const std::string& waiting_name) {
    named_.emplace(std::move(final_path), waiting_name);
    shown_ = named_->path().string();
    earlier_ = named_->earlier_bytes();
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

  // What an earlier run has left from here on.
  [[nodiscard]] std::uint64_t kept() const { return earlier_ > size() ? earlier_ - size() : 0; }
  void forget_kept() {
    flush();
    earlier_ = written_;
    // Half of it behind what is written now would look like a continuation to the next run.
    if (::ftruncate(fd(), static_cast<off_t>(written_)) != 0)
      throw Error(fmt::format("cannot shorten {}: {}", shown_, reason()));
  }

  void wait_as(const std::string& waiting_name) {
    if (!named_) return;
    named_->wait_as(waiting_name);
    shown_ = named_->path().string();
  }
  [[nodiscard]] bool is_waiting() const { return named_ && named_->is_waiting(); }
  void keep() noexcept {
    if (!named_) return;
    try {
      flush();
    } catch (const Error&) {
      // Then a little less is kept.
    }
    named_->keep();
  }
  void drop() noexcept {
    if (named_) named_->drop();
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
  [[nodiscard]] std::uint64_t earlier_bytes() const { return named_ ? named_->earlier_bytes() : 0; }

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
  std::uint64_t earlier_ = 0;  // the file's size, as far as an earlier run wrote it
};

class BackupWriter::OpenMember : public BackupWriter::Member {
 public:
  OpenMember(State& file, const std::string& name, MemberKind kind, Encoding encoding, stream::Sink* observer)
      : file_(file), plain_(observer), begin_(file.size()) {
    record_.name = name;
    record_.kind = kind;
    record_.encoding = encoding;
    file_.append_zeros(tar_header(name, 0, file_.mtime_).size());
    data_ = file_.size();
    decode_ = make_decoder(encoding, plain_);
    file_.member_open_ = true;
  }

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
    file_.member_open_ = false;
  }

  [[nodiscard]] std::uint64_t kept() const override { return stored_.bytes() == 0 ? file_.kept() : 0; }

  void read_kept(std::span<std::byte> room, std::uint64_t offset) const override {
    if (file_.read_at(room, data_ + offset) != room.size())
      throw Error(fmt::format("{} is shorter than it was when it was opened", file_.shown_));
  }

  void forget_kept() override { file_.forget_kept(); }

  [[nodiscard]] std::uint64_t size() const override { return stored_.bytes(); }
  [[nodiscard]] std::uint64_t plain_size() const override { return plain_.bytes(); }
  [[nodiscard]] const std::string& sha256() const override { return record_.sha256; }
  [[nodiscard]] const std::string& plain_sha256() const override { return record_.plain_sha256; }

 private:
  State& file_;
  stream::DigestSink stored_;
  stream::DigestSink plain_;
  std::unique_ptr<stream::Sink> decode_;
  std::uint64_t begin_;  // of the header
  std::uint64_t data_ = 0;
  Manifest::Member record_;
};

BackupWriter::BackupWriter(fs::path final_path, bool overwrite)
    : state_(std::make_unique<State>(std::move(final_path), overwrite)) {}
BackupWriter::BackupWriter(fs::path final_path, const std::string& waiting_name)
    : state_(std::make_unique<State>(std::move(final_path), waiting_name)) {}
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

void BackupWriter::wait_as(const std::string& waiting_name) { state_->wait_as(waiting_name); }
bool BackupWriter::is_waiting() const { return state_->is_waiting(); }
void BackupWriter::keep() noexcept { state_->keep(); }
void BackupWriter::drop() noexcept { state_->drop(); }
std::uint64_t BackupWriter::earlier_bytes() const { return state_->earlier_bytes(); }

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
