#include "sequence/backup_content.h"

#include <fmt/format.h>

#include <filesystem>

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

void write_dump(archive::BackupWriter& writer, Manifest::Database& database, Encoding encoding, ContentSource& source,
                ui::Reporter& reporter) {
  ui::Step step(reporter, fmt::format("{} database {}", source.doing(), database.name));
  stream::DumpCheck check;
  const auto member = writer.begin(database.member, MemberKind::kDump, encoding, &check);
  source.dump(database, into(*member, step));
  member->finish();
  require_whole(database.name, check.facts());
  database.longest_statement = check.facts().longest_statement;
  step.done(fmt::format("{} tables", database.tables));
}

void write_files(archive::BackupWriter& writer, const Manifest::Files& files, Encoding encoding, ContentSource& source,
                 ui::Reporter& reporter) {
  ui::Step step(reporter, fmt::format("{} the shared files", source.doing()));
  const auto member = writer.begin(files.member, MemberKind::kFiles, encoding);
  source.files(files, into(*member, step));
  member->finish();
  step.done(fmt::format("{} entries", files.entries));
}

}  // namespace

void check_local_room(const archive::BackupWriter& writer, std::uint64_t estimate) {
  check_local_room(writer.partial_path().empty() ? std::filesystem::temp_directory_path() / "" : writer.partial_path(),
                   estimate);
}

void check_local_room(const std::filesystem::path& place, std::uint64_t estimate) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(place, error);
  if (error || space.available >= estimate / 3) return;
  throw Error(fmt::format("The disk of {} has {} free; this backup is likely to need {} or more.",
                          place.parent_path().string(), ui::bytes_text(space.available), ui::bytes_text(estimate / 3)),
              "Write it elsewhere: -o DIRECTORY/");
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

void LiveContent::dump(const Manifest::Database& database, const kube::ByteHandler& sink) {
  for (auto& entry : stocked_) {
    if (entry.server.id != database.server) continue;
    Digested through(sink);
    entry.server.database.dump(database.name, encoding_, through.sink(), through.digest());
    return;
  }
  throw Error(fmt::format("There is no server {} to dump {} from.", database.server, database.name));
}

void LiveContent::files(const Manifest::Files&, const kube::ByteHandler& sink) {
  Digested through(sink);
  files_.pack(encoding_, through.sink(), through.digest());
}

void StagedContent::dump(const Manifest::Database& database, const kube::ByteHandler& sink) {
  give(database.member, sink);
}

void StagedContent::files(const Manifest::Files& files, const kube::ByteHandler& sink) { give(files.member, sink); }

void StagedContent::give(const std::string& member, const kube::ByteHandler& sink) {
  const StagedFile& file = staged_.at(member);
  given_.insert(member);
  if (file.bytes > kSmall) return fetch(cluster_, file, sink);
  if (!here_.contains(member)) fetch_with_others(member);
  const auto part = here_.extract(member);
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
