#include "sequence/shared_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <sstream>

#include "error.h"
#include "sequence/compression.h"

namespace exastro {
namespace {

// `find` on all but what is not Exastro's own: the file system's, a snapshot's, and our own directories.
constexpr const char* kFind = R"sh(
LC_ALL=C
cd "$1" || { echo "cannot enter $1" >&2; exit 93; }
ours() { find . \( -path ./lost+found -o -path ./.snapshot -o -path './.exastro-*' \) -prune -o "$@"; }
)sh";

constexpr const char* kFacts = R"sh(
du -sk . 2>/dev/null | { read -r kib _ && echo "kib $kib"; }
df -Pk . | { read -r _ && read -r _ _ _ available _ && echo "available $available"; }
echo "entries $(ours -exec sh -c 'for f; do echo; done' sh {} + 2>/dev/null | wc -l)"
echo "others $(ours ! -user "$(id -u)" -exec sh -c 'for f; do echo; done' sh {} + 2>/dev/null | wc -l)"
ours \( -type f -o -type d \) -exec sh -c '
  for f; do
    if [ ! -r "$f" ] || { [ -d "$f" ] && [ ! -x "$f" ]; }; then printf "unreadable %s\n" "${f#./}"; fi
  done' sh {} + 2>/dev/null | head -n 1000
[ -w . ] || echo 'immovable .'
ours -type d ! -user "$(id -u)" -exec sh -c '
  for f; do [ -w "$f" ] || printf "immovable %s\n" "${f#./}"; done' sh {} + 2>/dev/null | head -n 1000
# In a sticky directory of another user, only the owner of an entry may rename it.
if [ -k . ] && [ ! -O . ]; then
  for f in * .[!.]* ..?*; do
    [ -e "$f" ] && [ ! -O "$f" ] && printf 'immovable %s\n' "$f"
  done
fi
ours ! -type f ! -type d ! -type l -exec sh -c '
  for f; do printf "special %s\n" "${f#./}"; done' sh {} + 2>/dev/null | head -n 1000
:
)sh";

// With GNU tar the names come from find, so that special files stay out; times in nanoseconds, owners as numbers.
constexpr const char* kPack = R"sh(
encode() { compress; }
produce() {
  if tar --version 2>/dev/null | grep -q GNU; then
    ours \( -type f -o -type d -o -type l \) -print0 >"$d/names" || return 94
    tar --null --no-recursion --files-from="$d/names" --format=posix --pax-option=delete=atime,delete=ctime \
      --numeric-owner -cf -
  else
    if [ -n "$(ours ! -type f ! -type d ! -type l -print | head -n 1)" ]; then
      echo 'this tar cannot leave out the sockets, pipes or devices among the files' >&2
      return 96
    fi
    tar --exclude=./lost+found --exclude=./.snapshot --exclude='./.exastro-*' -cf - .
  fi
}
)sh";

constexpr const char* kUnpackDelivered = R"sh(
root=$1 run=$2 file=$3 encoding=$4
produce() { from_delivered "$file" "$encoding" "$root" "$run"; }
)sh";

constexpr const char* kUnpack = R"sh(
decode() { decompress; }
consume() {
  new=$1/.exastro-restore-$2
  mkdir "$new" || return 95
  gnu=
  if tar --version 2>/dev/null | grep -q GNU; then gnu='--delay-directory-restore --numeric-owner'; fi
  tar -xpf - $gnu -C "$new" && touch -r "$new" "$1/.exastro-time-$2"
}
)sh";

// Renaming alone changes the tree. A directory that its owner may not write to can be renamed, but not into another
// directory, until it is made writable.
//
// "$old.whole" says that the old tree has left its place, and "$old.kept" that nobody may remove it yet. What a call
// was cut off at, another goes on with.
constexpr const char* kMove = R"sh(
root=$1 new=$1/.exastro-restore-$2 old=$1/.exastro-old-$2
move() {
  mv -- "$1" "$2/" 2>/dev/null && return 0
  [ -d "$1" ] && [ ! -L "$1" ] && [ ! -w "$1" ] || { mv -- "$1" "$2/"; return; }
  mode=$(stat -c %a "$1") && chmod u+rwx "$1" && mv -- "$1" "$2/" && chmod "$mode" "$2/${1##*/}"
}
move_all() {
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    [ -e "$entry" ] || [ -L "$entry" ] || continue
    if [ "$1" = "$root" ]; then
      case ${entry##*/} in lost+found | .snapshot | .exastro-*) continue ;; esac
    fi
    move "$entry" "$2" || return 1
  done
}
put_back() {
  if [ -e "$old.whole" ]; then
    { [ -d "$new" ] || mkdir "$new"; } && move_all "$root" "$new" && rm -f "$old.whole" || return
  fi
  [ ! -d "$old" ] || { move_all "$old" "$root" && rmdir "$old"; } || return
  rm -f "$old.kept"
}
)sh";

constexpr const char* kReplace = R"sh(
keep_extra=$3 goes_on=$4
if [ ! -e "$old.whole" ]; then
  chmod u+rwx "$new" && { [ "$goes_on" = 1 ] && [ -d "$old" ] || mkdir "$old"; } || exit 95
  # Not `:`, with which a shell ends if the file cannot be made.
  { [ "$keep_extra" != 1 ] || true >"$old.kept"; } && move_all "$root" "$old" && true >"$old.whole" || { put_back; exit 96; }
fi
# What is empty afterwards has been moved whole.
[ ! -d "$new" ] || { move_all "$new" "$root" && rmdir "$new"; } || { put_back; exit 96; }
)sh";

constexpr const char* kPutBack = R"sh(
put_back || exit 96
)sh";

// What only an old tree has is moved over whole; a directory that both have is gone into. What cannot be moved, or is
// in the way of a link or a file of the new tree, stays in the old tree, which is then kept.
constexpr const char* kMerge = R"sh(
is_open() { [ -r "$1" ] && [ -w "$1" ] && [ -x "$1" ]; }
merge() {
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    [ -e "$entry" ] || [ -L "$entry" ] || continue
    there=$2/${entry##*/}
    if [ ! -e "$there" ] && [ ! -L "$there" ]; then
      move "$entry" "$2" || printf 'kept %s\n' "$entry"
    elif [ -d "$entry" ] && [ ! -L "$entry" ]; then
      if [ -d "$there" ] && [ ! -L "$there" ]; then
        mode=
        is_open "$there" || { mode=$(stat -c %a "$there"); chmod u+rwx "$there"; }
        is_open "$entry" || chmod u+rwx "$entry"
        ( merge "$entry" "$there" )
        [ -z "$mode" ] || chmod "$mode" "$there"
      elif ! find "$entry" -type d ! -perm -700 -exec chmod u+rwx {} \; || [ -n "$(find "$entry" ! -type d | head -n 1)" ]; then
        printf 'kept %s\n' "$entry"
      fi
    fi
  done
}
for tree in "$root"/.exastro-old-*; do
  [ -d "$tree" ] || continue
  kept=$(merge "$tree" "$root")
  if [ -n "$kept" ]; then
    printf '%s\n' "$kept"
    true >"$tree.kept"
  else
    rm -f "$tree.kept"
  fi
done
)sh";

constexpr const char* kDiscard = R"sh(
cd "$1" || exit 93
for entry in .exastro-restore-* .exastro-old-* .exastro-time-*; do
  [ -e "$entry" ] || continue
  case $entry in
    .exastro-old-*)
      tree=${entry%.kept}
      tree=${tree%.whole}
      if [ "$2" != all ] || [ -e "$tree.kept" ]; then
        [ ! -d "$entry" ] || printf 'kept %s\n' "$entry"
        continue
      fi
      ;;
    ".exastro-time-${3:-}") exec 3<"$entry" ;;
  esac
  find "$entry" -type d ! -perm -700 -exec chmod u+rwx {} + 2>/dev/null
  rm -rf -- "$entry" || exit 98
done
# Last, the root's own time, where the pod's user may set it: every change above was one of the root.
touch -r /dev/fd/3 . 2>/dev/null
:
)sh";

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

FilesFacts parse_facts(const std::string& text) {
  FilesFacts facts;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    if (space == std::string::npos) continue;
    const std::string word = line.substr(0, space);
    const std::string rest = line.substr(space + 1);
    if (word == "kib") facts.bytes = number(rest) * 1024;
    if (word == "available") facts.available = number(rest) * 1024;
    if (word == "entries") facts.entries = number(rest);
    if (word == "others") facts.of_others = number(rest);
    if (word == "unreadable") facts.unreadable.push_back(rest);
    if (word == "immovable" && rest != "lost+found" && rest != ".snapshot") facts.immovable.push_back(rest);
    if (word == "special") facts.special.push_back(rest);
  }
  return facts;
}

std::vector<std::string> kept_of(const std::string& text) {
  std::istringstream lines(text);
  std::vector<std::string> kept;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("kept ")) kept.push_back(line.substr(5));
  }
  return kept;
}

// `parts` is how many programs the pipeline has: one that was killed reports nothing.
void judge(const char* what, const kube::StreamReport& report, std::size_t parts) {
  if (report.all_zero() && report.statuses.size() == parts) return;
  throw Error(
      fmt::format("{} failed: {}", what, report.messages.empty() ? "a program in the pod failed" : report.messages));
}

}  // namespace

std::string old_trees_text(const std::vector<std::string>& trees) {
  return fmt::format(
      "A restore has left shared files that it took out of the way; they are still beside the present ones: {}. If you "
      "want none of them, remove them. A restore with --keep-extra puts back in place what is in none but these.",
      fmt::join(trees, ", "));
}

FilesFacts SharedFiles::facts() {
  return parse_facts(cluster_.run(pod_, {std::string(kFind) + kFacts, {path_}, ""}, ""));
}

void SharedFiles::pack(archive::Encoding encoding, const kube::ByteHandler& sink, const kube::DigestOf& digest) {
  const kube::Script script{compression_functions(encoding) + kFind + kPack, {path_}, ""};
  judge("Packing the shared files", cluster_.download(pod_, script, sink, digest), 3);
}

StagedFile SharedFiles::stage_pack(StagingRequest request) {
  request.items = {"the shared files"};
  return stage(cluster_, pod_, {compression_functions(request.encoding) + kFind + kPack, {path_}, ""}, request,
               "tar and " + compression_program(request.encoding))
      .files.front();
}

void SharedFiles::unpack_beside(const std::string& run_id, archive::Encoding encoding, std::uint64_t size,
                                const kube::ByteSource& source, const kube::DigestOf& digest) {
  judge("Unpacking the shared files",
        cluster_.upload(pod_, {compression_functions(encoding) + kUnpack, {path_, run_id}, ""}, size, source, digest),
        4);
}

void SharedFiles::unpack_delivered(const std::string& run_id, const Delivered& delivered) {
  StagingRequest request = use_of_delivered("unpacking-" + run_id, "Unpacking");
  request.items = {"the shared files"};
  stage(cluster_, pod_,
        {kUnpackDelivered + delivered_functions() + kUnpack,
         {path_, run_id, delivered.name, std::string(to_string(delivered.encoding))},
         ""},
        request, "tar or what unpacks for it");
}

void SharedFiles::replace(const std::string& run_id, bool keep_extra, bool goes_on) {
  const auto word = [](bool flag) { return flag ? "1" : "0"; };
  cluster_.run(pod_, {std::string(kMove) + kReplace, {path_, run_id, word(keep_extra), word(goes_on)}, ""}, "");
}

void SharedFiles::put_back(const std::string& run_id) {
  cluster_.run(pod_, {std::string(kMove) + kPutBack, {path_, run_id}, ""}, "");
}

std::vector<std::string> SharedFiles::merge_extra(const std::string& run_id) {
  return kept_of(cluster_.run(pod_, {std::string(kMove) + kMerge, {path_, run_id}, ""}, ""));
}

std::vector<std::string> SharedFiles::discard_unpacked() {
  return kept_of(cluster_.run(pod_, {kDiscard, {path_, "unpacked"}, ""}, ""));
}

std::vector<std::string> SharedFiles::discard_all(const std::string& run_id) {
  return kept_of(cluster_.run(pod_, {kDiscard, {path_, "all", run_id}, ""}, ""));
}

}  // namespace exastro
