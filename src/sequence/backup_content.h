// What a backup holds, member by member: from where it is, into the file.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "archive/backup_writer.h"
#include "sequence/backup_draft.h"
#include "sequence/staging.h"

namespace exastro {

// Throws Error if the disk that the backup is written to cannot take a third of what there is: compression seldom does
// better.
void check_local_room(const archive::BackupWriter& writer, std::uint64_t estimate);
// The same for the disk of a file that has `here` bytes of it already.
void check_local_room(const std::filesystem::path& place, std::uint64_t estimate, std::uint64_t here = 0);

// Throws Error that names some of the shared files that cannot be read.
void require_readable(const FilesFacts& facts);

// What a backup without one lock over all of a server's dumps is to say, in the middle of a sentence.
inline constexpr std::string_view kMomentsApart =
    "each database was read at a moment of its own: a write of Keycloak or an API in between may be in one and not in "
    "another";

// Bytes that the backup would have uncompressed, by what the servers and the volume say.
std::uint64_t estimated_bytes(const std::vector<StockedServer>& stocked, const FilesFacts& facts);

// Where the large members come from.
class ContentSource {
 public:
  virtual ~ContentSource() = default;
  // What a person is told that is done: "Dumping".
  [[nodiscard]] virtual std::string_view doing() const = 0;
  // SQL of one database, and the tar of the shared files, compressed. They throw Error.
  // `member` is what `sink` writes to: of what an earlier run has left in it, a source may take some.
  using Member = archive::BackupWriter::Member;
  virtual void dump(const archive::Manifest::Database& database, Member& member, const kube::ByteHandler& sink) = 0;
  virtual void files(const archive::Manifest::Files& files, Member& member, const kube::ByteHandler& sink) = 0;
};

// From the servers and the volume themselves, which must stand still meanwhile.
class LiveContent : public ContentSource {
 public:
  // The first two must outlive it.
  LiveContent(std::vector<StockedServer>& stocked, SharedFiles& files, archive::Encoding encoding)
      : stocked_(stocked), files_(files), encoding_(encoding) {}
  [[nodiscard]] std::string_view doing() const override { return "Dumping"; }
  void dump(const archive::Manifest::Database& database, Member& member, const kube::ByteHandler& sink) override;
  void files(const archive::Manifest::Files& files, Member& member, const kube::ByteHandler& sink) override;

 private:
  std::vector<StockedServer>& stocked_;
  SharedFiles& files_;
  archive::Encoding encoding_;
};

// From the maintenance pods, which hold what was read; by the names of the members.
class StagedContent : public ContentSource {
 public:
  StagedContent(kube::Cluster& cluster, const std::map<std::string, StagedFile>& staged)
      : cluster_(cluster), staged_(staged) {}
  [[nodiscard]] std::string_view doing() const override { return "Fetching"; }
  void dump(const archive::Manifest::Database& database, Member& member, const kube::ByteHandler& sink) override;
  void files(const archive::Manifest::Files& files, Member& member, const kube::ByteHandler& sink) override;

 private:
  void give(const std::string& name, Member& member, const kube::ByteHandler& sink);
  // Fetches a small member with others like it that are not here yet.
  void fetch_with_others(const std::string& member);

  kube::Cluster& cluster_;
  const std::map<std::string, StagedFile>& staged_;
  std::map<std::string, std::string> here_;  // fetched and not given yet, by the names of the members
  std::set<std::string> given_;
};

// Every member, in the order of docs/backup-format.md, into a file that is not finished yet. Adds to the draft what
// only the dumps tell. Throws Error, also if a dump is not whole.
void write_members(archive::BackupWriter& writer, BackupDraft& draft, ContentSource& source, ui::Reporter& reporter);

}  // namespace exastro
