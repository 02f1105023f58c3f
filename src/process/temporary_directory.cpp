#include "process/temporary_directory.h"

#include <cstdlib>

#include "error.h"

namespace exastro::process {

std::filesystem::path temporary_directory() {
  std::error_code error;
  std::filesystem::path directory = std::filesystem::temp_directory_path(error);
  if (!error) return directory;
  const char* chosen = std::getenv("TMPDIR");
  throw Error(std::string("The directory for temporary files cannot be used: ") + (chosen != nullptr ? chosen : "/tmp"),
              "Set TMPDIR to a directory that you may write to.");
}

}  // namespace exastro::process
