// Ctrl-C, SIGTERM and SIGHUP as one level-triggered fact that every wait can see.
#pragma once

#include "error.h"

namespace exastro::process {

class Interrupted : public Error {
 public:
  Interrupted() : Error("Interrupted.", "", ExitStatus::kInterrupted) {}
};

class Interrupt {
 public:
  // Installs the handlers, once per program.
  static void install();
  [[nodiscard]] static bool requested();  // not while a Shield of this thread exists
  static void throw_if_requested();       // Interrupted
  [[nodiscard]] static bool shielded();   // whether a Shield of this thread exists
  // Readable from the first interrupt on, and never drained.
  [[nodiscard]] static int descriptor();

  // Waits until there is something to read, or the end. Throws Interrupted.
  static void wait_readable(int descriptor);

  // While one exists, the signals end the program as if it had no handlers: for work that leaves nothing to put back.
  class Plain {
   public:
    Plain();
    ~Plain();
    Plain(const Plain&) = delete;
    Plain& operator=(const Plain&) = delete;
  };

  // While one exists, this thread does not see interrupts: for the steps that put things back.
  class Shield {
   public:
    Shield();
    ~Shield();
    Shield(const Shield&) = delete;
    Shield& operator=(const Shield&) = delete;
  };
};

}  // namespace exastro::process
