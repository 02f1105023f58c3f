#include "sequence/delivery.h"

#include <fmt/format.h>

#include "sequence/staging.h"

namespace exastro {
namespace {

constexpr const char* kKeep = R"sh(
consume() { mkdir -p "$base/delivered" && cat >"$base/delivered/$1"; }
)sh";

constexpr const char* kUse = R"sh(
unpack() { if [ "$1" = zstd ]; then zstd -q -d -c; else gzip -dc; fi; }
from_delivered() {
  { unpack "$2" <"$base/delivered/$1"; echo $? >"$d/unpacked"; } | { shift 2; consume "$@"; } || return
  read -r unpacked <"$d/unpacked" && return "$unpacked"
}
)sh";

constexpr std::size_t kParts = 4;  // of an upload
// Pipes and sockets on the way take some megabytes, also of a line that leads nowhere any more.
constexpr std::uint64_t kOnTheWay = std::uint64_t{8} << 20;

}  // namespace

Delivered deliver(kube::Cluster& cluster, const kube::Pod& pod, const std::string& name,
                  const std::function<std::unique_ptr<MemberSource>()>& make_source, const Passed& passed) {
  Delivered delivered;
  int tries = 0;
  through_cuts(cluster, pod, [&](bool& moved) {
    const auto source = make_source();
    std::uint64_t sent = 0;
    // What was cut off may still write to its file.
    delivered.name = fmt::format("{}-{}", name, ++tries);
    delivered.encoding = source->encoding();
    const auto report = cluster.upload(
        pod, {staged_base() + kKeep, {delivered.name}, ""}, source->size(),
        [&](std::span<std::byte> room) {
          const std::size_t count = source->read(room);
          sent += count;
          moved = sent > kOnTheWay;
          passed(count);
          return count;
        },
        [&] { return source->digest(); });
    if (!report.all_zero() || report.statuses.size() != kParts) {
      throw Error(fmt::format("The maintenance pod could not keep what is to be restored: {}", report.messages),
                  "Load it as it arrives instead: kubectl exastro restore --staging never");
    }
    delivered.removed_definers = source->removed_definers();
  });
  return delivered;
}

std::string delivered_functions() { return kUse; }

}  // namespace exastro
