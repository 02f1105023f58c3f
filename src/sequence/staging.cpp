#include "sequence/staging.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <sstream>
#include <thread>

#include "exastro/maintenance_pod.h"
#include "process/interrupt.h"
#include "sequence/compression.h"
#include "stream/digest.h"

namespace exastro {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenTries{2};

// Bytes of a stream that a slow pod makes in vain in a second, on the way to where it is to go on.
constexpr std::uint64_t kPassedInASecond = std::uint64_t{1} << 20;

// On the volume of the pod that is its own, and ends with it.
constexpr const char* kBase = "base=${TMPDIR:-/tmp}/exastro-staged\n";

constexpr const char* kNothingAround = R"sh(
before() { :; }
after() { :; }
)sh";

constexpr const char* kRoom = R"sh(
df -Pk "${TMPDIR:-/tmp}" | { read -r _ && read -r _ total _ available _ && echo "$total $available $(nproc 2>/dev/null || echo 1)"; }
)sh";

// The programs are begun by whoever makes the group's directory first; all others watch. A slot takes the next item
// that no other slot has. What has ended tells by a file, so that it can be seen from another shell.
constexpr const char* kStage = R"sh(
s=$base/$g
items=$(cat)
room() {
  df -Pk "$base" | { read -r _ && read -r _ total _ available _ && [ "$available" -ge $((total / 100 * reserve)) ]; } &&
    { [ "$most" = none ] || du -sk "$base" | { read -r used _ && [ "$used" -le "$most" ]; }; }
}
# Waiting for a lock or a file system, a program lives and reads nothing.
moves() {
  seen=$(ls -lnR "$s" 2>/dev/null)
  now=$(date +%s)
  [ "$seen" = "$last_seen" ] || { last_seen=$seen; moved=$now; }
  [ $((now - moved)) -lt "$patience" ]
}
read_item() {
  if [ "$form" = plain ]; then
    { (produce "$1") 2>"$d/messages"; echo $? >"$d/s1"; } >"$d/data" </dev/null
    echo 0 >"$d/s2"
  else
    { produce "$1" 2>"$d/messages"; echo $? >"$d/s1"; } </dev/null | { encode; echo $? >"$d/s2"; } >"$d/data"
  fi
  read -r first <"$d/s1" && read -r second <"$d/s2" && [ "$first$second" = 00 ]
}
slot() {
  n=0
  while IFS= read -r item; do
    n=$((n + 1))
    d=$s/$n
    [ ! -e "$s/failed" ] || return
    mkdir "$d" 2>/dev/null || continue
    read_item "$item" || : >"$s/failed"
  done <<EOF
$items
EOF
}
mkdir -p "$base" || exit 90
if mkdir "$s" 2>/dev/null; then
  (
    before
    i=0 readers=
    while [ "$i" -lt "$slots" ]; do i=$((i + 1)); slot & readers="$readers $!"; done
    wait $readers
    after
    : >"$s/ended"
  ) </dev/null >/dev/null 2>"$s/messages" &
  echo "$!" >"$s/new" && mv "$s/new" "$s/process"
fi
lives() {
  read -r process 2>/dev/null <"$s/process" || return 0
  read -r _ _ state _ 2>/dev/null <"/proc/$process/stat" && [ "$state" != Z ]
}
looks=0 last_seen='' moved=$(date +%s)
until [ -e "$s/ended" ]; do
  sleep 0.1 2>/dev/null || sleep 1
  looks=$((looks + 1))
  if [ $((looks % 10)) = 0 ]; then
    room || { echo full; exit 0; }
    moves || { echo "for $patience s nothing was read: a program waits for a lock or a file system" >&2; exit 95; }
  fi
  lives || [ -e "$s/ended" ] || { echo 'what reads the data was ended in the pod' >&2; exit 94; }
done
n=0
while IFS= read -r item; do
  n=$((n + 1))
  d=$s/$n
  [ -d "$d" ] || continue
  first=-
  second=-
  read -r first 2>/dev/null <"$d/s1"
  read -r second 2>/dev/null <"$d/s2"
  echo "item $n $(wc -c <"$d/data") $first $second"
  { tail -c 4096 "$d/messages"; tail -c 4096 "$s/messages"; } 2>/dev/null | sed "s/^/message $n /"
done <<EOF
$items
EOF
[ ! -s "$s/note" ] || sed 's/^/note /' "$s/note"
)sh";

// The same bytes each time, so that the stream can go on in the middle.
// gzip tells the time of a file, and none of a pipe.
constexpr const char* kSend = R"sh(
produce() { cat "$base/$1/$2/data"; }
send() { if [ "$form" = plain ]; then compress; else cat; fi; }
)sh";

constexpr const char* kFetch = R"sh(
encode() {
  [ "$from" != 1 ] || { send; return; }
  { send; echo $? >"$d/sent"; } | tail -c "+$from" && read -r sent <"$d/sent" && [ "$sent" = 0 ]
}
)sh";

// That `send` writes to nobody any more, after that, is no error.
constexpr const char* kBeginning = R"sh(
d=$(mktemp -d) || exit 90
trap 'rm -rf "$d"' EXIT
mkfifo "$d/q" || exit 90
{ if command -v sha256sum >/dev/null; then sha256sum; else cat >/dev/null; fi; } <"$d/q" >"$d/sum" &
{ produce "$1" "$2" | send; echo $? >"$d/sent"; } 2>/dev/null | head -c "$3" | tee "$d/q" | wc -c
wait
cat "$d/sent" "$d/sum"
)sh";

// The length of each, on a line, and then itself.
constexpr const char* kFetchTogether = R"sh(
send() { if [ "$form" = plain ]; then compress <"$1"; else cat "$1"; fi; }
produce() {
  while [ "$#" -gt 0 ]; do
    send "$base/$1/$2/data" >"$d/part" && wc -c <"$d/part" && cat "$d/part" || return
    shift 2
  done
}
)sh";

constexpr const char* kKeepText = R"sh(
mkdir -p "$base" && cat >"$base/new" && mv "$base/new" "$base/text"
)sh";

constexpr const char* kGiveText = R"sh(
cat "$base/text"
)sh";

const char* word(StagedForm form) { return form == StagedForm::kPlain ? "plain" : "compressed"; }

template <typename Number>
Number number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size())
    throw Error(fmt::format("The maintenance pod gave '{}' where a number was expected.", text));
  return value;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

struct Answer {
  bool full = false;
  std::map<std::size_t, std::vector<std::string>> items;  // number, bytes and two statuses, by number
  std::map<std::size_t, std::string> messages;
  std::string note;
};

Answer parse_answer(const std::string& text) {
  Answer answer;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto words = words_of(line);
    if (words.empty()) continue;
    if (words[0] == "full") answer.full = true;
    if (words[0] == "note") answer.note += line.substr(5) + "\n";
    if (words[0] == "item" && words.size() == 5) answer.items[number<std::size_t>(words[1])] = words;
    if (words[0] == "message" && words.size() > 2) {
      std::string& messages = answer.messages[number<std::size_t>(words[1])];
      messages +=
          (messages.empty() ? "" : "\n") + line.substr(line.find(words[2], words[0].size() + words[1].size() + 1));
    }
  }
  return answer;
}

}  // namespace

std::string staged_base() { return kBase; }

void through_cuts(kube::Cluster& cluster, const kube::Pod& pod, const std::function<void(bool& moved)>& work,
                  const CutPatience& patience) {
  auto deadline = Clock::now() + patience.in_vain;
  while (true) {
    bool moved = false;
    const auto begun = Clock::now();
    try {
      work(moved);
      return;
    } catch (const kube::StreamCut&) {
      if (moved || Clock::now() - begun > patience.answered) deadline = Clock::now() + patience.in_vain;
      if (Clock::now() >= deadline || !is_there(cluster, pod)) throw;
    }
    process::Interrupt::throw_if_requested();
    std::this_thread::sleep_for(kBetweenTries);
  }
}

bool is_there(kube::Cluster& cluster, const kube::Pod& pod) {
  try {
    const auto found = cluster.get("pod", pod.namespace_, pod.name);
    return found && !found->contains("/metadata/deletionTimestamp"_json_pointer) &&
           found->value("/status/phase"_json_pointer, "Running") == "Running";
  } catch (const process::Interrupted&) {
    throw;
  } catch (const Error&) {
    return true;  // a login that has expired, say, or a proxy in between that wants one
  }
}

StagingRoom look_at_room(kube::Cluster& cluster, const kube::Pod& pod) {
  const auto words = words_of(cluster.run(pod, {kRoom, {}, ""}, ""));
  if (words.size() != 3) throw Error("The maintenance pod did not tell how much room it has.");
  const auto object = cluster.get("pod", pod.namespace_, pod.name);
  return {pod.name, number<std::uint64_t>(words[0]) * 1024, number<std::uint64_t>(words[1]) * 1024,
          number<unsigned>(words[2]), object ? most_on_disk(*object) : std::nullopt};
}

std::optional<std::uint64_t> StagingRoom::usable_of_limit() const {
  if (!limit) return std::nullopt;
  return *limit / 100 * (100 - kReservePercent);
}

std::uint64_t StagingRoom::usable() const {
  const std::uint64_t of_disk = available > reserve() ? available - reserve() : 0;
  return std::min(of_disk, usable_of_limit().value_or(of_disk));
}

std::optional<StagedForm> form_that_fits(const StagingRoom& room, std::uint64_t bytes) {
  const std::uint64_t usable = room.usable();
  if (usable == 0) return std::nullopt;
  // What the server says of its tables is not what their SQL takes: as text, a number may take twice its bytes.
  if (usable / 2 >= bytes) return StagedForm::kPlain;
  if (usable >= bytes) return StagedForm::kCompressed;
  return std::nullopt;
}

Staged stage(kube::Cluster& cluster, const kube::Pod& pod, const kube::Script& script, const StagingRequest& request,
             const std::string& programs) {
  const kube::Script staging{
      fmt::format("{}g={} form={} slots={} reserve={} most={} patience={}\n", kBase, request.group, word(request.form),
                  request.slots, request.reserve_percent,
                  request.most_bytes ? std::to_string(*request.most_bytes / 1024) : "none", request.patience.count()) +
          kNothingAround + script.text + kStage,
      script.arguments, script.confidential};
  std::string items;
  for (const auto& item : request.items) items += item + "\n";
  Answer answer;
  through_cuts(cluster, pod, [&](bool&) { answer = parse_answer(cluster.run(pod, staging, items)); });
  if (answer.full)
    throw StagingFull("The maintenance pod's node, or the pod's own limit, had no room for what is read after all.",
                      "Let the services wait for the transfer instead: add --staging never to the command");
  Staged staged;
  staged.note = std::move(answer.note);
  auto& files = staged.files;
  for (const auto& [number_of, words] : answer.items) {
    if (words[3] != "0" || words[4] != "0") {
      const std::string& messages = answer.messages[number_of];
      const std::string& name = (request.names.empty() ? request.items : request.names).at(number_of - 1);
      throw Error(fmt::format("{} {} failed: {} ended with status {} and {}{}{}", request.task, name, programs,
                              words[3], words[4], messages.empty() ? "" : ": ", messages));
    }
    files.push_back({pod, request.group, number_of, request.form, request.encoding, number<std::uint64_t>(words[2])});
  }
  if (files.size() != request.items.size()) throw Error("The maintenance pod did not read all that it was told to.");
  return staged;
}

namespace {

void receive(kube::Cluster& cluster, const kube::Pod& pod, const kube::Script& script, const kube::ByteHandler& sink) {
  stream::Digest digest;
  const auto report = cluster.download(
      pod, script,
      [&](std::span<const std::byte> bytes) {
        digest.update(bytes);
        sink(bytes);
      },
      [&] { return digest.hex(); });
  if (!report.all_zero() || report.statuses.size() != 3)
    throw Error(fmt::format("Fetching from the maintenance pod failed: {}", report.messages));
}

}  // namespace

void fetch(kube::Cluster& cluster, const StagedFile& file, const kube::ByteHandler& sink, std::uint64_t from) {
  through_cuts(cluster, file.pod, [&](bool& moved) {
    const kube::Script script{fmt::format("{}form={} from={}\n", kBase, word(file.form), from + 1) +
                                  compression_functions(file.encoding) + kSend + kFetch,
                              {file.group, std::to_string(file.number)},
                              "",
                              std::chrono::seconds(from / kPassedInASecond)};
    receive(cluster, file.pod, script, [&](std::span<const std::byte> bytes) {
      sink(bytes);
      from += bytes.size();
      moved = true;
    });
  });
}

Beginning beginning_of(kube::Cluster& cluster, const StagedFile& file, std::uint64_t bytes) {
  const kube::Script script{
      fmt::format("{}form={}\n", kBase, word(file.form)) + compression_functions(file.encoding) + kSend + kBeginning,
      {file.group, std::to_string(file.number), std::to_string(bytes)},
      ""};
  std::string text;
  // A line that ends each try before the pod has counted is given up, however long a try takes.
  const CutPatience patience{.answered = std::chrono::hours(24)};
  through_cuts(
      cluster, file.pod, [&](bool&) { text = cluster.run(file.pod, script, ""); }, patience);
  const auto words = words_of(text);
  if (words.size() < 2) throw Error("The maintenance pod did not tell how what it keeps begins.");
  const auto passed = number<std::uint64_t>(words[0]);
  // Of as many as were asked for, what follows may have been given to nobody.
  return {passed, words.size() > 2 ? words[2] : "", passed < bytes && words[1] == "0"};
}

std::vector<std::string> fetch_together(kube::Cluster& cluster, const std::vector<const StagedFile*>& files) {
  const StagedFile& first = *files.front();
  kube::Script script{
      fmt::format("{}form={}\n", kBase, word(first.form)) + compression_functions(first.encoding) + kFetchTogether,
      {},
      ""};
  for (const StagedFile* file : files)
    script.arguments.insert(script.arguments.end(), {file->group, std::to_string(file->number)});
  std::string text;
  through_cuts(cluster, first.pod, [&](bool&) {
    text.clear();
    receive(cluster, first.pod, script, [&](std::span<const std::byte> bytes) { text += stream::as_text(bytes); });
  });
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find('\n', at) + 1;
    const auto words = words_of(text.substr(at, begin == 0 ? begin : begin - at));
    const auto bytes = words.size() == 1 ? number<std::uint64_t>(words[0]) : text.size();
    if (begin == 0 || bytes > text.size() - begin)
      throw Error("What was fetched from the maintenance pod is not whole.");
    parts.push_back(text.substr(begin, bytes));
    at = begin + bytes;
  }
  if (parts.size() != files.size()) throw Error("The maintenance pod did not give all that it was asked for.");
  return parts;
}

void stage_text(kube::Cluster& cluster, const kube::Pod& pod, const std::string& text) {
  through_cuts(cluster, pod, [&](bool&) { cluster.run(pod, {std::string(kBase) + kKeepText, {}, ""}, text); });
}

std::string staged_text(kube::Cluster& cluster, const kube::Pod& pod) {
  std::string text;
  through_cuts(cluster, pod, [&](bool&) { text = cluster.run(pod, {std::string(kBase) + kGiveText, {}, ""}, ""); });
  return text;
}

}  // namespace exastro
