#include <iostream>

#include "cli/command_line.h"
#include "process/interrupt.h"

int main(int argc, char** argv) {
  exastro::process::Interrupt::install();
  return exastro::cli::run(argc, argv, std::cout, std::cerr);
}
