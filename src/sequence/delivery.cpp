#include "sequence/delivery.h"

#include <fmt/format.h>

#include <atomic>

#include "archive/parallel.h"
#include "sequence/compression.h"

namespace exastro {
namespace {

// What an earlier try has brought gives its room back, also if that still writes.
constexpr const char* kKeep = R"sh(
consume() { mkdir -p "$base/delivered" && rm -f "$base/delivered/$2"-* && cat >"$base/delivered/$1"; }
)sh";

// The reading has an end of its own: what is unpacked then is all of it.
constexpr const char* kKeepPlain = R"sh(
decode() { decompress; }
consume() {
  mkdir -p "$base/delivered" && rm -f "$base/delivered/$2"-* && sql "$3" >"$base/delivered/$1" && [ -e "$d/passed" ]
}
)sh";

constexpr const char* kSql = R"sh(
LC_ALL=C
sql() {
  taken=0
  if IFS= read -r first; then
    case $first in *'enable the sandbox mode'*) ;; *) printf '%s\n' "$first" ;; esac
    taken=$((${#first} + 1))
  fi
  if [ "$1" -eq 0 ]; then cat; else head -c "$(($1 - taken))"; fi && : >"$d/passed"
  # The rest must be read even if it is not wanted: who sends it counts what has arrived.
  cat >/dev/null
}
)sh";

constexpr const char* kUse = R"sh(
from_delivered() {
  encoding=$2
  { decode <"$base/delivered/$1"; echo $? >"$d/decoded"; } | { shift 2; consume "$@"; } || return
  read -r decoded <"$d/decoded" && return "$decoded"
}
)sh";

// A statement may take as long as it takes, an index of a large table say, and so may many files.
constexpr std::chrono::hours kLongestUse{24};

constexpr std::size_t kParts = 4;  // of an upload
// Pipes and sockets on the way take some megabytes, also of a line that leads nowhere any more.
constexpr std::uint64_t kOnTheWay = std::uint64_t{8} << 20;

}  // namespace

void make_all(const std::vector<Transfer>& transfers, ui::Step& step, unsigned threads) {
  std::atomic<std::uint64_t> moved = 0;
  archive::each_in_parallel(
      transfers.size(),
      [&](std::size_t number, const std::atomic<bool>& stop) {
        transfers[number]([&](std::uint64_t bytes) {
          if (stop) throw archive::Stopped{};
          moved += bytes;
        });
      },
      [&] { step.add(moved - step.bytes()); }, threads);
}

Delivered deliver(kube::Cluster& cluster, const kube::Pod& pod, const std::string& name, MemberSource& source,
                  const Passed& passed, std::optional<std::uint64_t> plain) {
  Delivered delivered{"", source.encoding(), plain ? StagedForm::kPlain : StagedForm::kCompressed};
  const std::string keep = plain ? compression_functions(source.encoding()) + dump_functions() + kKeepPlain : kKeep;
  int tries = 0;
  through_cuts(cluster, pod, [&](bool& moved) {
    source.rewind();
    std::uint64_t sent = 0;
    // What was cut off may still write to its file.
    delivered.name = fmt::format("{}-{}", name, ++tries);
    const auto report = cluster.upload(
        pod, {staged_base() + keep, {delivered.name, name, std::to_string(plain.value_or(0))}, ""}, source.size(),
        [&](std::span<std::byte> room) {
          const std::size_t count = source.read(room);
          sent += count;
          moved = sent > kOnTheWay;
          passed(count);
          return count;
        },
        [&] { return source.digest(); });
    if (!report.all_zero() || report.statuses.size() != kParts) {
      throw Error(fmt::format("The maintenance pod could not keep what is to be restored: {}", report.messages),
                  "Load it as it arrives instead: kubectl exastro restore --staging never");
    }
  });
  return delivered;
}

StagingRequest use_of_delivered(std::string group, std::string task) {
  StagingRequest request;
  request.group = std::move(group);
  request.reserve_percent = 0;  // to stop half-way would be worse than a full disk, and it needs no more of the pod's
  request.patience = kLongestUse;
  request.task = std::move(task);
  return request;
}

std::string dump_functions() { return kSql; }

std::string delivered_functions() {
  return fmt::format("decompress() {{ if [ \"$encoding\" = {} ]; then {}; else {}; fi; }}\n",
                     to_string(archive::Encoding::kZstd), decompress_command(archive::Encoding::kZstd),
                     decompress_command(archive::Encoding::kGzip)) +
         kUse;
}

}  // namespace exastro
