#include "kube/pod_shell.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>

namespace exastro::kube {
namespace {

constexpr std::string_view kEndOfPlain = "\nexastro-end ";
constexpr std::string_view kBegin = "exastro-begin ";
constexpr std::size_t kMostMessages = 64 * 1024;

// A script comes as a line that tells the shell's own key, its kind, its mark and how many lines it has, and then
// these; `read` takes no byte beyond a line, so that what follows is the script's own input. What a script may have
// left of that must never be taken for a script: a stream that did not end well is the last, and the key is in no
// backup. The signs of life (their time is in SignsOfLife) must not hold the exec's output when the shell is gone, or
// the script that it became; nor must the sleep between them.
constexpr const char* kShell = R"sh(umask 077
( exec </dev/null >/dev/null; while sleep 10 2>/dev/null && kill -0 $$ 2>/dev/null; do echo exastro-alive >&2 || exit; done ) &
heart=$!
while IFS=' ' read -r key kind mark lines && [ "$key" = "$1" ]; do
  text=
  while [ "$lines" -gt 0 ] && IFS= read -r line; do
    text="$text$line
"
    lines=$((lines - 1))
  done
  [ "$lines" = 0 ] || break
  echo "exastro-begin $mark" >&2
  if [ "$kind" = plain ]; then
    sh -c "$text" exastro
    printf '\nexastro-end %s %s\n' "$mark" "$?"
  elif command -v setsid >/dev/null; then
    setsid sh -c "$text" exastro || break
  else
    exec sh -c "$text" exastro
  fi
done
kill "$heart" 2>/dev/null
)sh";

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string(R"('\'')") : std::string(1, c);
  return text + "'";
}

process::Command with_shell(process::Command exec, const std::string& key) {
  exec.arguments.insert(exec.arguments.end(), {kShell, "exastro", key});
  return exec;
}

}  // namespace

PodShell::PodShell(process::Command exec, const SignsOfLife& signs)
    : key_(new_mark()), signs_(signs), child_(with_shell(std::move(exec), key_)) {}

PodShell::End PodShell::run(ScriptKind kind, const std::string& mark, const std::string& text,
                            const std::vector<std::string>& arguments, const process::Handlers& handlers) {
  std::string whole = "set --";
  for (const auto& argument : arguments) whole += " " + quoted(argument);
  whole += "\n" + text;
  if (!whole.ends_with('\n')) whole += '\n';
  const auto lines = std::count(whole.begin(), whole.end(), '\n');

  End end;
  bool begun = false;
  process::Handlers around = handlers;
  around.on_start = [&](process::Session& session) {
    const char* const word = kind == ScriptKind::kPlain ? "plain" : "stream";
    session.write(fmt::format("{} {} {} {}\n{}", key_, word, mark, lines, whole));
    if (handlers.on_start) handlers.on_start(session);
  };
  around.on_err_line = [&](process::Session& session, std::string_view line) {
    if (begun || is_heartbeat(line)) {
      handlers.on_err_line(session, line);
    } else if (line.starts_with(kBegin) && line.substr(kBegin.size()) == mark) {
      begun = true;
      end.messages.clear();
    } else if (end.messages.size() < kMostMessages) {
      end.messages.append(line).push_back('\n');
    }
  };
  const auto outcome = child_.serve(around);
  last_seen_ = std::chrono::steady_clock::now();
  end.by_rest = !outcome;
  if (outcome) end.exit_status = outcome->exit_status;
  return end;
}

bool PodShell::lives() {
  const auto lines = child_.listen();
  if (!lines) return false;
  // They may have come long ago, and nothing since: each stands for the time before it alone.
  const auto now = std::chrono::steady_clock::now();
  last_seen_ = std::min(now, last_seen_ + static_cast<int>(*lines) * signs_.between);
  return now - last_seen_ < signs_.silence;
}

std::string new_mark() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

bool ends_plain(std::string_view output, std::string_view mark) {
  constexpr std::size_t kStatusAndBlank = 5;  // a status has three digits at most
  const std::size_t longest = kEndOfPlain.size() + mark.size() + kStatusAndBlank;
  if (!output.ends_with('\n')) return false;
  const auto tail = output.substr(output.size() - std::min(output.size(), longest));
  return tail.find(fmt::format("{}{} ", kEndOfPlain, mark)) != std::string_view::npos;
}

std::optional<PlainOutput> parse_plain(std::string output, std::string_view mark) {
  if (!ends_plain(output, mark)) return std::nullopt;
  const auto at = output.rfind(kEndOfPlain);
  const char* const status = output.data() + at + kEndOfPlain.size() + mark.size() + 1;
  PlainOutput plain;
  const char* const last = output.data() + output.size() - 1;
  if (const auto [end, error] = std::from_chars(status, last, plain.status); error != std::errc{} || end != last)
    return std::nullopt;
  output.resize(at);
  plain.text = std::move(output);
  return plain;
}

bool is_heartbeat(std::string_view line) { return line == "exastro-alive"; }

}  // namespace exastro::kube
