// "It works again", asked of the reverse proxy itself.
#pragma once

#include <chrono>
#include <string>

#include "sequence/system.h"

namespace exastro {

// Asks the entry's service through the API server until it answers with a status below 500. Gives "" then, else why not
// after `timeout`, but two minutes at most. Tells the reporter, and gives "", if the person may not ask.
std::string wait_for_proxy(kube::Cluster& cluster, const System& system, std::chrono::seconds timeout,
                           ui::Reporter& reporter);

}  // namespace exastro
