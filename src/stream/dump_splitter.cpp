#include "stream/dump_splitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "error.h"
#include "stream/sql_tokens.h"
#include "stream/statement_scanner.h"

namespace exastro::stream {
namespace {

constexpr std::size_t kMaxWanted = std::size_t{64} << 20;
// More than two names with all that may stand before them.
constexpr std::size_t kNamingBytes = 2048;

constexpr std::string_view kCurrent = "-- Current Database: ";
constexpr std::string_view kVersion = "-- Server version\t";
constexpr std::string_view kMark = "-- Dump completed";

Error damaged(const std::string& what) { return Error(what, "", ExitStatus::kDamaged); }

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
  return line;
}

// What a statement does, as far as it matters here.
struct Naming {
  enum class Kind { kUndecided, kOther, kUse, kCreateTable, kInsert };
  Kind kind = Kind::kOther;
  std::string name;
};

Naming read_naming(std::string_view text, QuoteRules rules) {
  Tokenizer tokens(text, rules);
  const auto one_of = [&](const Token& token, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](auto word) { return tokens.is_keyword(token, word); });
  };
  const Token first = tokens.next();
  if (first.kind == Token::Kind::kCut) return {Naming::Kind::kUndecided, ""};
  const bool creates = tokens.is_keyword(first, "CREATE");
  const bool inserts = one_of(first, {"INSERT", "REPLACE"});
  if (!creates && !inserts && !tokens.is_keyword(first, "USE")) return {};
  Naming naming{inserts ? Naming::Kind::kInsert : Naming::Kind::kUse, ""};
  Token token = tokens.next();
  if (creates && token.kind != Token::Kind::kCut) {
    if (!one_of(token, {"TABLE", "DATABASE", "SCHEMA"})) return {};
    if (tokens.is_keyword(token, "TABLE")) naming.kind = Naming::Kind::kCreateTable;
    token = tokens.next();
  }
  while (token.kind != Token::Kind::kCut && one_of(token, {"IF", "NOT", "EXISTS", "IGNORE", "DELAYED", "INTO"})) {
    token = tokens.next();
  }
  if (token.kind == Token::Kind::kCut) return {Naming::Kind::kUndecided, ""};
  if (!is_name(token)) return {};
  naming.name = name_of(tokens.text(token));
  return naming;
}

}  // namespace

class DumpSplitter::Scanner : public StatementScanner {
 public:
  Scanner(DumpParts& parts, std::string database) : parts_(parts), database_(std::move(database)) {
    sink_ = &parts_.part(database_);
  }

  void finish() {
    StatementScanner::finish();
    if (!complete_ || in_statement()) {
      throw damaged("it is cut off: its last line, -- Dump completed, is missing");
    }
    sink_->finish();
  }

  [[nodiscard]] const std::string& server_version() const { return version_; }

 private:
  using Kind = Naming::Kind;

  void pass(std::string_view text) override {
    if (complete_ && text.find_first_not_of(" \t\r\n") != std::string_view::npos) complete_ = false;
    if (text.empty()) return;
    if (wanted_) {
      if (statement_.size() + text.size() > kMaxWanted) {
        throw damaged(fmt::format("a statement for {}.{} has more than {} MiB", database_, table_, kMaxWanted >> 20));
      }
      statement_ += text;
    }
    sink_->write(as_bytes(text));
  }

  [[nodiscard]] bool wants_comments() const override { return true; }

  const char* comment(const char* at, std::string_view line) override {
    if (line.starts_with(kMark)) {
      pass_up_to(at);
      complete_ = true;
      return cut(at, at + line.size());
    }
    if (line.starts_with(kVersion) && version_.empty()) version_ = trimmed(line.substr(kVersion.size()));
    if (line.starts_with(kCurrent)) {
      pass_up_to(at);
      sink_->finish();
      const std::string_view name = trimmed(line.substr(kCurrent.size()));
      if (name.size() < 3 || name.front() != '`' || name.back() != '`') {
        throw damaged(fmt::format("a line of it names no database: {}", line.substr(0, 200)));
      }
      database_ = name_of(name);
      sink_ = &parts_.part(database_);
    }
    return at;
  }

  [[nodiscard]] StatementHead read_head(std::string_view text, QuoteRules rules) const override {
    StatementHead head = StatementScanner::read_head(text, rules);
    head.undecided = head.undecided && text.size() < kNamingBytes;
    if (!head.undecided && text.size() < kNamingBytes) {
      head.undecided = read_naming(text, rules).kind == Kind::kUndecided && text.find(';') == std::string_view::npos;
    }
    return head;
  }

  const char* statement_begins(const char* at, std::string_view text, const StatementHead&) override {
    Naming naming = read_naming(text.substr(0, kNamingBytes), rules());
    if (naming.kind == Kind::kUse && naming.name != database_) {
      throw damaged(fmt::format("a part of it that is of database {} turns to {}", database_, naming.name));
    }
    if (naming.kind != Kind::kCreateTable && naming.kind != Kind::kInsert) return at;
    if (naming.kind == Kind::kCreateTable) parts_.table(database_, naming.name);
    if (!parts_.wants(database_, naming.name)) return at;
    pass_up_to(at);
    table_ = std::move(naming.name);
    wanted_ = naming.kind;
    wanted_rules_ = rules();
    return at;
  }

  void statement_ends(const char* at) override {
    if (!wanted_) return;
    pass_up_to(at);
    const std::string statement = std::move(statement_);
    statement_.clear();
    const Kind kind = *wanted_;
    wanted_.reset();
    auto& columns = columns_[database_ + "." + table_];
    if (kind == Kind::kCreateTable) {
      columns = column_names(statement, wanted_rules_);
    } else {
      for_each_row(statement, columns, wanted_rules_, [&](const TableRow& row) { parts_.row(database_, table_, row); });
    }
  }

  DumpParts& parts_;
  std::string database_;
  Sink* sink_ = nullptr;
  std::string version_;
  std::string table_;           // of the statement that is wanted
  std::optional<Kind> wanted_;  // what it is
  QuoteRules wanted_rules_;
  std::string statement_;
  std::map<std::string, std::vector<std::string>> columns_;  // by database.table
  bool complete_ = false;                                    // nothing but blanks since the mark
};

DumpSplitter::DumpSplitter(DumpParts& parts, std::string database)
    : scanner_(std::make_unique<Scanner>(parts, std::move(database))) {}
DumpSplitter::~DumpSplitter() = default;
void DumpSplitter::write(std::span<const std::byte> bytes) { scanner_->write(as_text(bytes)); }
void DumpSplitter::finish() { scanner_->finish(); }
const std::string& DumpSplitter::server_version() const { return scanner_->server_version(); }

}  // namespace exastro::stream
