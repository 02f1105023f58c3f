#include "exastro/stored_program.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "error.h"
#include "exastro/account.h"

namespace exastro {
namespace {

using stream::TableRow;

std::optional<std::string> find(const TableRow& row, const char* column) {
  const auto found = row.find(column);
  return found == row.end() ? std::nullopt : found->second;
}

std::string need(const TableRow& row, const char* column) {
  if (auto value = find(row, column)) return *value;
  throw Error(fmt::format("a routine or event in it has no {}", column), "", ExitStatus::kDamaged);
}

bool has_mode(const std::string& modes, std::string_view mode) {
  return ("," + modes + ",").find("," + std::string(mode) + ",") != std::string::npos;
}

// A string literal under the given modes.
std::string quote_under(const std::string& modes, const std::string& text) {
  if (!has_mode(modes, "NO_BACKSLASH_ESCAPES")) return quote_text(text);
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += c;
    quoted += c;
  }
  return quoted + "'";
}

// user@host, as the tables have it, quoted.
std::string definer_of(const TableRow& row) {
  const std::string definer = need(row, "definer");
  const auto at = definer.rfind('@');
  if (at == std::string::npos) return quote_identifier(definer);  // a role
  return AccountName{definer.substr(0, at), definer.substr(at + 1)}.quoted();
}

// A text that the client takes for the end of a statement, and that the statement does not hold.
std::string delimiter_for(const std::string& statement) {
  std::string delimiter = ";;";
  for (int number = 0; statement.find(delimiter) != std::string::npos; ++number)
    delimiter = fmt::format("$${}$$", number);
  return delimiter;
}

// A statement under the modes and character sets that it was first written under; the session's own come back after it.
std::string under_its_settings(const TableRow& row, const std::string& type, const std::string& statement,
                               const std::string& time_zone) {
  const std::string delimiter = delimiter_for(statement);
  std::string sql =
      "/*!50003 SET @saved_sql_mode = @@sql_mode, @saved_cs_client = @@character_set_client, @saved_cs_results = "
      "@@character_set_results, @saved_col_connection = @@collation_connection, @saved_time_zone = @@time_zone */ ;\n";
  sql += fmt::format("/*!50003 SET sql_mode = {} */ ;\n", quote_text(need(row, "sql_mode")));
  // NULL: from before servers kept them.
  if (const auto client = find(row, "character_set_client")) {
    sql += fmt::format("/*!50003 SET character_set_client = {0}, character_set_results = {0} */ ;\n", *client);
  }
  if (const auto collation = find(row, "collation_connection")) {
    sql += fmt::format("/*!50003 SET collation_connection = {} */ ;\n", *collation);
  }
  if (!time_zone.empty()) sql += fmt::format("/*!50003 SET time_zone = {} */ ;\n", quote_text(time_zone));
  sql += fmt::format("DROP {} IF EXISTS {};\n", type, quote_identifier(need(row, "name")));
  sql += fmt::format("DELIMITER {0}\n{1}\n{0}\nDELIMITER ;\n", delimiter, statement);
  return sql +
         "/*!50003 SET sql_mode = @saved_sql_mode */ ;\n"
         "/*!50003 SET character_set_client = @saved_cs_client, character_set_results = @saved_cs_results, "
         "collation_connection = @saved_col_connection, time_zone = @saved_time_zone */ ;\n";
}

// `18` MINUTE_SECOND as '0:18': the table has the number in the smallest unit of the field.
std::string interval_text(const std::string& number, const std::string& field) {
  struct Compound {
    std::string_view field;
    std::array<std::uint64_t, 4> sizes;  // of the smallest unit in each, from the greatest one on; 0: no more
    std::string_view separators;
  };
  constexpr std::array<Compound, 7> kCompounds{{{"YEAR_MONTH", {12, 1, 0, 0}, "-"},
                                                {"DAY_HOUR", {24, 1, 0, 0}, " "},
                                                {"DAY_MINUTE", {1440, 60, 1, 0}, " :"},
                                                {"DAY_SECOND", {86400, 3600, 60, 1}, " ::"},
                                                {"HOUR_MINUTE", {60, 1, 0, 0}, ":"},
                                                {"HOUR_SECOND", {3600, 60, 1, 0}, "::"},
                                                {"MINUTE_SECOND", {60, 1, 0, 0}, ":"}}};
  for (const auto& compound : kCompounds) {
    if (compound.field != field) continue;
    std::uint64_t rest = 0;
    std::from_chars(number.data(), number.data() + number.size(), rest);
    std::string text = "'";
    for (std::size_t i = 0; i < compound.sizes.size() && compound.sizes[i] != 0; ++i) {
      if (i > 0) text += compound.separators[i - 1];
      text += std::to_string(rest / compound.sizes[i]);
      rest %= compound.sizes[i];
    }
    return text + "' " + field;
  }
  return number + " " + field;
}

std::string access_of(const std::string& access) {
  if (access == "NO_SQL") return "    NO SQL\n";
  if (access == "READS_SQL_DATA") return "    READS SQL DATA\n";
  if (access == "MODIFIES_SQL_DATA") return "    MODIFIES SQL DATA\n";
  return "";
}

std::string comment_of(const TableRow& row, const std::string& modes) {
  const std::string comment = find(row, "comment").value_or("");
  return comment.empty() ? "" : fmt::format("    COMMENT {}\n", quote_under(modes, comment));
}

}  // namespace

std::string database_of(const TableRow& row) { return need(row, "db"); }

std::string routine_sql(const TableRow& row) {
  const std::string type = need(row, "type");
  const std::string modes = need(row, "sql_mode");
  const bool is_package = type.starts_with("PACKAGE");
  const bool is_group = find(row, "aggregate").value_or("NONE") == "GROUP";
  std::string create = fmt::format("CREATE DEFINER={} {}{} {}", definer_of(row), is_group ? "AGGREGATE " : "", type,
                                   quote_identifier(need(row, "name")));
  if (!is_package) create += "(" + need(row, "param_list") + ")";
  if (type == "FUNCTION") create += (has_mode(modes, "ORACLE") ? " RETURN " : " RETURNS ") + need(row, "returns");
  create += "\n" + access_of(find(row, "sql_data_access").value_or(""));
  if (find(row, "is_deterministic").value_or("NO") == "YES") create += "    DETERMINISTIC\n";
  if (find(row, "security_type").value_or("DEFINER") == "INVOKER") create += "    SQL SECURITY INVOKER\n";
  create += comment_of(row, modes) + need(row, "body");
  return under_its_settings(row, type, create, "");
}

std::string event_sql(const TableRow& row) {
  const std::string modes = need(row, "sql_mode");
  const auto time = [&](const std::string& utc) {
    return fmt::format("CONVERT_TZ('{}', '+00:00', @@session.time_zone)", utc);
  };
  std::string create =
      fmt::format("CREATE DEFINER={} EVENT {} ON SCHEDULE ", definer_of(row), quote_identifier(need(row, "name")));
  if (const auto at = find(row, "execute_at")) {
    create += "AT " + time(*at);
  } else {
    create += "EVERY " + interval_text(need(row, "interval_value"), need(row, "interval_field"));
    if (const auto starts = find(row, "starts")) create += " STARTS " + time(*starts);
    if (const auto ends = find(row, "ends")) create += " ENDS " + time(*ends);
  }
  create += need(row, "on_completion") == "PRESERVE" ? " ON COMPLETION PRESERVE" : " ON COMPLETION NOT PRESERVE";
  const std::string status = need(row, "status");
  create += status == "ENABLED" ? " ENABLE" : status == "DISABLED" ? " DISABLE" : " DISABLE ON SLAVE";
  create += "\n" + comment_of(row, modes) + "DO " + need(row, "body");
  return under_its_settings(row, "EVENT", create, find(row, "time_zone").value_or("SYSTEM"));
}

}  // namespace exastro
