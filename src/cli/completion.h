// Completion of the command line, for kubectl, helm and the shells: one engine over the CLI::App, so that no list of
// commands and flags is written twice, in the protocol of the cobra library, which kubectl and helm speak.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "cli/common.h"

namespace exastro::cli {

// `kubectl-exastro __complete WORD…`: what follows the program's name up to the cursor; the last word, perhaps empty,
// is the one to complete. No part of the help.
inline constexpr std::string_view kCompleteCommand = "__complete";

// What a shell does with the candidates; the numbers are cobra's.
enum class Directive {
  kFiles = 0,         // none of ours: names of files
  kNothingElse = 4,   // these, and no names of files
  kFilesEnding = 8,   // the candidates are endings of files' names
  kDirectories = 16,  // names of directories
};

struct Completion {
  std::vector<std::string> candidates;  // "word" or "word<TAB>what it does"
  Directive directive = Directive::kNothingElse;
};

// What there is of a type, CONTEXT, NAMESPACE or RELEASE, in the cluster that the flags lead to.
using NamesOf = std::function<std::vector<std::string>(const std::string& type, const CommonFlags& flags)>;

// An option's or positional's type_name says what it takes: FILE, DIR, BACKUP (a directory, a .tar or an encrypted
// .age), CONTEXT, NAMESPACE or RELEASE; a CLI::IsMember check says it by itself; of anything else there are no
// candidates.
Completion complete(const CLI::App& app, const std::vector<std::string>& words, const NamesOf& names_of);

// From the cluster, with so short a timeout that nobody waits at the keyboard; nothing if it cannot be had.
std::vector<std::string> names_in_the_cluster(const std::string& type, const CommonFlags& flags);

// One candidate a line, then ":<directive>".
void write(const Completion& completion, std::ostream& out);

}  // namespace exastro::cli
