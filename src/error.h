// What goes wrong, as one exception type with a kind, and the exit statuses that the kinds end in.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace exastro {

// Exit statuses of the program, documented in `--help`. Scripts rely on the numbers.
enum class ExitStatus {
  kOk = 0,
  kFailed = 1,           // something failed; the system is as it was before
  kUsage = 2,            // the command line is wrong
  kNotFound = 3,         // no Exastro release, or several and none named; a Secret or claim is missing
  kForbidden = 4,        // the cluster or the database refuses a permission
  kDamaged = 5,          // the backup file is damaged, or of a format that this version does not know
  kBusy = 6,             // another run holds the system, or left it stopped
  kServicesStopped = 7,  // the services could not be started again, or stay stopped on purpose
  kDeclined = 8,         // the person answered no, or there was nobody to ask
  kNotABackup = 9,       // the file given as a backup is something else
  kInterrupted = 130,    // Ctrl-C, SIGTERM or SIGHUP
};

// An error for a person: what failed, and the next command to type. `what()` is one line or a few, without a
// trailing newline, and never holds a password or a key.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, std::string next = {}, ExitStatus status = ExitStatus::kFailed)
      : std::runtime_error(message), next_(std::move(next)), status_(status) {}

  // What the person can do now: a sentence or a command; may be empty.
  [[nodiscard]] const std::string& next() const { return next_; }
  [[nodiscard]] ExitStatus status() const { return status_; }

 private:
  std::string next_;
  ExitStatus status_;
};

}  // namespace exastro
