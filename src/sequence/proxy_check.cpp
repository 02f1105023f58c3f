#include "sequence/proxy_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "process/interrupt.h"

namespace exastro {
namespace {

// Every workload is ready when the proxy is asked: what still fails after so long, an old schema say, does not get well
// by waiting.
constexpr std::chrono::seconds kLongest{120};

struct Entry {
  std::string namespace_;
  std::string service;
  std::string port;
};

// The service whose pods are those of the entry workload.
std::optional<Entry> find_entry(kube::Cluster& cluster, const System& system) {
  // As they are now: when the run began the entry may have been stopped.
  const auto workloads = list_workloads(cluster, system.releases);
  const auto workload = std::find_if(workloads.begin(), workloads.end(), [](const Workload& candidate) {
    return candidate.role == Role::kEntry && candidate.replicas > 0;
  });
  if (workload == workloads.end()) return std::nullopt;
  const Json labels = workload->pod_template.value("/metadata/labels"_json_pointer, Json::object());
  for (const auto& service : cluster.list("services", workload->namespace_, "")) {
    const Json selector = service.value("/spec/selector"_json_pointer, Json::object());
    const Json ports = service.value("/spec/ports"_json_pointer, Json::array());
    if (selector.empty() || ports.empty()) continue;
    bool selects = true;
    for (const auto& [key, value] : selector.items()) selects = selects && labels.value(key, Json()) == value;
    if (!selects) continue;
    return Entry{workload->namespace_, service.value("/metadata/name"_json_pointer, ""),
                 std::to_string(ports[0].value("port", 0))};
  }
  return std::nullopt;
}

}  // namespace

std::string wait_for_proxy(kube::Cluster& cluster, const System& system, std::chrono::seconds timeout,
                           ui::Reporter& reporter) {
  std::optional<Entry> entry;
  try {
    entry = find_entry(cluster, system);
  } catch (const kube::KubeError& error) {
    reporter.info(fmt::format("The proxy was not asked: {}", error.what()));
    return "";
  }
  if (!entry) {
    reporter.info("The proxy had no replicas, so it was not asked.");
    return "";
  }
  const auto deadline = std::chrono::steady_clock::now() + std::min(timeout, kLongest);
  while (true) {
    process::Interrupt::throw_if_requested();
    const kube::HttpAnswer answer = cluster.ask_service(entry->namespace_, entry->service, entry->port, "/");
    if (answer.kind == kube::HttpAnswer::Kind::kAnswers) return "";
    if (answer.kind == kube::HttpAnswer::Kind::kNotAllowed) {
      reporter.info("The proxy was not asked: you may not `get services/proxy`.");
      return "";
    }
    if (std::chrono::steady_clock::now() >= deadline) return answer.message;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

}  // namespace exastro
