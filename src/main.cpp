#include <openssl/crypto.h>

#include <iostream>

#include "cli/command_line.h"
#include "process/interrupt.h"

int main(int argc, char** argv) {
  // The machine's openssl.cnf may load modules, which a static program cannot, and digests need none.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  exastro::process::Interrupt::install();
  return exastro::cli::run(argc, argv, std::cout, std::cerr);
}
