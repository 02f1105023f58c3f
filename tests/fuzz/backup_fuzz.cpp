// The backup file. Its frame as it comes; or, behind a first byte that is even, its members, packed with right digests,
// which no fuzzer would find.
#include <sys/mman.h>

#include <array>
#include <filesystem>

#include "archive/backup_reader.h"
#include "archive/backup_writer.h"
#include "archive/names.h"
#include "fuzz/fuzz.h"
#include "stream/gzip.h"

using namespace exastro;

namespace {

archive::FileDescriptor memory_file(std::string_view bytes) {
  archive::FileDescriptor file(::memfd_create("backup", MFD_CLOEXEC));
  archive::write_all(file.get(), stream::as_bytes(bytes), "the memory file");
  return file;
}

void prove(archive::FileDescriptor file) {
  fuzz::accepts([&] {
    const auto backup = archive::BackupReader::open(std::move(file), "backup");
    const auto verified = backup.verify();
    fuzz::expect(verified.members == backup.manifest().members.size(), "every member is proved");
  });
}

void add(archive::BackupWriter& writer, const std::string& name, archive::MemberKind kind, std::string_view plain) {
  const auto member = writer.begin(name, kind, archive::Encoding::kGzip);
  stream::GzipCompressor gzip(*member, 1);
  fuzz::feed(gzip, plain, plain.size());
}

// Dump, files and accounts from the text, cut at its NUL bytes as far as it has such.
void prove_members(std::string_view text) {
  std::array<std::string_view, 3> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = i + 1 < parts.size() ? text.find(std::string_view("\0\1\2", 3)) : std::string_view::npos;
    parts[i] = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 3);
  }
  archive::Manifest manifest;
  manifest.created_at = "2026-01-31T12:34:56Z";
  manifest.servers.emplace_back().id = "shared";
  auto& database = manifest.databases.emplace_back();
  database.server = "shared";
  database.name = "platform";
  database.member = "dump";
  manifest.files = {.member = "files", .storage_path = "/storage", .claim = "pvc"};
  manifest.accounts = {{.server = "shared", .member = "accounts", .names = {}}};
  auto writer = archive::BackupWriter::unnamed(std::filesystem::temp_directory_path());
  add(writer, "dump", archive::MemberKind::kDump, parts[0]);
  add(writer, "files", archive::MemberKind::kFiles, parts[1]);
  writer.add("accounts", archive::MemberKind::kAccounts, parts[2]);
  writer.finish(manifest);
  archive::FileDescriptor file(::memfd_create("backup", MFD_CLOEXEC));
  writer.copy_to(file.get());
  prove(std::move(file));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::as_text(data, size);
  if (data[0] % 2 == 0) {
    prove_members(text.substr(1));
  } else {
    prove(memory_file(text.substr(1)));
  }
  return 0;
}
