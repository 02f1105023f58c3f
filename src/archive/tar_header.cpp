#include "archive/tar_header.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "error.h"

namespace exastro::archive {
namespace {

struct HeaderText {
  std::string text;
  bool whole = false;
};

// Refuses what comes after the header: at its end libarchive would write zeros for the data that it believes missing.
la_ssize_t append_header(struct archive* writer, void* target, const void* bytes, std::size_t length) {
  auto& header = *static_cast<HeaderText*>(target);
  if (header.whole) {
    archive_set_error(writer, ECANCELED, "only the header is wanted");
    return -1;
  }
  header.text.append(static_cast<const char*>(bytes), length);
  return static_cast<la_ssize_t>(length);
}

}  // namespace

std::string tar_header(const std::string& name, std::uint64_t size, std::int64_t mtime) {
  HeaderText header;
  const std::unique_ptr<struct archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                                   &archive_entry_free);
  const std::unique_ptr<struct archive, decltype(&archive_write_free)> writer(archive_write_new(), &archive_write_free);
  if (!entry || !writer) throw Error("out of memory");
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  archive_entry_set_uid(entry.get(), 0);
  archive_entry_set_gid(entry.get(), 0);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  archive_entry_set_mtime(entry.get(), mtime, 0);
  const bool ok = archive_write_set_format_gnutar(writer.get()) == ARCHIVE_OK &&
                  archive_write_set_bytes_per_block(writer.get(), 0) == ARCHIVE_OK &&
                  archive_write_open(writer.get(), &header, nullptr, &append_header, nullptr) == ARCHIVE_OK &&
                  archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK;
  const std::string reason = ok ? "" : archive_error_string(writer.get());
  header.whole = true;
  if (!ok) throw Error(fmt::format("cannot make the tar header of {}: {}", name, reason));
  return std::move(header.text);
}

}  // namespace exastro::archive
