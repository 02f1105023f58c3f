// The command line: flags into requests, requests into one call each, errors into exit statuses.
#pragma once

#include <iosfwd>

namespace exastro::cli {

// Runs the program; gives its exit status (see ExitStatus).
int run(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

}  // namespace exastro::cli
