#include "sequence/backup_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "process/interrupt.h"
#include "process/temporary_directory.h"
#include "sequence/backup_plan.h"
#include "stream/digest.h"
#include "stream/dump_check.h"
#include "ui/format.h"
#include "ui/step.h"

namespace exastro {
namespace {

using archive::Encoding;
using archive::Manifest;
using archive::MemberKind;

// What takes less time to fetch than kubectl to start, and how much of such is kept in memory.
constexpr std::uint64_t kSmall = 1024ULL * 1024;
constexpr std::uint64_t kMostHere = 8 * kSmall;

constexpr std::size_t kPiece = std::size_t{256} << 10;

// A sink before another that knows the digest of what has passed.
class Digested {
 public:
  explicit Digested(const kube::ByteHandler& next) : next_(next) {}
  kube::ByteHandler sink() {
    return [this](std::span<const std::byte> bytes) {
      digest_.update(bytes);
      next_(bytes);
    };
  }
  kube::DigestOf digest() {
    return [this] { return digest_.hex(); };
  }

 private:
  const kube::ByteHandler& next_;
  stream::Digest digest_;
};

// What the stream itself says of the dump: an exit status of 0 is no proof.
void require_whole(const std::string& database, const stream::DumpFacts& facts) {
  if (!facts.error_line.empty()) {
    throw Error(fmt::format("The dump of {} holds an error of the dump program: {}", database, facts.error_line));
  }
  if (facts.looks_like_dump && facts.complete && !facts.carriage_returns) return;
  throw Error(fmt::format("The dump of {} is not whole: its completion mark is missing after {} bytes.", database,
                          facts.bytes));
}

// Passes bytes to the member and counts them. Both must outlive it.
kube::ByteHandler into(archive::BackupWriter::Member& member, ui::Step& step) {
  return [&](std::span<const std::byte> bytes) {
    member.write(bytes);
    step.add(bytes.size());
  };
}

// The first `bytes` of what an earlier run has left where this member is written.
void read_kept(const archive::BackupWriter::Member& member, std::uint64_t bytes, const kube::ByteHandler& take) {
  std::vector<std::byte> room(kPiece);
  for (std::uint64_t at = 0; at < bytes;) {
    process::Interrupt::throw_if_requested();
    const auto piece = std::span(room).first(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, bytes - at)));
    member.read_kept(piece, at);
    take(piece);
    at += piece.size();
  }
}

// Gives to `sink`, which writes to the member, what an earlier run has left of it, as far as that is what the pod would
// send. What it gives is what was left and is right.
Beginning give_kept(kube::Cluster& cluster, const StagedFile& file, archive::BackupWriter::Member& member,
                    const kube::ByteHandler& sink) {
  const std::uint64_t kept = member.kept();
  if (kept == 0) return {};
  const Beginning beginning = beginning_of(cluster, file, kept);
  stream::Digest digest;
  read_kept(member, std::min(beginning.bytes, kept), [&](auto piece) { digest.update(piece); });
  if (beginning.bytes > kept || digest.hex() != beginning.sha256) {
    member.forget_kept();
    return {};
  }
  read_kept(member, beginning.bytes, sink);
  return beginning;
}

void write_dump(archive::BackupWriter& writer, Manifest::Database& database, Encoding encoding, ContentSource& source,
                ui::Reporter& reporter) {
  ui::Step step(reporter, fmt::format("{} database {}", source.doing(), database.name));
  stream::DumpCheck check;
  const auto member = writer.begin(database.member, MemberKind::kDump, encoding, &check);
  source.dump(database, *member, into(*member, step));
  member->finish();
  require_whole(database.name, check.facts());
  database.longest_statement = check.facts().longest_statement;
  step.done(fmt::format("{} tables", database.tables));
}

void write_files(archive::BackupWriter& writer, const Manifest::Files& files, Encoding encoding, ContentSource& source,
                 ui::Reporter& reporter) {
  ui::Step step(reporter, fmt::format("{} the shared files", source.doing()));
  const auto member = writer.begin(files.member, MemberKind::kFiles, encoding);
  source.files(files, *member, into(*member, step));
  member->finish();
  step.done(fmt::format("{} entries", files.entries));
}

}  // namespace

void check_local_room(const archive::BackupWriter& writer, std::uint64_t estimate) {
  check_local_room(writer.partial_path().empty() ? process::temporary_directory() / "" : writer.partial_path(),
                   estimate, writer.earlier_bytes());
}

void check_local_room(const std::filesystem::path& place, std::uint64_t estimate, std::uint64_t here) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(place, error);
  if (error || space.available + here >= estimate / 3) return;
  throw Error(fmt::format("The disk of {} has {} free; this backup is likely to need {} or more.",
                          place.parent_path().string(), ui::bytes_text(space.available), ui::bytes_text(estimate / 3)),
              "Write it elsewhere, with -o DIRECTORY/.");
}

void require_readable(const FilesFacts& facts) {
  if (facts.unreadable.empty()) return;
  throw Error(fmt::format("Among the shared files are some that the user of Exastro's pods cannot read: {}.",
                          some_of(facts.unreadable)),
              "Make them readable (chmod, chown) or remove them, and run the command again.");
}

std::uint64_t estimated_bytes(const std::vector<StockedServer>& stocked, const FilesFacts& facts) {
  std::uint64_t bytes = facts.bytes;
  for (const auto& entry : stocked) bytes += entry.inventory.bytes();
  return bytes;
}

void LiveContent::dump(const Manifest::Database& database, Member&, const kube::ByteHandler& sink) {
  for (auto& entry : stocked_) {
    if (entry.server.id != database.server) continue;
    Digested through(sink);
    entry.server.database.dump(database.name, encoding_, through.sink(), through.digest());
    return;
  }
  throw Error(fmt::format("There is no server {} to dump {} from.", database.server, database.name));
}

void LiveContent::files(const Manifest::Files&, Member&, const kube::ByteHandler& sink) {
  Digested through(sink);
  files_.pack(encoding_, through.sink(), through.digest());
}

void StagedContent::dump(const Manifest::Database& database, Member& member, const kube::ByteHandler& sink) {
  give(database.member, member, sink);
}

void StagedContent::files(const Manifest::Files& files, Member& member, const kube::ByteHandler& sink) {
  give(files.member, member, sink);
}

void StagedContent::give(const std::string& name, Member& member, const kube::ByteHandler& sink) {
  const StagedFile& file = staged_.at(name);
  given_.insert(name);
  if (file.bytes > kSmall) {
    const Beginning beginning = give_kept(cluster_, file, member, sink);
    if (!beginning.is_all) fetch(cluster_, file, sink, beginning.bytes);
    return;
  }
  if (!here_.contains(name)) fetch_with_others(name);
  const auto part = here_.extract(name);
  sink(std::as_bytes(std::span(part.mapped())));
}

void StagedContent::fetch_with_others(const std::string& member) {
  const StagedFile& first = staged_.at(member);
  std::vector<std::string> names{member};
  std::vector<const StagedFile*> files{&first};
  std::uint64_t bytes = first.bytes;
  for (const auto& [name, file] : staged_) {
    const bool alike = file.pod.namespace_ == first.pod.namespace_ && file.pod.name == first.pod.name &&
                       file.form == first.form && file.encoding == first.encoding;
    if (!alike || given_.contains(name) || here_.contains(name) || file.bytes > kSmall ||
        bytes + file.bytes > kMostHere)
      continue;
    names.push_back(name);
    files.push_back(&file);
    bytes += file.bytes;
  }
  auto parts = fetch_together(cluster_, files);
  for (std::size_t i = 0; i < parts.size(); ++i) here_[names[i]] = std::move(parts[i]);
}

void write_members(archive::BackupWriter& writer, BackupDraft& draft, ContentSource& source, ui::Reporter& reporter) {
  for (auto& database : draft.manifest.databases) write_dump(writer, database, draft.encoding, source, reporter);
  const auto add_small = [&](bool accounts) {
    for (const auto& small : draft.small) {
      if ((small.kind == MemberKind::kAccounts) == accounts) writer.add(small.name, small.kind, small.text);
    }
  };
  add_small(true);
  if (draft.manifest.files) write_files(writer, *draft.manifest.files, draft.encoding, source, reporter);
  add_small(false);
}

}  // namespace exastro
