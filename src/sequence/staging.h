// What a backup reads, kept in the maintenance pod until it is fetched: the services need not wait for the way to here.
//
// The programs that read run detached in the pod. A connection that breaks does not end them: whoever has begun them
// watches them again. They end with the pod.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/manifest.h"
#include "kube/cluster.h"

namespace exastro {

// Whether the pod is there and has not ended. True as well if the API server does not say so.
bool is_there(kube::Cluster& cluster, const kube::Pod& pod);

// A node whose disk is nearly full evicts pods, and the database may be one of them.
inline constexpr unsigned kReservePercent = 15;

// Where a pod keeps it, and what may read at the same time.
struct StagingRoom {
  std::string pod;
  std::uint64_t total = 0;      // bytes of the file system, which the node's other pods use, too
  std::uint64_t available = 0;  // bytes
  unsigned processors = 1;
  std::optional<std::uint64_t> limit = std::nullopt;  // bytes after which the pod itself is evicted

  // Bytes that stay free.
  [[nodiscard]] std::uint64_t reserve() const { return total / 100 * kReservePercent; }
  // Bytes that can be kept: of the pod's limit, and of both.
  [[nodiscard]] std::optional<std::uint64_t> usable_of_limit() const;
  [[nodiscard]] std::uint64_t usable() const;
};

// Throws Error.
StagingRoom look_at_room(kube::Cluster& cluster, const kube::Pod& pod);

// kPlain is the quickest to write, and is compressed on its way out; kCompressed takes a third of the room.
enum class StagedForm { kPlain, kCompressed };

// Which of them has room for data of so many bytes; absent if none has.
std::optional<StagedForm> form_that_fits(const StagingRoom& room, std::uint64_t bytes);

// There was no room after all. What reads goes on in the pod, which has to be renewed.
class StagingFull : public Error {
 public:
  using Error::Error;
};

struct StagingRequest {
  std::string group;  // of files, unique in the pod: letters, digits and '-'
  StagedForm form = StagedForm::kPlain;
  archive::Encoding encoding = archive::Encoding::kGzip;  // what it is to be compressed with, now or on its way out
  unsigned slots = 1;                                     // how many items are read at the same time
  std::vector<std::string> items;                         // in the order in which they are begun; none has a line break
  unsigned reserve_percent = kReservePercent;             // of the pod's disk, that stay free
  std::chrono::seconds patience{900};                     // with reading that brings nothing
  // In words of an error: what is done with an item, and the items' names, if they are not the items themselves.
  std::string task = "Reading";
  std::vector<std::string> names = {};
  std::optional<std::uint64_t> most_bytes = std::nullopt;  // that the pod may keep
};

struct StagedFile {
  kube::Pod pod;
  std::string group;
  std::size_t number = 0;  // in the group, from 1
  StagedForm form = StagedForm::kPlain;
  archive::Encoding encoding = archive::Encoding::kGzip;
  std::uint64_t bytes = 0;  // as it is kept
};

struct Staged {
  std::vector<StagedFile> files;  // in the order of the items
  std::string note;               // what the script wrote to "$s/note", if anything
};

// Runs the script's function `produce ITEM` for every item, in the pod, each into a file; `encode`, if the script has
// it, is what compresses. `before` and `after`, if it has them, are called around all of that. Returns when all are
// whole. `programs` names produce and encode in errors. Throws Error with the programs' words, and StagingFull.
Staged stage(kube::Cluster& cluster, const kube::Pod& pod, const kube::Script& script, const StagingRequest& request,
             const std::string& programs);

// A line of shell that sets `base`, the folder in a pod for whatever is staged. What stage() runs has it.
std::string staged_base();

// How long a connection is tried for that brings nothing. A try on a line that leads nowhere ends within a minute, by
// the stall: one that took longer than `answered` had a pod at its other end, though it brought nothing.
struct CutPatience {
  std::chrono::milliseconds in_vain = std::chrono::minutes(5);
  std::chrono::milliseconds answered = std::chrono::minutes(2);
};

// Does something in a pod that may be begun again when the connection breaks, until it is tried in vain for too long,
// the pod is gone, or what is wrong is not the connection. `work` says whether it has moved anything.
void through_cuts(kube::Cluster& cluster, const kube::Pod& pod, const std::function<void(bool& moved)>& work,
                  const CutPatience& patience = {});

// Streams a staged file, compressed, from its byte `from` on. A stream that is cut goes on where it was, until none has
// brought anything for some minutes or the pod is gone. Throws Error.
void fetch(kube::Cluster& cluster, const StagedFile& file, const kube::ByteHandler& sink, std::uint64_t from = 0);

// The beginning of what fetch() would stream.
struct Beginning {
  std::uint64_t bytes = 0;  // fewer than were asked for if there are no more
  std::string sha256;       // hexadecimal; empty if the image has no sha256sum
  bool is_all = false;      // there are no more; if it is false, there may be
};
// Of at most so many bytes. Throws Error.
Beginning beginning_of(kube::Cluster& cluster, const StagedFile& file, std::uint64_t bytes);

// The same for several small ones of one pod, form and encoding, as starting a program in a pod takes longer than they
// do. Gives each of them, compressed.
std::vector<std::string> fetch_together(kube::Cluster& cluster, const std::vector<const StagedFile*>& files);

// A text that is kept beside the files for another run, and read again. Throws Error.
void stage_text(kube::Cluster& cluster, const kube::Pod& pod, const std::string& text);
std::string staged_text(kube::Cluster& cluster, const kube::Pod& pod);

}  // namespace exastro
