#include "kube/remote_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace exastro::kube {
namespace {

// Reads the confidential lines. `read` takes no byte beyond its line, so that what follows is still there.
constexpr std::string_view kPrelude = R"sh(set -u
umask 077
cnf=
while IFS= read -r line && [ -n "$line" ]; do cnf="$cnf$line
"; done
)sh";

// Everything that a script starts is in the process group of its shell, so that one signal ends it all.
constexpr std::string_view kWorkplace = R"sh(
read -r _ _ _ _ group _ <"/proc/$$/stat"
[ "$group" = "$$" ] || { echo "neither setsid nor the container runtime gives a process group of its own" >&2; exit 91; }
d=$(mktemp -d) || exit 90
trap 'rm -rf "$d"' EXIT
trap 'exit 143' TERM HUP INT
exec 3<&0
mkfifo "$d/q" "$d/n" || exit 90
{ if command -v sha256sum >/dev/null; then sha256sum; else cat >/dev/null; fi; } <"$d/q" >"$d/sum" 3<&- &
sum=$!
wc -c <"$d/n" >"$d/len" 3<&- &
len=$!
end() { trap '' TERM; rm -rf "$d"; kill -TERM 0; exit "$1"; }
report() {
  wait "$sum" "$len"
  statuses=
  for s in "$d"/s?; do statuses="$statuses,$(cat "$s")"; done
  sha=; read -r sha rest <"$d/sum"
  read -r bytes <"$d/len"
  echo "exastro-report bytes=$bytes sha256=$sha status=${statuses#,}" >&2
}
)sh";

constexpr std::string_view kDownload = R"sh(
( exec 3<&- </dev/null
  { produce "$@"; echo $? >"$d/s1"; } | { encode; echo $? >"$d/s2"; } | { tee "$d/q" "$d/n"; echo $? >"$d/s3"; } ) &
pipeline=$!
# A subshell that has only just begun may lose the first signal, while it puts off the traps of its parent.
( while IFS= read -r word; do [ "$word" = ack ] && exit 0; done
  trap '' TERM; kill -TERM 0; sleep 1; kill -KILL 0 ) <&3 >/dev/null &
watch=$!
# Standard output stays open here: containerd closes the input of an exec as soon as its output has ended, and the
# acknowledgement is yet to come.
wait "$pipeline"
report
wait "$watch"
end 0
)sh";

constexpr std::string_view kUpload = R"sh(
size=$1; shift
( { head -c "$size" <&3; echo $? >"$d/s1"; } | { tee "$d/q" "$d/n"; echo $? >"$d/s2"; } |
  { exec 3<&-; decode; echo $? >"$d/s3"; } | { exec 3<&-; consume "$@"; echo $? >"$d/s4"; } ) &
wait "$!"
report
IFS= read -r word <&3 && [ "$word" = ack ] || end 1
end 0
)sh";

std::optional<std::string_view> field(std::string_view line, std::string_view name) {
  const auto at = line.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  const auto from = at + name.size();
  return line.substr(from, line.find(' ', from) - from);
}

template <typename Number>
bool to_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

bool StreamReport::all_zero() const {
  return std::all_of(statuses.begin(), statuses.end(), [](int status) { return status == 0; });
}

std::string plain_script(const Script& script, std::uint64_t input_size) {
  // The input ends while the connection stays. What the script leaves of it must not be read as the next script.
  return fmt::format("{}input={}\n", kPrelude, input_size) + R"sh({ [ "$input" = 0 ] || head -c "$input"; } | {
(
)sh" + script.text +
         R"sh(
)
status=$?
cat >/dev/null
exit "$status"
}
)sh";
}

std::string conversation_script(const Script& script, std::string_view last_line) {
  return fmt::format("{}last={}\n", kPrelude, last_line) + R"sh(
while IFS= read -r line && [ "$line" != "$last" ]; do printf '%s\n' "$line"; done | {
(
)sh" + script.text +
         R"sh(
)
status=$?
echo "exastro-over $last" >&2
cat >/dev/null
exit "$status"
}
)sh";
}

std::string download_script(const Script& script) {
  return std::string(kPrelude) + "encode() { cat; }\n" + script.text + std::string(kWorkplace) + std::string(kDownload);
}

std::string upload_script(const Script& script) {
  return std::string(kPrelude) + "decode() { cat; }\n" + script.text + std::string(kWorkplace) + std::string(kUpload);
}

std::string confidential_input(const Script& script) {
  std::string input = script.confidential;
  if (!input.empty() && input.back() != '\n') input += '\n';
  return input + '\n';
}

bool is_report(std::string_view line) { return line.starts_with("exastro-report "); }

std::optional<StreamReport> parse_report(std::string_view line) {
  if (!is_report(line)) return std::nullopt;
  const auto bytes = field(line, "bytes=");
  const auto sha256 = field(line, "sha256=");
  const auto statuses = field(line, "status=");
  StreamReport report;
  if (!bytes || !sha256 || !statuses || !to_number(*bytes, report.bytes)) return std::nullopt;
  report.sha256 = std::string(*sha256);
  std::string_view rest = *statuses;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    int status = 0;
    if (!to_number(rest.substr(0, comma), status)) return std::nullopt;
    report.statuses.push_back(status);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  if (report.statuses.empty()) return std::nullopt;
  return report;
}

}  // namespace exastro::kube
