// Writes a backup file that exists under its name only when it is whole.
//
//   BackupWriter writer("/backups/" + backup_file_name(...), false);
//   auto dump = writer.begin(dump_member_name(...), MemberKind::kDump, Encoding::kGzip, &dump_check);
//   ... dump->write(bytes) ...
//   dump->finish();
//   writer.add(keys_member_name(), MemberKind::kKeys, text);
//   writer.finish(manifest);
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "archive/file_descriptor.h"
#include "archive/manifest.h"
#include "stream/sink.h"

namespace exastro::archive {

// One writer is used by one thread at a time. After an exception from it or a member, and after a member that was not
// finished, only keep(), drop() and destruction are sensible.
class BackupWriter {
 public:
  // A member that is being written. Ends with finish().
  class Member : public stream::Sink {
   public:
    // Called from one thread; the bytes go to the file behind a header that finish() fills in. Throws Error when the
    // disk is full, and for Encoding::kGzip when the bytes are not gzip.
    void write(std::span<const std::byte> bytes) override = 0;
    // Ends the member: the gzip must be whole; finishes the observer. Throws Error.
    void finish() override = 0;
    // How many bytes an earlier run has left in the file from the member's beginning on. They may be this member's
    // first, or anything.
    [[nodiscard]] virtual std::uint64_t kept() const = 0;
    // Reads them, from the member's byte `offset` on, until `room` is full. What is to be written, too, has to be read
    // before as many bytes are written. Throws Error.
    virtual void read_kept(std::span<std::byte> room, std::uint64_t offset) const = 0;
    // They are anything: cuts them off. Throws Error.
    virtual void forget_kept() = 0;
    // Stored and plain bytes so far.
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    [[nodiscard]] virtual std::uint64_t plain_size() const = 0;
    // Digests in lower-case hex, valid after finish().
    [[nodiscard]] virtual const std::string& sha256() const = 0;
    [[nodiscard]] virtual const std::string& plain_sha256() const = 0;
  };

  // Creates a PartialFile for a backup that will be `final_path`. Throws Error as that does.
  explicit BackupWriter(std::filesystem::path final_path, bool overwrite = false);
  // For a backup of which an earlier run may have left a part, see PartialFile. Its members are to be written in the
  // same order; what a member can take of it is asked of the member.
  BackupWriter(std::filesystem::path final_path, const std::string& waiting_name);
  BackupWriter(std::filesystem::path, const char*) = delete;  // it would be `overwrite`

  // A backup without a name, in a temporary file in `directory` that has no name either: for `-o -`. After finish(),
  // copy_to() gives it out.
  static BackupWriter unnamed(const std::filesystem::path& directory);

  BackupWriter(BackupWriter&&) noexcept;
  BackupWriter& operator=(BackupWriter&&) noexcept;
  // Removes the partial file if finish() was not reached, and it is not kept.
  ~BackupWriter();

  // See PartialFile; they do nothing for a backup without a name. The last two are for the end of a run that failed.
  void wait_as(const std::string& waiting_name);
  [[nodiscard]] bool is_waiting() const;
  void keep() noexcept;
  void drop() noexcept;
  // What the partial file held when it was opened.
  [[nodiscard]] std::uint64_t earlier_bytes() const;

  // Begins a member whose length is not known yet. One at a time; the writer must outlive it. `plain_observer`, if
  // any, is given the plain (inflated) bytes as they pass, and finished with the member; it must outlive the member.
  // Throws Error if the name is not allowed or taken.
  [[nodiscard]] std::unique_ptr<Member> begin(const std::string& name, MemberKind kind, Encoding encoding,
                                              stream::Sink* plain_observer = nullptr);

  // A whole member from memory, stored as it is. Returns its digest in hex.
  std::string add(const std::string& name, MemberKind kind, std::string_view text);

  // Fills manifest.members (and created_at, if empty), writes the manifest and the digests, syncs, and gives the file
  // its name. Throws Error if the manifest contradicts the members, or the name was taken meanwhile (and not
  // `overwrite`); then no file has the name.
  void finish(Manifest manifest);

  // Bytes written so far, the size of the file after finish().
  [[nodiscard]] std::uint64_t size() const;
  // The final path; empty if unnamed.
  [[nodiscard]] const std::filesystem::path& path() const;
  // The file with the bytes so far; empty if unnamed.
  [[nodiscard]] const std::filesystem::path& partial_path() const;

  // The finished file's bytes, written to `fd` (a pipe, say). Throws Error.
  void copy_to(int fd) const;
  // Some of them, from `offset` on, for who pulls them; how many bytes, 0 at the end. Throws Error.
  [[nodiscard]] std::size_t read_at(std::span<std::byte> buffer, std::uint64_t offset) const;

  // The finished file of a writer without a name, for BackupReader::open(). Throws Error if it is not finished.
  [[nodiscard]] FileDescriptor release();

 private:
  class State;
  class OpenMember;
  explicit BackupWriter(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace exastro::archive
