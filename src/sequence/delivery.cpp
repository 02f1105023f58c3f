#include "sequence/delivery.h"

#include <fmt/format.h>

#include <atomic>

#include "archive/parallel.h"
#include "sequence/compression.h"

namespace exastro {
namespace {

// What earlier tries have brought gives its room back, also if they still write.
constexpr const char* kKeep = R"sh(
room_of_earlier() {
  file=$base/delivered/$1-$2
  mkdir -p "$base/delivered" || return
  n=1
  while [ "$n" -lt "$2" ]; do
    earlier=$base/delivered/$1-$n
    [ ! -e "$earlier" ] || { : >"$earlier" && rm -f "$earlier"; } || return
    n=$((n + 1))
  done
}
consume() { room_of_earlier "$1" "$2" && cat >"$file" || { rm -f "$file"; return 1; }; }
)sh";

// How long it is lies beside it: in the end nothing in it says so any more.
constexpr const char* kKeepPlain = R"sh(
decode() { decompress; }
consume() {
  room_of_earlier "$1" "$2" && sql "$3" >"$file" && wc -c <"$file" >"$file.size" && cat >/dev/null ||
    { rm -f "$file"; return 1; }
}
)sh";

constexpr const char* kSql = R"sh(
LC_ALL=C
sql() {
  taken=0
  if IFS= read -r first; then
    case $first in *'enable the sandbox mode'*) ;; *) printf '%s\n' "$first" || return ;; esac
    taken=$((${#first} + 1))
  fi
  if [ "$1" -eq 0 ]; then cat; else head -c "$(($1 - taken))"; fi
}
)sh";

constexpr const char* kUse = R"sh(
from_delivered() {
  encoding=$2
  { decode <"$base/delivered/$1"; echo $? >"$d/decoded"; } | { shift 2; consume "$@"; } || return
  read -r decoded <"$d/decoded" && return "$decoded"
}
with_delivered() {
  file=$base/delivered/$1
  shift
  [ "$(wc -c <"$file")" = "$(cat "$file.size")" ] || { echo 'what was brought into the pod is not all there' >&2; return 1; }
  "$@" <"$file" && rm -f "$file"
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
  std::string keep = staged_base() + kKeep;
  if (plain) keep += compression_functions(source.encoding()) + dump_functions() + kKeepPlain;
  int tries = 0;
  through_cuts(cluster, pod, [&](bool& moved) {
    source.rewind();
    std::uint64_t sent = 0;
    // What was cut off may still write to its file.
    const std::string number = std::to_string(++tries);
    delivered.name = name + "-" + number;
    const auto report = cluster.upload(
        pod, {keep, {name, number, std::to_string(plain.value_or(0))}, ""}, source.size(),
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
                  "Load it as it arrives instead: add --staging never to the command");
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
