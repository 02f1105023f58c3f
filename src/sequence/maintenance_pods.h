// The pods that a run works in: one per namespace of the system.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "exastro/maintenance_pod.h"
#include "exastro/maintenance_record.h"
#include "sequence/system.h"

namespace exastro {

// What to create for a run: a pod beside IT Automation that mounts the shared files, and one beside the platform if
// that is another namespace, where short host names mean other servers.
std::vector<MaintenancePodSpec> plan_pods(const System& system, const std::string& run_id);

// Where commands run in such a pod.
kube::Pod container_of(const MaintenancePodSpec& spec);

// Creates them and waits until they are ready. Throws Error that says what keeps one from starting: at once if it will
// not get better by waiting (an image that cannot be pulled, a spec that is refused), else after `timeout`.
void start_pods(kube::Cluster& cluster, const std::vector<MaintenancePodSpec>& specs, std::chrono::seconds timeout);

// Waits until pods that were removed are gone, and with them whatever still ran in them; gives those that are not after
// `timeout`.
std::vector<std::string> wait_until_gone(kube::Cluster& cluster, const std::vector<MaintenancePodName>& pods,
                                         std::chrono::seconds timeout);

}  // namespace exastro
