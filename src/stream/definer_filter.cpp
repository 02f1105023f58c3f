#include "stream/definer_filter.h"

#include "stream/statement_scanner.h"

namespace exastro::stream {

class DefinerFilter::Scanner : public StatementScanner {
 public:
  explicit Scanner(Sink& next) : next_(next) {}

  [[nodiscard]] const std::map<std::string, std::uint64_t>& removed() const { return removed_; }

 private:
  void pass(std::string_view text) override {
    if (!text.empty()) next_.write(as_bytes(text));
  }

  const char* statement_begins(const char* at, std::string_view, const StatementHead& head) override {
    if (!head.definer) return at;
    const DefinerClause& clause = *head.definer;
    ++removed_[clause.account];
    const char* const behind = cut(at + clause.begin, at + clause.end);
    if (clause.joins) pass(" ");
    return behind;
  }

  Sink& next_;
  std::map<std::string, std::uint64_t> removed_;
};

DefinerFilter::DefinerFilter(Sink& next) : next_(next), scanner_(std::make_unique<Scanner>(next)) {}
DefinerFilter::~DefinerFilter() = default;
void DefinerFilter::write(std::span<const std::byte> bytes) { scanner_->write(as_text(bytes)); }
void DefinerFilter::finish() {
  scanner_->finish();
  next_.finish();
}
const std::map<std::string, std::uint64_t>& DefinerFilter::removed() const { return scanner_->removed(); }

}  // namespace exastro::stream
