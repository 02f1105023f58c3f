// A dump on its way from the backup into a server: whole, or parts of it, with DEFINER clauses or without.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "archive/backup_reader.h"
#include "kube/cluster.h"
#include "stream/range_filter.h"

namespace exastro {

struct DumpCut {
  std::vector<stream::Range> ranges;  // of the plain bytes; none: all
  bool strip_definers = false;
};

// Bytes are compressed on the way out. Memory does not grow with the dump.
class MemberSource {
 public:
  // The reader must outlive it. `member` is compressed; `understood` is what the pod can unpack, as best_encoding()
  // gives it.
  MemberSource(const archive::BackupReader& reader, std::string member, DumpCut cut, archive::Encoding understood);
  ~MemberSource();
  MemberSource(const MemberSource&) = delete;
  MemberSource& operator=(const MemberSource&) = delete;

  // What the bytes that it gives are compressed with: as they are stored, or with gzip if they are changed.
  [[nodiscard]] archive::Encoding encoding() const;
  // How many bytes it will give. Reads the whole dump if it is to be changed: what comes out of a filter is known only
  // then.
  std::uint64_t size();
  // From its beginning again.
  void rewind();
  // Gives the next bytes; 0 at the end.
  std::size_t read(std::span<std::byte> room);
  // SHA-256 of all that was given.
  std::string digest();
  // How many DEFINER clauses were taken out, by account.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& removed_definers() const { return removed_; }

 private:
  class Pass;

  const archive::BackupReader& reader_;
  std::string member_;
  DumpCut cut_;
  bool changed_;  // not given as it is stored
  std::unique_ptr<Pass> pass_;
  std::map<std::string, std::uint64_t> removed_;
};

}  // namespace exastro
