// Reads and proves a backup: a tar file, or a directory with its unpacked members. Input is taken as hostile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "archive/file_descriptor.h"
#include "archive/manifest.h"
#include "stream/dump_check.h"
#include "stream/sink.h"

namespace exastro::archive {

// Every method that finds the backup wanting throws Error with ExitStatus::kDamaged (open() also kNotABackup), and a
// message that names the backup and the member. Methods are const and may be called from several threads at once.
class BackupReader {
 public:
  // Bytes proved so far and in total, both stored bytes. May throw to stop (Ctrl-C, say).
  using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

  // What a dump holds, told when everything has been proved.
  using OnDump = std::function<void(const Manifest::Member&, const stream::DumpFacts&)>;

  // A member's stored bytes, piece by piece, for who pulls them. The reader must outlive it.
  class MemberStream {
   public:
    MemberStream(MemberStream&&) noexcept;
    ~MemberStream();
    // The next piece, valid until the next call; empty at the end. Throws there if the digest is wrong.
    std::span<const std::byte> next();

   private:
    friend class BackupReader;
    struct Position;
    explicit MemberStream(std::unique_ptr<Position> position);
    std::unique_ptr<Position> position_;
  };

  struct Verified {
    std::uint64_t members = 0;
    std::uint64_t stored_bytes = 0;
    std::uint64_t plain_bytes = 0;
    std::uint64_t file_entries = 0;  // in the tar of the shared files
  };

  // Opens a backup and checks its outside: names and kinds of entries, the order, the end, manifest and digest list
  // against each other and against the entries. Does not read the data members. Throws Error with kNotFound if
  // there is no such file, kDamaged if it is damaged, kNotABackup if it is something else.
  static BackupReader open(const std::filesystem::path& path);
  // The same for a file that is open already, such as a spooled one; `shown` is its name in messages.
  static BackupReader open(FileDescriptor file, const std::string& shown);

  BackupReader(BackupReader&&) noexcept;
  BackupReader& operator=(BackupReader&&) noexcept;
  ~BackupReader();

  [[nodiscard]] const Manifest& manifest() const;
  // Throws Error with kDamaged if there is none.
  [[nodiscard]] const Manifest::Member& member(std::string_view name) const;
  [[nodiscard]] const std::string& shown() const;  // for messages

  // A member's stored bytes into `stored`, then its finish(). Throws before finish() if the digest is wrong.
  void read(std::string_view name, stream::Sink& stored) const;
  // A member's plain bytes into `plain`, never more than the manifest says, then its finish(). Throws before finish()
  // if size or digest is wrong.
  void read_plain(std::string_view name, stream::Sink& plain) const;
  // A small member's plain bytes. Throws also if it is longer than `limit` bytes.
  [[nodiscard]] std::string read_text(std::string_view name, std::size_t limit = std::size_t{64} << 20) const;

  // `most` is the size of the largest piece.
  [[nodiscard]] MemberStream stream(std::string_view name, std::size_t most = std::size_t{256} << 10) const;

  // Proves everything: each digest, each gzip to its end, each dump's completion mark, each entry of the shared files;
  // several members at once. Both functions are called on this thread.
  Verified verify(const Progress& progress = {}, const OnDump& on_dump = {}) const;

 private:
  class State;
  explicit BackupReader(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace exastro::archive
