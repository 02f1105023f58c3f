// What one dump of a whole server holds, taken apart into a temporary file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "archive/file_descriptor.h"
#include "exastro/privilege_tables.h"
#include "stream/dump_splitter.h"
#include "stream/gzip.h"

namespace exastro {

// Parts of dumps, one behind the other, each a gzip member, in a file without a name.
class PartsFile {
 public:
  struct Part {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  explicit PartsFile(const std::filesystem::path& directory);

  // Begins a part; the one before must have been finished.
  std::unique_ptr<stream::Sink> begin(Part& part);
  // Writes a part's bytes, compressed as they are, to `out`, and does not finish it.
  void copy(const Part& part, stream::Sink& out) const;

 private:
  class PartSink;

  archive::FileDescriptor file_;
  std::uint64_t size_ = 0;
};

// Takes the parts of one dump.
class HandMadeDump : public stream::DumpParts {
 public:
  struct Database {
    std::vector<PartsFile::Part> body;
    std::vector<PartsFile::Part> programs;  // routines and events, from the rows of mysql.proc and mysql.event
    std::vector<PartsFile::Part> views;
    std::uint64_t plain_bytes = 0;
    std::uint64_t tables = 0;
    std::string character_set;
    std::string collation;
    std::set<std::string> definers;  // user@host
  };

  // A connection record.
  struct Record {
    std::string kept_in;
    std::string database;
    std::string user;
  };

  // The file must outlive it.
  explicit HandMadeDump(PartsFile& file) : file_(file) {}

  // What stands before the first database: the settings of the session.
  [[nodiscard]] const std::string& header() const { return header_; }
  [[nodiscard]] const std::map<std::string, Database>& databases() const { return databases_; }
  [[nodiscard]] const std::vector<Record>& records() const { return records_; }
  [[nodiscard]] const PrivilegeTables& privileges() const { return privileges_; }
  // Whether the dump has the server's own database, and with it accounts and routines.
  [[nodiscard]] bool has_system_tables() const { return has_system_tables_; }
  [[nodiscard]] bool has_events() const { return has_events_; }

  // Ends what is still open, when the dump has been read.
  void finish();

 private:
  class HeaderSink;
  class BodySink;

  stream::Sink& part(const std::string& database) override;
  void table(const std::string& database, const std::string& name) override;
  bool wants(const std::string& database, const std::string& table) override;
  void row(const std::string& database, const std::string& table, const stream::TableRow& row) override;

  void add_program(const stream::TableRow& row, const std::string& sql);
  void end_program();

  PartsFile& file_;
  std::string header_;
  std::map<std::string, Database> databases_;
  std::vector<Record> records_;
  PrivilegeTables privileges_;
  bool has_system_tables_ = false;
  bool has_events_ = false;
  std::unique_ptr<stream::Sink> sink_;  // of the part that passes
  std::string program_database_;        // whose routines are being written
  std::unique_ptr<stream::Sink> program_sink_;
};

}  // namespace exastro
