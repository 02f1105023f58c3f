// Where files go that nobody is to find.
#pragma once

#include <filesystem>

namespace exastro::process {

// TMPDIR, or the system's. Throws Error if it is no directory.
std::filesystem::path temporary_directory();

}  // namespace exastro::process
