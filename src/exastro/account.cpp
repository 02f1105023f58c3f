#include "exastro/account.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "error.h"
#include "stream/json_text.h"

namespace exastro {
namespace {

// The offset of ` WORD` outside quotes, at or after `from`.
std::optional<std::size_t> find_word(std::string_view text, std::string_view word, std::size_t from = 0) {
  char quote = '\0';
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != '\0') {
      if (c == '\\' && quote == '\'') {
        ++at;
      } else if (c == quote) {
        quote = '\0';  // a doubled quote closes and opens again
      }
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (at >= from && c == ' ' && text.substr(at + 1).starts_with(word)) {
      return at;
    }
  }
  return std::nullopt;
}

std::string quoted_with(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote) result += quote;
    result += c;
  }
  return result + quote;
}

}  // namespace

std::string AccountName::quoted() const { return quote_identifier(user) + "@" + quote_identifier(host); }

std::string quote_identifier(std::string_view text) { return quoted_with(text, '`'); }

std::string quote_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') escaped += '\\';
    escaped += c;
  }
  return quoted_with(escaped, '\'');
}

std::string quote_option(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == '\0') throw Error("A password or name with a line end cannot be used.");
    if (c == '\\' || c == '"') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string grant_without_authentication(std::string_view grant) {
  std::optional<std::size_t> from;
  for (const std::string_view word : {"IDENTIFIED ", "REQUIRE "}) {
    const auto at = find_word(grant, word);
    if (at && (!from || *at < *from)) from = at;
  }
  if (!from) return std::string(grant);
  const auto with = find_word(grant, "WITH ", *from);
  std::string result(grant.substr(0, *from));
  // Of what follows WITH, resource limits are CREATE USER's matter too.
  if (with && find_word(grant, "GRANT OPTION", *with)) result += " WITH GRANT OPTION";
  return result;
}

std::string without_wildcard_escapes(const std::string& pattern) {
  std::string name;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const bool escape = pattern[at] == '\\' && at + 1 < pattern.size();
    name += pattern[escape ? ++at : at];
  }
  return name;
}

std::string create_or_replace(std::string_view create) {
  constexpr std::string_view kHead = "CREATE USER ";
  if (!create.starts_with(kHead)) throw Error("The server described an account in words that are not CREATE USER.");
  return "CREATE OR REPLACE USER " + std::string(create.substr(kHead.size()));
}

std::vector<std::string> authentication_plugins(std::string_view create) {
  constexpr std::string_view kVia = "IDENTIFIED VIA ";
  constexpr std::string_view kOr = "OR ";
  std::vector<std::string> plugins;
  const auto via = find_word(create, kVia);
  std::size_t from = via ? *via + 1 + kVia.size() : create.size();
  while (from < create.size()) {
    plugins.emplace_back(create.substr(from, create.find_first_of(" ;", from) - from));
    const auto alternative = find_word(create, kOr, from);
    from = alternative ? *alternative + 1 + kOr.size() : create.size();
  }
  return plugins;
}

std::string to_json_text(const std::vector<Account>& accounts) {
  Json list = Json::array();
  for (const auto& account : accounts) {
    list.push_back(
        {{"user", account.user}, {"host", account.host}, {"create", account.create}, {"grants", account.grants}});
  }
  return Json({{"accounts", std::move(list)}}).dump(1) + "\n";
}

std::vector<Account> parse_accounts(const std::string& json_text) {
  try {
    std::vector<Account> accounts;
    const Json text = stream::parse_json(json_text);
    for (const auto& item : text.at("accounts")) {
      accounts.push_back({item.at("user"), item.at("host"), item.at("create"), item.at("grants")});
    }
    return accounts;
  } catch (const std::exception& error) {
    throw Error(fmt::format("The accounts in the backup cannot be read: {}", error.what()), "", ExitStatus::kDamaged);
  }
}

}  // namespace exastro
