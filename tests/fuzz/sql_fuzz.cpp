// SQL: the definer filter, the sandbox filter, the check of dumps and the lexer below them.
#include <algorithm>
#include <map>

#include "fuzz/fuzz.h"
#include "stream/definer_clause.h"
#include "stream/definer_filter.h"
#include "stream/dump_check.h"
#include "stream/sandbox_line_filter.h"

using namespace exastro;

namespace {

struct Filtered {
  std::string text;
  std::map<std::string, std::uint64_t> removed;
  stream::DumpFacts facts;
};

Filtered filter(std::string_view sql, std::size_t piece) {
  fuzz::Collected end;
  stream::DumpCheck check(&end);
  stream::DefinerFilter definer(check);
  fuzz::feed(definer, sql, piece);
  return {std::move(end.text), definer.removed(), check.facts()};
}

stream::DumpFacts facts_of(std::string_view sql, std::size_t piece) {
  stream::DumpCheck check;
  fuzz::feed(check, sql, piece);
  return check.facts();
}

bool operator==(const stream::DumpFacts& a, const stream::DumpFacts& b) {
  return a.looks_like_dump == b.looks_like_dump && a.complete == b.complete &&
         a.carriage_returns == b.carriage_returns && a.error_line == b.error_line && a.bytes == b.bytes &&
         a.header_bytes == b.header_bytes && a.views_at == b.views_at && a.longest_statement == b.longest_statement;
}

std::string without_sandbox_line(std::string_view sql, std::size_t piece) {
  fuzz::Collected end;
  stream::SandboxLineFilter sandbox(end);
  fuzz::feed(sandbox, sql, piece);
  fuzz::expect(sandbox.removed() ? sql.ends_with(end.text) : end.text == sql, "only the first line is removed");
  return end.text;
}

bool holds(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

// Whether `part` is `whole` with bytes taken out. A blank may stand for what was taken out.
bool is_left_of(std::string_view part, std::string_view whole) {
  std::size_t at = 0;
  for (const char byte : whole) {
    if (at < part.size() && part[at] == byte) ++at;
  }
  return at == part.size();
}

// What is decided about a statement's head stays so when more of it comes.
void check_head(std::string_view sql) {
  const stream::QuoteRules rules;
  const auto whole = stream::read_statement_head(sql, rules);
  for (std::size_t size = 1; size < std::min<std::size_t>(sql.size(), 128); ++size) {
    const auto head = stream::read_statement_head(std::string(sql.substr(0, size)), rules);
    if (head.undecided) continue;
    fuzz::expect(head.sets == whole.sets && head.definer.has_value() == whole.definer.has_value(),
                 "what is decided stays decided");
    if (head.definer) {
      fuzz::expect(head.definer->begin == whole.definer->begin && head.definer->end == whole.definer->end,
                   "a clause does not move");
    }
    break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view sql = fuzz::as_text(data, size).substr(1);
  const std::size_t piece = 1U + data[0] % 80U;
  const Filtered whole = filter(sql, size);
  const Filtered cut = filter(sql, piece);
  fuzz::expect(whole.text == cut.text && whole.removed == cut.removed, "a cut does not change what is filtered");
  fuzz::expect(whole.facts == cut.facts, "a cut does not change what is told of a filtered dump");
  fuzz::expect(whole.removed.empty() ? whole.text == sql : holds(sql, "DEFINER"), "only DEFINER clauses are removed");
  std::string text = whole.text;
  std::erase(text, ' ');  // what stands for a clause
  fuzz::expect(is_left_of(text, sql), "nothing but blanks is added");
  fuzz::expect(facts_of(sql, size) == facts_of(sql, piece), "a cut does not change what is told of a dump");
  fuzz::expect(without_sandbox_line(sql, size) == without_sandbox_line(sql, piece), "nor the first line");
  if (!sql.empty()) check_head(sql);
  static_cast<void>(stream::rules_after_set(sql, {}));
  return 0;
}
