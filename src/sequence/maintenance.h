// The page's "stop service" and "start service" on their own: the first and last step of an upgrade, too.
#pragma once

#include <chrono>

#include "sequence/system.h"

namespace exastro {

// Stops the entry and all writers, and waits until their pods are gone. If they will not go in `timeout`, or on an
// interrupt, everything is started again before the error is thrown.
void stop_for_maintenance(kube::Cluster& cluster, const System& system, std::chrono::seconds timeout,
                          ui::Reporter& reporter);

// Puts back what the record in the cluster says. Without a record there is nothing to do, and it says so. After a
// restore that was cut off while it replaced data it throws Error (kServicesStopped), unless `force`.
void start_after_maintenance(kube::Cluster& cluster, const System& system, bool force, ui::Reporter& reporter);

// Who runs this program, as "user@host", for the record.
std::string this_person();

// Now, RFC 3339 in UTC.
std::string now_text();

}  // namespace exastro
