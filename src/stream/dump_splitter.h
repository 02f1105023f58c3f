// Takes a dump of several databases (`--all-databases`) apart.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "stream/sink.h"
#include "stream/table_rows.h"

namespace exastro::stream {

// What comes out. Its methods may throw.
class DumpParts {
 public:
  virtual ~DumpParts() = default;

  // Where the next part goes: what stands before the first database, with an empty name, then each stretch that begins
  // with `-- Current Database: name`. A database that has views comes a second time. The sink is finished at the part's
  // end, and must live until then.
  virtual Sink& part(const std::string& database) = 0;

  // The database has this table.
  virtual void table(const std::string& database, const std::string& name) = 0;

  // Whether rows of this table are wanted, besides being passed on.
  virtual bool wants(const std::string& database, const std::string& table) = 0;
  virtual void row(const std::string& database, const std::string& table, const TableRow& row) = 0;
};

// Lines and statements are told apart as the client does, so that what stands in rows, comments of bodies, or the
// bodies of routines, triggers and events means nothing here. The line `-- Dump completed` is not passed on. Keeps one
// statement at a time of the tables that are wanted, and a beginning of the others.
class DumpSplitter : public Sink {
 public:
  // `database` is where it begins: empty for a dump of several, the name for one of a single database. `parts` must
  // outlive it.
  DumpSplitter(DumpParts& parts, std::string database);
  ~DumpSplitter() override;

  // Throws Error (kDamaged) for a USE or CREATE DATABASE of another database than the part's, and for a wanted
  // statement above 64 MiB or one that cannot be read.
  void write(std::span<const std::byte> bytes) override;
  // Throws Error (kDamaged) if the last line is not `-- Dump completed`, or if that is inside something.
  void finish() override;

  // As the head of the dump says; empty if it does not.
  [[nodiscard]] const std::string& server_version() const;

 private:
  class Scanner;
  std::unique_ptr<Scanner> scanner_;
};

}  // namespace exastro::stream
