// Giving a file its name when it is whole, so that nothing half-written ever has it.
#pragma once

#include <filesystem>

#include "archive/file_descriptor.h"
#include "error.h"
#include "stream/sink.h"

namespace exastro::archive {

// The directory that a path is in; "." if it names none.
[[nodiscard]] std::filesystem::path directory_of(const std::filesystem::path& path);

// The error of a name that something has already.
[[nodiscard]] Error target_exists(const std::filesystem::path& path);

// What was renamed in it stays so after a power cut. Throws Error.
void sync_directory(const std::filesystem::path& directory);

// Gives `from` the name `to`, unless something has it; then false. Throws Error.
[[nodiscard]] bool rename_without_replacing(const std::filesystem::path& from, const std::filesystem::path& to);

// A small file for its owner's eyes: mode 0600, written beside its name, which it has from finish() on. Nothing that
// exists is written over.
class PrivateFile : public stream::Sink {
 public:
  // Throws Error if the name is taken or the directory cannot be written.
  explicit PrivateFile(std::filesystem::path path);
  // Removes what was written, if finish() was not reached.
  ~PrivateFile() override;

  void write(std::span<const std::byte> bytes) override;
  void finish() override;

 private:
  std::filesystem::path path_;
  std::string partial_;
  FileDescriptor file_;
};

}  // namespace exastro::archive
