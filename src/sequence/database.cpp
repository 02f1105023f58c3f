#include "sequence/database.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "process/interrupt.h"
#include "sequence/compression.h"

namespace exastro {
namespace {

// MariaDB 11's images have no `mysql` and `mysqldump` any more, and old ones no `mariadb`.
constexpr const char* kPrograms = R"sh(
client=$(command -v mariadb || command -v mysql) || { echo 'the image has no MariaDB client' >&2; exit 92; }
dump=$(command -v mariadb-dump || command -v mysqldump) || { echo 'the image has no mariadb-dump' >&2; exit 92; }
)sh";

constexpr const char* kQuery = R"sh(
exec "$client" --defaults-file=/dev/fd/4 --batch --skip-column-names --unbuffered --binary-mode --comments \
  --loose-print-query-on-error=0 --connect-timeout=15 4<<EOF
$cnf
EOF
)sh";

// Where all text is UTF-8, the server gives the same bytes whether it is asked for UTF-8 or for what it has stored, and
// so the dump is the same, but for the line that says which. In bytes, mariadb-dump finds what it must escape in half
// the time. (Bytes that are no UTF-8, though the column says so, are in the dump as they are, where the server would
// give '?'.)
constexpr const char* kDump = R"sh(
encode() { compress; }
buffered=  # it writes 4 KiB at a time, which the pipe pays for
stdbuf -o64K true 2>/dev/null && buffered='stdbuf -o64K'
version=$("$dump" --version)
is_utf8() {
  others=$("$client" --defaults-file=/dev/fd/4 --batch --skip-column-names --connect-timeout=15 --database="$1" \
    --execute="SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND CHARACTER_SET_NAME
               NOT IN ('ascii', 'utf8', 'utf8mb3', 'utf8mb4')" 4<<EOF
$cnf
EOF
  ) || return 2
  [ "$others" = 0 ]
}
dump_in() {
  $buffered "$dump" --defaults-file=/dev/fd/4 --single-transaction --quick --routines --events --triggers \
    --default-character-set="$1" --max-allowed-packet=1G --databases "$2" 4<<EOF
$cnf
EOF
}
say_utf8() {
  lines=0
  while IFS= read -r line; do
    case $line in '/*!40101 SET NAMES binary */;') echo '/*!40101 SET NAMES utf8mb4 */;' && cat; return ;; esac
    printf '%s\n' "$line" || break
    lines=$((lines + 1))
    [ "$lines" -lt 50 ] || break
  done
  cat >/dev/null
  return 1
}
# The same in a file that is there, of the same length. To go through a pipe costs a twentieth of the time.
say_utf8_in() (
  LC_ALL=C
  at=0 lines=0
  while [ "$lines" -lt 50 ] && IFS= read -r line; do
    if [ "$line" = '/*!40101 SET NAMES binary */;' ]; then
      said='/*!40101 SET NAMES utf8mb4*/;'
      printf '%s' "$said" | dd of="$1" bs=1 seek="$at" conv=notrunc 2>/dev/null &&
        [ "$(dd if="$1" bs=1 skip="$at" count="${#said}" 2>/dev/null)" = "$said" ]
      exit
    fi
    at=$((at + ${#line} + 1))
    lines=$((lines + 1))
  done <"$1"
  exit 1
)
produce() {
  case $version in *MariaDB*) is_utf8 "$1" ;; *) false ;; esac || { dump_in utf8mb4 "$1"; return; }
  if [ "${form:-}" = plain ]; then  # it is written to "$d/data"
    dump_in binary "$1"
    echo "$?" >"$d/dumped"
    say_utf8_in "$d/data"
  else
    { dump_in binary "$1"; echo "$?" >"$d/dumped"; } | say_utf8
  fi
  said=$?
  read -r status <"$d/dumped" || return 1
  [ "$status" = 0 ] || return "$status"
  [ "$said" = 0 ] || { echo 'the dump was not written, or does not say its character set where it should' >&2; return 1; }
  is_utf8 "$1"
  case $? in
    0) return 0 ;;
    1) echo 'while it was read, it got text in another character set than UTF-8' >&2 ;;
    *) echo 'whether all its text is UTF-8 could not be asked again' >&2 ;;
  esac
  return 1
}
)sh";

// The session ends with its input: when the dumps have ended, or the shell that holds the other end. Nothing comes from
// it for as long as the dumps take, so it says something now and then: a server, or what is between, ends sessions that
// say nothing, and a server that has not noticed the end of one would hold its lock. The last word tells that the lock
// was held to the end; a session that began anew would have none.
constexpr const char* kLock = R"sh(
before() {
  held=$base/$g.held  # not in "$s", where whatever changes is taken for progress
  mkfifo "$held" || return
  {
    {
      echo 'SET SESSION lock_wait_timeout = 20, wait_timeout = 120; FLUSH TABLES WITH READ LOCK; SELECT 1;'
      cat
    } <"$held" |
      "$client" --defaults-file=/dev/fd/4 --batch --skip-column-names --unbuffered --skip-reconnect \
        --connect-timeout=15 4<<EOF
$cnf
EOF
  } >"$s/locked" 2>"$s/refused" &
  holder=$!
  exec 9>"$held"
  # It opens the pipe anew each time: to hold it open would keep the session when this shell has ended.
  ( exec 9>&-; while sleep 15; do echo 'DO 1;' >"$held"; done ) &
  heart=$!
  looks=0
  until [ -s "$s/locked" ] || grep -q ERROR "$s/refused" || [ "$looks" -ge 600 ]; do
    looks=$((looks + 1))
    sleep 0.1 2>/dev/null || sleep 1
  done
  [ -s "$s/locked" ] || { cat "$s/refused"; echo "no lock after $looks looks"; } >"$s/note"
}
after() {
  kill "$heart"
  ( echo 'SELECT 2;' >&9 )  # which ends the shell that it is in, if nobody reads any more
  exec 9>&-
  looks=0  # one whose server does not answer any more would wait for minutes
  while kill -0 "$holder" 2>/dev/null && [ "$looks" -lt 300 ]; do
    looks=$((looks + 1))
    sleep 0.1 2>/dev/null || sleep 1
  done
  [ -s "$s/note" ] || [ "$(tail -n 1 "$s/locked")" = 2 ] ||
    { cat "$s/refused"; echo 'the session that held the lock ended before the dumps'; } >"$s/note"
}
)sh";

constexpr const char* kLoad = R"sh(
decode() { decompress; }
client() {
  # Each INSERT, of about a megabyte, commits itself: with one commit for a table InnoDB takes its way for bulk inserts, which
  # sorts all of it first and takes the server twice the processor (seen with 10.11.18).
  # A statement that fails may be a megabyte of people's rows: the client would print it before it says what is wrong.
  # It takes the text as UTF-8, by its option file: in bytes it would be faster, but it then cuts off what is not ASCII at
  # the end of a statement, a routine's say.
  "$client" --defaults-file=/dev/fd/4 --binary-mode --comments --max-allowed-packet=1G --loose-print-query-on-error=0 \
    --connect-timeout=15 4<<EOF
$cnf
EOF
}
consume() {
  # The rest must be read even if it is not wanted: who sends it counts what has arrived. "$d/passed" says that all of what
  # was to be passed on was.
  { sql "$1" && : >"$d/passed"; cat >/dev/null; } | client
  status=$?
  [ "$status" = 0 ] || return "$status"
  [ -e "$d/passed" ] && return 0
  echo 'what passes the dump on to the client was ended' >&2
  return 1
}
)sh";

constexpr const char* kLoadDelivered = R"sh(
produce() {
  set -- $1
  if [ "$2" = plain ]; then with_delivered "$1" client; else from_delivered "$1" "$2" "$3"; fi
}
)sh";

// Quotes and backslashes mean what this program takes them to mean, and so they do in what SHOW CREATE gives. Nothing
// waits a day for somebody's lock, as the server's default is.
const std::string kSession = "SET SESSION sql_mode = '', lock_wait_timeout = 120;\n";
constexpr const char* kEndOfAnswer = "kubectl-exastro: end of an answer";
constexpr const char* kEndOfTurn = "kubectl-exastro: all was answered";

void judge(const char* what, const kube::StreamReport& report, const std::vector<std::string>& parts,
           const std::string& messages) {
  if (report.all_zero() && report.statuses.size() == parts.size()) return;
  std::string failed;
  for (std::size_t i = 0; i < report.statuses.size() && i < parts.size(); ++i) {
    if (report.statuses[i] != 0)
      failed += fmt::format("{}{} ended with status {}", failed.empty() ? "" : ", ", parts[i], report.statuses[i]);
  }
  throw Error(fmt::format("{} failed: {}{}{}", what, failed, messages.empty() ? "" : ": ", messages));
}

// Without the statement that the client repeats between dashes before it says what is wrong with it: it may hold a
// password, and need not be whole.
std::string without_echo(const std::string& text) {
  std::istringstream lines(text);
  std::string kept;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("--------------") || line.ends_with(": --------------")) {
      if (!inside) kept += line.substr(0, line.find("--------------"));
      inside = !inside;
    } else if (!inside) {
      kept += line + "\n";
    }
  }
  while (kept.ends_with('\n')) kept.pop_back();
  return kept;
}

}  // namespace

std::string option_file(const Login& login) {
  return fmt::format("[client]\nhost={}\nport={}\nuser={}\npassword={}\nprotocol=tcp\ndefault-character-set=utf8mb4\n",
                     quote_option(login.host), quote_option(login.port), quote_option(login.user),
                     quote_option(login.password));
}

std::vector<Row> parse_rows(const std::string& batch_output) {
  std::vector<Row> rows;
  Row row(1);
  for (std::size_t at = 0; at < batch_output.size(); ++at) {
    const char c = batch_output[at];
    if (c == '\n') {
      rows.push_back(std::move(row));
      row = Row(1);
    } else if (c == '\t') {
      row.emplace_back();
    } else if (c == '\\' && at + 1 < batch_output.size()) {
      const char next = batch_output[++at];
      row.back() += next == 'n' ? '\n' : next == 't' ? '\t' : next == '0' ? '\0' : next;
    } else {
      row.back() += c;
    }
  }
  return rows;
}

namespace {

// Behind the quote that ends a string; `at` is behind the one that begins it.
std::string::const_iterator end_of_string(std::string::const_iterator at, std::string::const_iterator end) {
  for (; at != end; ++at) {
    if (*at == '\\' && at + 1 != end) {
      ++at;
    } else if (*at == '\'') {
      if (at + 1 == end || at[1] != '\'') return at + 1;
      ++at;  // doubled
    }
  }
  return end;
}

}  // namespace

std::string without_hashes(std::string text) {
  static const std::regex kHash(R"(\*[0-9A-Fa-f]{40})");
  static const std::regex kBegin(R"((USING|AS|BY|PASSWORD)\s{0,20}\(?\s{0,20}')", std::regex::icase);
  text = std::regex_replace(text, kHash, "…");
  // The expression finds where a string begins, not where it ends: it would take stack for each of its bytes.
  std::string result;
  auto at = text.cbegin();
  for (std::smatch match; std::regex_search(at, text.cend(), match, kBegin);) {
    result.append(at, match[0].second).append("…'");
    at = end_of_string(match[0].second, text.cend());
  }
  return result.append(at, text.cend());
}

Database::Database(kube::Cluster& cluster, kube::Pod pod, const Login& login, std::vector<std::string> confidential)
    : cluster_(cluster), pod_(std::move(pod)), options_(option_file(login)), confidential_(std::move(confidential)) {
  if (!login.password.empty()) confidential_.push_back(login.password);
  // As SQL and option files write them, too, and the longer ones first.
  for (std::size_t i = 0, count = confidential_.size(); i < count; ++i) {
    confidential_.push_back(quote_text(confidential_[i]));
    confidential_.push_back(quote_option(confidential_[i]));
  }
  std::sort(confidential_.begin(), confidential_.end(),
            [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

kube::Script Database::script(const std::string& text, std::vector<std::string> arguments) const {
  return {kPrograms + text, std::move(arguments), options_};
}

std::string Database::redacted(std::string text) const {
  text = without_echo(text);
  for (const auto& value : confidential_) {
    for (auto at = text.find(value); at != std::string::npos; at = text.find(value, at))
      text.replace(at, value.size(), "…");
  }
  return without_hashes(std::move(text));
}

template <typename Work>
auto Database::speaking_safely(Work work) {
  try {
    return work();
  } catch (const kube::KubeError&) {
    throw;
  } catch (const process::Interrupted&) {
    throw;
  } catch (const StagingFull&) {
    throw;
  } catch (const Error& error) {
    throw Error(redacted(error.what()), error.next(), error.status());
  }
}

std::vector<Row> Database::query(const std::string& sql) {
  return speaking_safely([&] { return parse_rows(cluster_.run(pod_, script(kQuery), kSession + sql)); });
}

void Database::ask(const std::vector<Turn>& turns) {
  auto turn = turns.begin();
  std::vector<std::vector<Row>> answers;  // to what is asked now: as many as there are questions
  const auto take = [&](const std::string& text) {
    std::size_t at = 0;
    for (auto& row : parse_rows(text)) {
      if (row.size() == 2 && row[0] == kEndOfAnswer && row[1] == std::to_string(at)) {
        ++at;
      } else if (at < answers.size()) {
        answers[at].push_back(std::move(row));
      }
    }
    if (at != answers.size()) throw Error("The server did not answer all that it was asked.");
    (turn++)->take(answers);
  };
  const auto next = [&](const std::string& answer) -> std::optional<std::string> {
    std::string text;
    if (answer.empty()) {
      text = kSession;
    } else {
      take(answer);
    }
    std::vector<std::string> questions;
    while (turn != turns.end() && (questions = turn->questions()).empty()) ++turn;
    if (questions.empty()) return std::nullopt;
    answers.assign(questions.size(), {});
    for (std::size_t i = 0; i < questions.size(); ++i)
      text += questions[i] + fmt::format("\nSELECT {}, {};\n", quote_text(kEndOfAnswer), i);
    return text + fmt::format("SELECT {};\n", quote_text(kEndOfTurn));
  };
  speaking_safely([&] {
    cluster_.converse(pod_, script(kQuery), kEndOfTurn, next);
    return 0;
  });
}

void Database::dump(const std::string& database, archive::Encoding encoding, const kube::ByteHandler& sink,
                    const kube::DigestOf& digest) {
  const auto report = speaking_safely([&] {
    return cluster_.download(pod_, script(compression_functions(encoding) + kDump, {database}), sink, digest);
  });
  judge("The dump", report, {"mariadb-dump", compression_program(encoding), "tee"}, redacted(report.messages));
}

Staged Database::stage_dumps(const StagingRequest& request) {
  Staged staged = speaking_safely([&] {
    return stage(cluster_, pod_, script(compression_functions(request.encoding) + kDump + kLock), request,
                 "mariadb-dump and " + compression_program(request.encoding));
  });
  staged.note = redacted(std::move(staged.note));
  return staged;
}

void Database::load(archive::Encoding encoding, std::uint64_t size, const kube::ByteSource& source,
                    const kube::DigestOf& digest, std::uint64_t plain_end) {
  const auto report = speaking_safely([&] {
    return cluster_.upload(
        pod_, script(compression_functions(encoding) + dump_functions() + kLoad, {std::to_string(plain_end)}), size,
        source, digest);
  });
  judge("The load", report, {"head", "tee", compression_program(encoding), "mariadb"}, redacted(report.messages));
}

void Database::load_delivered(const std::string& group, const std::vector<DeliveredDump>& dumps, unsigned slots) {
  if (dumps.empty()) return;
  StagingRequest request = use_of_delivered(group, "Loading");
  request.slots = slots;
  for (const auto& dump : dumps) {
    const bool plain = dump.file.form == StagedForm::kPlain;
    request.items.push_back(
        fmt::format("{} {} {}", dump.file.name, plain ? "plain" : to_string(dump.file.encoding), dump.plain_end));
    request.names.push_back(dump.database);
  }
  speaking_safely([&] {
    return stage(cluster_, pod_, script(delivered_functions() + dump_functions() + kLoad + kLoadDelivered), request,
                 "mariadb or what unpacks for it");
  });
}

bool Database::is_same_server(Database& other, const std::string& lock_name) {
  const std::string name = quote_text(lock_name);
  bool same = false;
  ask({{[&] { return std::vector{fmt::format("SELECT GET_LOCK({}, 0);", name)}; },
        [&](const auto& answers) {
          if (answers[0].empty() || answers[0][0][0] != "1")
            throw Error("The server gave no lock to compare it with the other one.");
          const auto rows = other.query(fmt::format("SELECT IS_USED_LOCK({}) IS NOT NULL;", name));
          same = !rows.empty() && rows[0][0] == "1";
        }}});
  return same;
}

bool Database::may_set_definers() {
  for (const auto& row : query("SHOW GRANTS;")) {
    const std::string& grant = row.at(0);
    const auto on_all = grant.find(" ON *.* ");
    if (on_all == std::string::npos) continue;
    const std::string privileges = grant.substr(0, on_all);
    for (const char* enough : {"ALL PRIVILEGES", "SUPER", "SET USER"}) {
      if (privileges.find(enough) != std::string::npos) return true;
    }
  }
  return false;
}

std::vector<Account> Database::accounts(const std::vector<AccountName>& names) {
  std::vector<Account> accounts;
  std::string questions;
  for (const auto& name : names) {
    questions += fmt::format("SELECT 'account', {};\nSHOW CREATE USER {};\nSHOW GRANTS FOR {};\n", accounts.size(),
                             name.quoted(), name.quoted());
    accounts.push_back({name.user, name.host, "", {}});
  }
  if (accounts.empty()) return accounts;
  Account* current = nullptr;
  for (const auto& row : query(questions)) {
    if (row.size() == 2 && row[0] == "account") {
      current = &accounts.at(static_cast<std::size_t>(std::stoul(row[1])));
    } else if (current != nullptr && current->create.empty()) {
      current->create = row.at(0);
    } else if (current != nullptr) {
      current->grants.push_back(row.at(0));
    }
  }
  return accounts;
}

}  // namespace exastro
