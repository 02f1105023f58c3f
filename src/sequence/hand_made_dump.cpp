#include "sequence/hand_made_dump.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <regex>

#include "archive/spool.h"
#include "error.h"
#include "exastro/record_tables.h"
#include "exastro/stored_program.h"
#include "stream/definer_filter.h"

namespace exastro {
namespace {

constexpr int kLevel = 1;
constexpr std::size_t kMaxHeader = std::size_t{64} << 10;
constexpr std::size_t kCreateBytes = 4096;  // of a part: enough for its CREATE DATABASE

constexpr const char* kSystem = "mysql";

bool is_servers_own(const std::string& database) {
  constexpr std::array<std::string_view, 4> kOwn{kSystem, "information_schema", "performance_schema", "sys"};
  return std::find(kOwn.begin(), kOwn.end(), database) != kOwn.end();
}

std::string value(const stream::TableRow& row, const std::string& column) {
  const auto found = row.find(column);
  return found == row.end() || !found->second ? "" : *found->second;
}

}  // namespace

class PartsFile::PartSink : public stream::Sink {
 public:
  PartSink(PartsFile& file, Part& part)
      : file_(file),
        part_(part),
        write_([this](std::span<const std::byte> bytes) { append(bytes); }),
        gzip_(write_, kLevel) {
    part_.offset = file.size_;
  }

  void write(std::span<const std::byte> bytes) override { gzip_.write(bytes); }
  void finish() override {
    gzip_.finish();
    part_.size = file_.size_ - part_.offset;
  }

 private:
  void append(std::span<const std::byte> bytes) {
    archive::write_all_at(file_.file_.get(), bytes, file_.size_, "the temporary file");
    file_.size_ += bytes.size();
  }

  PartsFile& file_;
  Part& part_;
  stream::CallbackSink write_;
  stream::GzipCompressor gzip_;
};

PartsFile::PartsFile(const std::filesystem::path& directory) : file_(archive::make_unnamed_file(directory)) {}

std::unique_ptr<stream::Sink> PartsFile::begin(Part& part) { return std::make_unique<PartSink>(*this, part); }

void PartsFile::copy(const Part& part, stream::Sink& out) const {
  std::vector<std::byte> buffer(std::size_t{256} << 10);
  for (std::uint64_t done = 0; done < part.size;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), part.size - done));
    const auto room = std::span(buffer).first(wanted);
    if (archive::read_all_at(file_.get(), room, part.offset + done, "the temporary file") != wanted) {
      throw Error("the temporary file became shorter while it was read");
    }
    out.write(room);
    done += wanted;
  }
}

class HandMadeDump::HeaderSink : public stream::Sink {
 public:
  explicit HeaderSink(std::string& header) : header_(header) {}
  void write(std::span<const std::byte> bytes) override {
    if (header_.size() + bytes.size() > kMaxHeader) {
      throw Error("no database begins in it: it is not a dump of all databases", "", ExitStatus::kDamaged);
    }
    header_ += stream::as_text(bytes);
  }
  void finish() override {}

 private:
  std::string& header_;
};

// A stretch of a database's dump on its way into the file, looked at.
class HandMadeDump::BodySink : public stream::Sink {
 public:
  BodySink(PartsFile& file, Database& database, PartsFile::Part& part)
      : database_(database), sink_(file.begin(part)), definers_(nothing_) {}

  void write(std::span<const std::byte> bytes) override {
    const std::string_view text = stream::as_text(bytes);
    if (begin_.size() < kCreateBytes) begin_ += text.substr(0, kCreateBytes - begin_.size());
    database_.plain_bytes += bytes.size();
    definers_.write(bytes);
    sink_->write(bytes);
  }

  void finish() override {
    definers_.finish();
    for (const auto& [account, count] : definers_.removed()) database_.definers.insert(account);
    read_create();
    sink_->finish();
  }

 private:
  void read_create() {
    static const std::regex kCreate(
        "\nCREATE DATABASE [^\n]*/\\*!40100 DEFAULT CHARACTER SET ([a-z0-9_]+)(?: COLLATE ([a-z0-9_]+))?");
    std::smatch match;
    if (!std::regex_search(begin_, match, kCreate)) return;
    database_.character_set = match[1];
    database_.collation = match[2];
  }

  Database& database_;
  std::unique_ptr<stream::Sink> sink_;
  stream::NullSink nothing_;
  stream::DefinerFilter definers_;
  std::string begin_;
};

stream::Sink& HandMadeDump::part(const std::string& database) {
  end_program();
  if (database.empty()) {
    sink_ = std::make_unique<HeaderSink>(header_);
  } else if (is_servers_own(database)) {
    has_system_tables_ = has_system_tables_ || database == kSystem;
    sink_ = std::make_unique<stream::NullSink>();
  } else {
    Database& entry = databases_[database];
    if (!entry.views.empty()) {
      throw Error(fmt::format("database {} begins in it a third time", database), "", ExitStatus::kDamaged);
    }
    auto& parts = entry.body.empty() ? entry.body : entry.views;
    sink_ = std::make_unique<BodySink>(file_, entry, parts.emplace_back());
  }
  return *sink_;
}

void HandMadeDump::table(const std::string& database, const std::string&) {
  if (const auto found = databases_.find(database); found != databases_.end()) ++found->second.tables;
}

bool HandMadeDump::wants(const std::string& database, const std::string& table) {
  if (database == kSystem) return table == "proc" || table == "event" || PrivilegeTables::has(table);
  return find_record_table(table) != nullptr;
}

void HandMadeDump::row(const std::string& database, const std::string& table, const stream::TableRow& row) {
  if (database != kSystem) {
    records_.push_back({database, value(row, "DB_DATABASE"), value(row, "DB_USER")});
  } else if (table == "proc") {
    add_program(row, routine_sql(row));
  } else if (table == "event") {
    has_events_ = true;
    add_program(row, event_sql(row));
  } else {
    privileges_.add(table, row);
  }
}

void HandMadeDump::add_program(const stream::TableRow& row, const std::string& sql) {
  const std::string database = database_of(row);
  if (is_servers_own(database)) return;
  databases_[database].definers.insert(value(row, "definer"));
  if (!program_sink_ || program_database_ != database) {
    end_program();
    program_database_ = database;
    program_sink_ = file_.begin(databases_[database].programs.emplace_back());
  }
  program_sink_->write(stream::as_bytes(sql));
}

void HandMadeDump::end_program() {
  if (program_sink_) program_sink_->finish();
  program_sink_.reset();
}

void HandMadeDump::finish() { end_program(); }

}  // namespace exastro
