#include "archive/backup_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <system_error>
#include <vector>

#include "archive/damaged.h"
#include "archive/decoding.h"
#include "archive/digest_list.h"
#include "archive/files_check.h"
#include "archive/names.h"
#include "archive/parallel.h"
#include "archive/tar_header.h"
#include "stream/digest.h"
#include "stream/dump_check.h"
#include "stream/json_text.h"

namespace exastro::archive {
namespace {

namespace fs = std::filesystem;
using Bytes = std::span<const std::byte>;

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;
// A thousandfold is the most that gzip unpacks to: what one pull may hold in memory stays below 4 MiB.
constexpr std::size_t kPullBytes = std::size_t{4} << 10;
// Four bytes of Zstandard are 128 KiB at most: below 8 MiB.
constexpr std::size_t kZstdPullBytes = 256;
// GNU tar pads to 10 KiB by default; its -b can ask for more.
constexpr std::uint64_t kMaxTail = std::uint64_t{1} << 20;

// Where a member lies: in the tar at an offset, in a directory in a file of its own.
struct Entry {
  std::string name;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

FileDescriptor open_file(const fs::path& path, int flags, int directory = AT_FDCWD) {
  return FileDescriptor(::openat(directory, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
}

struct stat status_of(int fd, const std::string& shown) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    throw Error(fmt::format("cannot read {}: {}", shown, std::generic_category().message(errno)));
  }
  return status;
}

std::string printable(std::string_view name) {
  std::string result(name.substr(0, 80));
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return result;
}

// The entries of a tar file, with everything about its frame proved.
class TarIndex {
 public:
  TarIndex(int fd, const std::string& shown)
      : fd_(fd),
        shown_(shown),
        file_size_(static_cast<std::uint64_t>(status_of(fd, shown).st_size)),
        reader_(archive_read_new(), &archive_read_free) {
    if (!reader_) throw Error("out of memory");
    ::lseek(fd, 0, SEEK_SET);
    archive_read_support_format_tar(reader_.get());
    if (archive_read_open_fd(reader_.get(), fd, kBufferBytes) != ARCHIVE_OK) throw no_tar();
  }

  std::vector<Entry> read() {
    while (next()) {
    }
    check_tail();
    return std::move(entries_);
  }

 private:
  [[nodiscard]] Error no_tar() const {
    return not_a_backup(fmt::format("{} is not a backup of Exastro: it is not a tar file", shown_));
  }
  [[nodiscard]] Error cut_off() const { return damaged(fmt::format("{} is cut off: its end is missing", shown_)); }
  [[nodiscard]] Error wrong(std::string_view what) const {
    return damaged(fmt::format("{} is damaged: {}", shown_, what));
  }

  bool next() {
    struct archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader_.get(), &entry);
    if (status == ARCHIVE_EOF) return false;
    if (status != ARCHIVE_OK) {
      if (entries_.empty() && (file_size_ < kTarBlock || status == ARCHIVE_FATAL)) throw no_tar();
      if (data_end_ + kTarBlock > file_size_) throw cut_off();
      const char* reason = archive_error_string(reader_.get());
      throw wrong(fmt::format("the header at byte {} is wrong ({})", data_end_, reason != nullptr ? reason : "?"));
    }
    add(entry);
    return true;
  }

  void add(struct archive_entry* entry) {
    const char* raw = archive_entry_pathname(entry);
    const std::string name = raw != nullptr ? raw : "";
    if (!is_member_name(name)) throw wrong(fmt::format("\"{}\" is no name of a member", printable(name)));
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr ||
        archive_entry_sparse_count(entry) > 0 || !archive_entry_size_is_set(entry)) {
      throw wrong(fmt::format("{} is not a plain file", name));
    }
    const la_int64_t size = archive_entry_size(entry);
    // libarchive has taken exactly the headers from the file now.
    const auto offset = static_cast<std::uint64_t>(archive_filter_bytes(reader_.get(), -1));
    if (static_cast<std::uint64_t>(archive_read_header_position(reader_.get())) != data_end_ ||
        offset % kTarBlock != 0 || size < 0) {
      throw wrong(fmt::format("{} is not where it should be", name));
    }
    if (offset > file_size_ || static_cast<std::uint64_t>(size) > file_size_ - offset) throw cut_off();
    if (entries_.size() >= kMaxMembers + 2) throw wrong(fmt::format("it has more than {} members", kMaxMembers));
    const Entry member{.name = name, .offset = offset, .size = static_cast<std::uint64_t>(size)};
    data_end_ = offset + member.size + tar_padding(member.size);
    check_zero(offset + member.size, data_end_);
    entries_.push_back(member);
    archive_read_data_skip(reader_.get());
  }

  // Two zero blocks, and no more than zeros behind them.
  void check_tail() const {
    if (entries_.empty()) throw no_tar();
    if (file_size_ < data_end_ + 2 * kTarBlock) throw cut_off();
    if (file_size_ - data_end_ > kMaxTail) throw wrong("something follows its end");
    check_zero(data_end_, file_size_);
  }

  void check_zero(std::uint64_t begin, std::uint64_t end) const {
    std::vector<std::byte> bytes(static_cast<std::size_t>(end - begin));
    if (read_all_at(fd_, bytes, begin, shown_) != bytes.size()) throw cut_off();
    if (std::any_of(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{0}; })) {
      throw wrong("something is where only zeros should be");
    }
  }

  int fd_;
  const std::string& shown_;
  std::uint64_t file_size_;
  std::uint64_t data_end_ = 0;  // of the entry before, padding included
  std::vector<Entry> entries_;
  std::unique_ptr<struct archive, decltype(&archive_read_free)> reader_;
};

// Lets through what the manifest announces: not a byte more, and at the end neither less nor other bytes.
class PlainGuard : public stream::Sink {
 public:
  PlainGuard(const Manifest::Member& member, std::string shown, stream::Sink& next)
      : member_(member), shown_(std::move(shown)), next_(next) {}

  void write(Bytes bytes) override {
    if (bytes.size() > member_.plain_size - bytes_) {
      throw from_guard(fmt::format("{}: {} unpacks to more than the manifest says", shown_, member_.name));
    }
    bytes_ += bytes.size();
    digest_.update(bytes);
    pass([&] { next_.write(bytes); });
  }

  void finish() override {
    if (bytes_ != member_.plain_size || digest_.hex() != member_.plain_sha256) {
      throw from_guard(fmt::format("{}: {} unpacks to other bytes than the manifest says", shown_, member_.name));
    }
    pass([&] { next_.finish(); });
  }

  // Whether an error that reached the reader is not the decompressor's, but already says what it has to.
  [[nodiscard]] bool has_thrown() const { return has_thrown_; }

 private:
  Error from_guard(const std::string& message) {
    has_thrown_ = true;
    return damaged(message);
  }

  template <typename Call>
  void pass(Call call) {
    try {
      call();
    } catch (...) {
      has_thrown_ = true;
      throw;
    }
  }

  const Manifest::Member& member_;
  std::string shown_;
  stream::Sink& next_;
  std::uint64_t bytes_ = 0;
  stream::Digest digest_;
  bool has_thrown_ = false;
};

}  // namespace

class BackupReader::State {
 public:
  // A tar file.
  State(FileDescriptor file, std::string shown) : shown_(std::move(shown)), file_(std::move(file)) {
    if (!S_ISREG(status_of(file_.get(), shown_).st_mode)) {
      throw not_a_backup(fmt::format("{} is neither a file nor a directory; a pipe is read with --from -", shown_));
    }
    order_ = TarIndex(file_.get(), shown_).read();
    // A file that lacks its tail was refused above.
    if (order_.size() < 2 || order_.back().name != kDigestsName || order_[order_.size() - 2].name != kManifestName) {
      throw not_a_backup(fmt::format("{} is not a backup of Exastro: it does not end with {} and {}", shown_,
                                     kManifestName, kDigestsName));
    }
    open_frame();
    check_order();
  }

  // A directory.
  State(const fs::path& directory, std::string shown)
      : shown_(std::move(shown)), directory_(open_file(directory, O_DIRECTORY)) {
    struct stat ignored {};
    if (::fstatat(directory_.get(), kManifestName.data(), &ignored, AT_SYMLINK_NOFOLLOW) != 0 &&
        ::fstatat(directory_.get(), kDigestsName.data(), &ignored, AT_SYMLINK_NOFOLLOW) != 0) {
      throw not_a_backup(
          fmt::format("{} is not a backup of Exastro: it has neither {} nor {}", shown_, kManifestName, kDigestsName));
    }
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      require(is_member_name(name), "{}: \"{}\" does not belong to a backup; move it elsewhere", shown_,
              printable(name));
      require(order_.size() < kMaxMembers + 2, "{} holds more than {} files", shown_, kMaxMembers);
      const auto status = status_of(open_in_directory(name).get(), name);
      require(S_ISREG(status.st_mode), "{}: {} is not a plain file", shown_, name);
      order_.push_back({.name = name, .size = static_cast<std::uint64_t>(status.st_size)});
    }
    if (error) throw Error(fmt::format("cannot read the directory {}: {}", shown_, error.message()));
    open_frame();
  }

  [[nodiscard]] const Manifest::Member& member(std::string_view name) const {
    const auto found = members_.find(name);
    require(found != members_.end(), "{} has no member {}", shown_, name);
    return manifest_.members[found->second];
  }

  // The stored bytes in stretches of at most `stretch`; throws at the end if the digest is wrong.
  template <typename Take>
  void each_stretch(const Manifest::Member& member, std::size_t stretch, Take take) const {
    Cursor cursor(*this, member, stretch);
    for (Bytes bytes = cursor.next(); !bytes.empty(); bytes = cursor.next()) take(bytes);
  }

  // Gives a member's stored bytes piece by piece, and proves them at the end.
  class Cursor {
   public:
    Cursor(const State& state, const Manifest::Member& member, std::size_t stretch)
        : state_(state),
          member_(member),
          entry_(state.entry(member.name)),
          own_(state.file_.is_open() ? FileDescriptor() : state.open_in_directory(member.name)),
          buffer_(std::max(kBufferBytes, stretch)),
          stretch_(stretch) {}

    // Empty at the end.
    Bytes next() {
      if (filled_.empty() && done_ < entry_.size) fill();
      if (filled_.empty()) {
        if (std::exchange(proved_, true)) return {};
        state_.require(digest_.hex() == member_.sha256, "{}: {} is damaged: its digest is not the manifest's",
                       state_.shown_, member_.name);
        return {};
      }
      const Bytes result = filled_.first(std::min(stretch_, filled_.size()));
      filled_ = filled_.subspan(result.size());
      return result;
    }

   private:
    void fill() {
      const int fd = own_.is_open() ? own_.get() : state_.file_.get();
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), entry_.size - done_));
      const auto room = std::span(buffer_).first(wanted);
      state_.require(read_all_at(fd, room, entry_.offset + done_, state_.shown_) == wanted,
                     "{}: {} became shorter while it was read", state_.shown_, member_.name);
      digest_.update(room);
      done_ += wanted;
      filled_ = room;
    }

    const State& state_;
    const Manifest::Member& member_;
    const Entry& entry_;
    FileDescriptor own_;
    std::vector<std::byte> buffer_;
    std::size_t stretch_;
    Bytes filled_;
    std::uint64_t done_ = 0;
    stream::Digest digest_;
    bool proved_ = false;
  };

  using OnBytes = std::function<void(std::size_t)>;

  void read_plain(const Manifest::Member& member, stream::Sink& plain, const OnBytes& on_stored) const {
    PlainGuard guard(member, shown_, plain);
    const auto decoder = make_decoder(member.encoding, guard);
    stream::Sink& first = decoder ? *decoder : guard;
    each_stretch(member, kBufferBytes, [&](Bytes bytes) {
      named(member, guard, [&] { first.write(bytes); });
      on_stored(bytes.size());
    });
    named(member, guard, [&] { first.finish(); });
  }

  std::uint64_t check_files_member(const Manifest::Member& member, const OnBytes& on_stored) const {
    std::vector<std::byte> plain;
    stream::CallbackSink collect([&](Bytes bytes) { plain.insert(plain.end(), bytes.begin(), bytes.end()); });
    PlainGuard guard(member, shown_, collect);
    const auto decoder = make_decoder(member.encoding, guard);
    stream::Sink& first = decoder ? *decoder : guard;
    Cursor cursor(*this, member, member.encoding == Encoding::kZstd ? kZstdPullBytes : kPullBytes);
    bool ended = false;
    return check_files([&]() -> Bytes {
      plain.clear();
      while (plain.empty() && !ended) {
        const Bytes stored = cursor.next();
        ended = stored.empty();
        named(member, guard, [&] { ended ? first.finish() : first.write(stored); });
        on_stored(stored.size());
      }
      return plain;
    });
  }

  // What the proof of a member tells.
  struct Proof {
    stream::DumpFacts dump;          // of a dump
    std::uint64_t file_entries = 0;  // of the shared files
  };

  Proof prove(const Manifest::Member& member, const OnBytes& on_stored) const {
    switch (member.kind) {
      case MemberKind::kDump:
        return {check_dump(member, on_stored), 0};
      case MemberKind::kFiles:
        return {{}, check_files_member(member, on_stored)};
      case MemberKind::kAccounts:
      case MemberKind::kKeys:
      case MemberKind::kValues:
        check_json(member, on_stored);
        break;
    }
    return {};
  }

  stream::DumpFacts check_dump(const Manifest::Member& member, const OnBytes& on_stored) const {
    stream::DumpCheck check;
    read_plain(member, check, on_stored);
    const stream::DumpFacts& facts = check.facts();
    require(facts.looks_like_dump, "{}: {} is not a dump of a database", shown_, member.name);
    require(facts.error_line.empty(), "{}: {} holds an error of the dump program: {}", shown_, member.name,
            facts.error_line);
    require(facts.complete, "{}: {} is not a complete dump: its last line is missing", shown_, member.name);
    require(!facts.carriage_returns, "{}: {} went through a terminal: every line ends in CR LF", shown_, member.name);
    return facts;
  }

  void check_json(const Manifest::Member& member, const OnBytes& on_stored) const {
    const std::string text = read_text(member, kMaxManifestBytes, on_stored);
    try {
      stream::check_json(text);
    } catch (const stream::JsonError& error) {
      throw damaged(fmt::format("{}: {} is damaged: {}", shown_, member.name, error.what()));
    }
  }

  [[nodiscard]] std::string read_text(const Manifest::Member& member, std::size_t limit,
                                      const OnBytes& on_stored) const {
    require(member.plain_size <= limit, "{}: {} is too large ({} bytes)", shown_, member.name, member.plain_size);
    std::string text;
    stream::CallbackSink collect([&](Bytes bytes) { text += stream::as_text(bytes); });
    read_plain(member, collect, on_stored);
    return text;
  }

  template <typename... Args>
  void require(bool condition, fmt::format_string<Args...> format, Args&&... args) const {
    if (!condition) throw damaged(fmt::format(format, std::forward<Args>(args)...));
  }

  std::string shown_;
  Manifest manifest_;

 private:
  [[nodiscard]] FileDescriptor open_in_directory(const std::string& name) const {
    FileDescriptor file = open_file(name, O_NOFOLLOW, directory_.get());
    if (!file.is_open()) {
      const std::string reason = errno == ELOOP ? "it is a symbolic link" : std::generic_category().message(errno);
      throw Error(fmt::format("cannot open {} in {}: {}", name, shown_, reason), {}, ExitStatus::kDamaged);
    }
    return file;
  }

  [[nodiscard]] const Entry& entry(std::string_view name) const { return order_[entries_.find(name)->second]; }

  // A whole small entry, before there is a manifest to prove it by.
  [[nodiscard]] std::string frame_text(std::string_view name) const {
    const auto found = entries_.find(name);
    require(found != entries_.end(), "{} is not a backup of Exastro, or a part of one: {} is missing", shown_, name);
    const Entry& at = order_[found->second];
    require(at.size <= kMaxManifestBytes, "{}: {} is too large ({} bytes)", shown_, name, at.size);
    const FileDescriptor own = file_.is_open() ? FileDescriptor() : open_in_directory(at.name);
    std::string text(static_cast<std::size_t>(at.size), '\0');
    const std::size_t read = read_all_at(own.is_open() ? own.get() : file_.get(),
                                         std::as_writable_bytes(std::span(text)), at.offset, shown_);
    require(read == text.size(), "{}: {} became shorter while it was read", shown_, name);
    return text;
  }

  // Manifest, digest list and entries against each other.
  void open_frame() {
    for (std::size_t i = 0; i < order_.size(); ++i) {
      require(entries_.emplace(order_[i].name, i).second, "{} is damaged: {} is in it twice", shown_, order_[i].name);
    }
    const std::string text = frame_text(kManifestName);
    const auto digests = parse_digest_list(frame_text(kDigestsName));
    const auto own = digests.find(kManifestName);
    require(own != digests.end() && own->second == stream::sha256_hex(text),
            "{} is damaged: the digest of {} is not the one in {}", shown_, kManifestName, kDigestsName);
    manifest_ = parse_manifest(text);
    for (std::size_t i = 0; i < manifest_.members.size(); ++i) check_member(i, digests);
    for (const Entry& at : order_) {
      require(at.name == kManifestName || at.name == kDigestsName || members_.contains(at.name),
              "{} is damaged: the manifest does not know {}", shown_, at.name);
    }
    require(digests.size() == manifest_.members.size() + 1, "{} is damaged: {} and the manifest differ", shown_,
            kDigestsName);
  }

  template <typename Digests>
  void check_member(std::size_t index, const Digests& digests) {
    const Manifest::Member& member = manifest_.members[index];
    const auto found = entries_.find(member.name);
    require(found != entries_.end(), "{} is damaged: {} is missing", shown_, member.name);
    const std::uint64_t size = order_[found->second].size;
    require(size == member.size, "{} is damaged: {} has {} bytes instead of {}", shown_, member.name, size,
            member.size);
    const auto digest = digests.find(member.name);
    require(digest != digests.end() && digest->second == member.sha256,
            "{} is damaged: {} and the manifest differ about {}", shown_, kDigestsName, member.name);
    members_.emplace(member.name, index);
  }

  void check_order() const {
    for (std::size_t i = 0; i < manifest_.members.size(); ++i) {
      require(order_[i].name == manifest_.members[i].name, "{} is damaged: its members are not in the manifest's order",
              shown_);
    }
  }

  // Runs a step of the decompressor, whose errors do not know which member they are about.
  template <typename Step>
  void named(const Manifest::Member& member, const PlainGuard& guard, Step step) const {
    try {
      step();
    } catch (const Error& error) {
      if (guard.has_thrown()) throw;
      throw damaged(fmt::format("{}: {} is damaged: {}", shown_, member.name, error.what()));
    }
  }

  FileDescriptor file_;
  FileDescriptor directory_;
  std::vector<Entry> order_;
  std::map<std::string, std::size_t, std::less<>> entries_;  // into order_
  std::map<std::string, std::size_t, std::less<>> members_;  // into manifest_.members
};

struct BackupReader::MemberStream::Position {
  State::Cursor cursor;
};

BackupReader::MemberStream::MemberStream(std::unique_ptr<Position> position) : position_(std::move(position)) {}
BackupReader::MemberStream::MemberStream(MemberStream&&) noexcept = default;
BackupReader::MemberStream::~MemberStream() = default;
Bytes BackupReader::MemberStream::next() { return position_->cursor.next(); }

BackupReader::BackupReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
BackupReader::BackupReader(BackupReader&&) noexcept = default;
BackupReader& BackupReader::operator=(BackupReader&&) noexcept = default;
BackupReader::~BackupReader() = default;

BackupReader BackupReader::open(const fs::path& path) {
  const std::string shown = path.string();
  FileDescriptor file = open_file(path, 0);
  if (!file.is_open()) {
    const bool missing = errno == ENOENT || errno == ENOTDIR;
    throw Error(fmt::format("cannot open the backup {}: {}", shown, std::generic_category().message(errno)),
                missing ? "Give the path of a backup file or directory with --from." : "",
                missing ? ExitStatus::kNotFound : ExitStatus::kFailed);
  }
  if (S_ISDIR(status_of(file.get(), shown).st_mode)) {
    return BackupReader(std::make_unique<State>(path, shown));
  }
  return open(std::move(file), shown);
}

BackupReader BackupReader::open(FileDescriptor file, const std::string& shown) {
  return BackupReader(std::make_unique<State>(std::move(file), shown));
}

const Manifest& BackupReader::manifest() const { return state_->manifest_; }
const Manifest::Member& BackupReader::member(std::string_view name) const { return state_->member(name); }
const std::string& BackupReader::shown() const { return state_->shown_; }

void BackupReader::read(std::string_view name, stream::Sink& stored) const {
  state_->each_stretch(member(name), kBufferBytes, [&](Bytes bytes) { stored.write(bytes); });
  stored.finish();
}

void BackupReader::read_plain(std::string_view name, stream::Sink& plain) const {
  state_->read_plain(member(name), plain, [](std::size_t) {});
}

BackupReader::MemberStream BackupReader::stream(std::string_view name, std::size_t most) const {
  return MemberStream(
      std::make_unique<MemberStream::Position>(MemberStream::Position{State::Cursor(*state_, member(name), most)}));
}

std::string BackupReader::read_text(std::string_view name, std::size_t limit) const {
  return state_->read_text(member(name), limit, [](std::size_t) {});
}

BackupReader::Verified BackupReader::verify(const Progress& progress, const OnDump& on_dump) const {
  const auto& members = manifest().members;
  std::uint64_t total = 0;
  for (const auto& member : members) total += member.size;
  // The largest first, so that none is left alone at the end.
  std::vector<std::size_t> order(members.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t left, std::size_t right) { return members[left].size > members[right].size; });
  std::atomic<std::uint64_t> done{0};
  std::vector<State::Proof> proofs(members.size());
  each_in_parallel(
      order.size(),
      [&](std::size_t number, const std::atomic<bool>& stop) {
        proofs[order[number]] = state_->prove(members[order[number]], [&](std::size_t bytes) {
          done += bytes;
          if (stop) throw Stopped();
        });
      },
      [&] {
        if (progress) progress(done, total);
      });
  Verified verified;
  for (std::size_t i = 0; i < members.size(); ++i) {
    ++verified.members;
    verified.stored_bytes += members[i].size;
    verified.plain_bytes += members[i].plain_size;
    verified.file_entries += proofs[i].file_entries;
    if (on_dump && members[i].kind == MemberKind::kDump) on_dump(members[i], proofs[i].dump);
  }
  return verified;
}

}  // namespace exastro::archive
