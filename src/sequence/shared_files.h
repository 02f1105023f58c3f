// The shared files of IT Automation: looked at, packed and replaced by programs in a pod that mounts their claim.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kube/cluster.h"
#include "sequence/delivery.h"
#include "sequence/staging.h"

namespace exastro {

struct FilesFacts {
  std::uint64_t bytes = 0;      // on the disk, by `du`
  std::uint64_t available = 0;  // bytes free on the volume
  std::uint64_t entries = 0;
  std::uint64_t of_others = 0;  // entries that belong to another user than the pod's
  // At most a thousand each, relative to the claim's root.
  std::vector<std::string> unreadable;  // files and directories
  std::vector<std::string>
      immovable;                     // what this user may neither rename nor empty, so that no restore could replace it
  std::vector<std::string> special;  // sockets, pipes and devices: they hold no data and are left out
};

// A warning of old trees that are still there.
std::string old_trees_text(const std::vector<std::string>& trees);

class SharedFiles {
 public:
  // `path` is where the pod mounts the claim. The cluster must outlive this.
  SharedFiles(kube::Cluster& cluster, kube::Pod pod, std::string path)
      : cluster_(cluster), pod_(std::move(pod)), path_(std::move(path)) {}

  // Reads every directory, which takes seconds with some 100,000 files.
  FilesFacts facts();

  // Everything but lost+found, .snapshot and our own .exastro-* at the root, as a compressed tar, names
  // relative to the root. Throws Error if anything could not be read or changed meanwhile.
  void pack(archive::Encoding encoding, const kube::ByteHandler& sink, const kube::DigestOf& digest);

  // The same, in the pod, into a file that is kept there. Throws Error, and StagingFull.
  StagedFile stage_pack(StagingRequest request);

  // Unpacks such a tar into a directory beside the files; changes none of them. Throws Error.
  void unpack_beside(const std::string& run_id, archive::Encoding encoding, std::uint64_t size,
                     const kube::ByteSource& source, const kube::DigestOf& digest);
  // The same, of one that was delivered into the pod.
  void unpack_delivered(const std::string& run_id, const Delivered& delivered);
  // Puts what was unpacked in the place of what was there, by renaming. Throws Error; unless it was cut off, or could
  // not even do that, the old files are back then. With `keep_extra` the old tree is kept until merge_extra().
  // `goes_on`: a call before was cut off, nobody knows where, and does nothing any more.
  void replace(const std::string& run_id, bool keep_extra, bool goes_on = false);
  // Undoes that, whole or cut off wherever it was; does nothing if there is nothing to undo. Not after merge_extra().
  void put_back(const std::string& run_id);
  // Moves over what only the old tree has, also from one that an earlier run has left. Gives what could not be: the new
  // tree has something else of that name, or a right is missing. It stays where it says.
  std::vector<std::string> merge_extra(const std::string& run_id);
  // Removes what unpack_beside(), of this run or an earlier one, has left. Gives the old trees that replace() of a run
  // that was cut off has left.
  std::vector<std::string> discard_unpacked();
  // Removes that and what replace() has taken out of the tree; the root gets the time that it has in the run's tar.
  // Gives the old trees that are kept, as merge_extra() has left something in them, or was not called.
  std::vector<std::string> discard_all(const std::string& run_id);

 private:
  kube::Cluster& cluster_;
  kube::Pod pod_;
  std::string path_;
};

}  // namespace exastro
