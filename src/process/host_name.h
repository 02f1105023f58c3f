// The machine that this program runs on.
#pragma once

#include <string>

namespace exastro::process {

// As gethostname() gives it, at most 255 bytes of it; empty if it does not.
std::string host_name();

}  // namespace exastro::process
