#include "sequence/lease.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "process/interrupt.h"

namespace exastro {
namespace {

using kube::Json;
using std::chrono::system_clock;
using Clock = std::chrono::steady_clock;

constexpr const char* kKind = "lease.coordination.k8s.io";
constexpr std::chrono::milliseconds kLook{1'500};  // a look is a process: not so often that it would be felt

std::string lease_name(const std::string& release) { return "kubectl-exastro-" + release; }

// metav1.MicroTime.
std::string micro_time() {
  const auto now = std::chrono::system_clock::now();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() % 1'000'000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), micros);
}

std::string holder_of(const Json& lease) { return lease.value("/spec/holderIdentity"_json_pointer, ""); }

std::string version_of(const Json& lease) { return lease.value("/metadata/resourceVersion"_json_pointer, ""); }

Error held_by(const std::string& holder) {
  return Error(fmt::format("Another run works on this release: {}.", holder),
               "Wait until it has ended: kubectl exastro status", ExitStatus::kBusy);
}

// Watches a lease that somebody holds. Gives it as it is after `duration` without a change; absent if it changed or
// went.
std::optional<Json> watch_unchanged(kube::Cluster& cluster, const std::string& namespace_, const Json& lease,
                                    std::chrono::milliseconds duration) {
  const auto deadline = Clock::now() + duration;
  while (true) {
    const auto now = cluster.get(kKind, namespace_, lease.at("metadata").at("name"));
    if (!now || version_of(*now) != version_of(lease)) return std::nullopt;
    if (Clock::now() >= deadline) return now;
    process::Interrupt::throw_if_requested();
    std::this_thread::sleep_for(std::min<Clock::duration>(kLook, deadline - Clock::now()));
  }
}

}  // namespace

std::string holder_text(const std::string& operation, const std::string& person, const std::string& begun) {
  return fmt::format("{} by {}, begun {}", operation, person, begun);
}

std::string Lease::watching_text(const std::string& holder, const Options& options) {
  return fmt::format("This release is held by: {}. Watching for up to {} s whether it still lives.", holder,
                     std::chrono::duration_cast<std::chrono::seconds>(options.duration).count());
}

Lease::Lease(kube::Cluster& cluster, std::string in_namespace, std::string release, std::string holder, Options options,
             const std::function<void(const std::string&)>& on_wait)
    : cluster_(cluster),
      namespace_(std::move(in_namespace)),
      name_(lease_name(release)),
      holder_(std::move(holder)),
      options_(options) {
  acquire(on_wait);
  renewer_ = std::thread([this] { renew_while_held(); });
}

Lease::~Lease() {
  {
    const std::scoped_lock lock(mutex_);
    released_ = true;
  }
  wake_.notify_all();
  renewer_.join();
  if (lost_) return;
  const process::Interrupt::Shield shield;
  try {
    // Only this very state of it: what another has taken meanwhile is not removed.
    cluster_.remove_if_unchanged(object_);
  } catch (const Error&) {
    // It is free when its time is over.
  }
}

void Lease::acquire(const std::function<void(const std::string&)>& on_wait) {
  Json wanted = {
      {"apiVersion", "coordination.k8s.io/v1"},
      {"kind", "Lease"},
      {"metadata",
       {{"name", name_}, {"namespace", namespace_}, {"labels", {{"app.kubernetes.io/managed-by", "kubectl-exastro"}}}}},
      {"spec",
       {{"holderIdentity", holder_},
        {"leaseDurationSeconds", std::max<long>(1, options_.duration.count() / 1000)},
        {"acquireTime", micro_time()},
        {"renewTime", micro_time()},
        {"leaseTransitions", 0}}}};
  const auto present = cluster_.get(kKind, namespace_, name_);
  try {
    if (!present) {
      object_ = cluster_.create(wanted);
      return;
    }
    on_wait(holder_of(*present));
    const auto stale = watch_unchanged(cluster_, namespace_, *present, options_.duration);
    if (!stale) throw held_by(holder_of(*present));
    wanted["metadata"]["resourceVersion"] = version_of(*stale);
    wanted["spec"]["leaseTransitions"] = stale->value("/spec/leaseTransitions"_json_pointer, 0) + 1;
    object_ = cluster_.replace(wanted);
  } catch (const kube::KubeError& error) {
    const bool beaten = error.reason() == kube::Reason::kAlreadyExists || error.reason() == kube::Reason::kConflict;
    if (!beaten) throw;
    const auto winner = cluster_.get(kKind, namespace_, name_);
    throw held_by(winner ? holder_of(*winner) : "one that began at the same moment");
  }
}

// With the mutex held.
void Lease::renew() {
  Json wanted = object_;
  wanted["spec"]["renewTime"] = micro_time();
  const auto asked = system_clock::now();  // a laptop may sleep before it reads the answer
  try {
    object_ = cluster_.replace(wanted);
    renewed_ = asked;
    return;
  } catch (const kube::KubeError& error) {
    if (error.reason() != kube::Reason::kConflict && error.reason() != kube::Reason::kNotFound) throw;
  }
  // Perhaps an answer to us was lost: then it is still ours, in a newer state.
  const auto now = cluster_.get(kKind, namespace_, name_);
  if (now && holder_of(*now) == holder_) {
    object_ = *now;
    renewed_ = asked;
    return;
  }
  if (!now && system_clock::now() - renewed_ < options_.duration) {
    // Nobody could take it so soon: somebody has removed it by hand.
    wanted["metadata"].erase("resourceVersion");
    wanted["metadata"].erase("uid");
    try {
      object_ = cluster_.create(wanted);
      renewed_ = asked;
      return;
    } catch (const kube::KubeError& error) {
      if (error.reason() != kube::Reason::kAlreadyExists) throw;
    }
  }
  lost_ = true;
}

void Lease::renew_while_held() {
  // This thread puts nothing back, and what puts things back needs the lease until it is done.
  const process::Interrupt::Shield shield;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, options_.renewal, [this] { return released_ || lost_; })) {
    try {
      renew();
    } catch (const Error&) {
      // The network may come back; whether the lease is still ours then, confirm() asks.
    }
  }
}

void Lease::confirm() {
  const std::scoped_lock lock(mutex_);
  if (!lost_) renew();
  if (lost_) {
    throw Error("This run was not heard of for so long that another has taken its place.",
                "Look with: kubectl exastro status", ExitStatus::kBusy);
  }
}

kube::ObjectName Lease::object(const std::string& release) { return {kKind, lease_name(release)}; }

LeaseHolder Lease::look(kube::Cluster& cluster, const Json& lease, std::chrono::milliseconds duration) {
  return {holder_of(lease), !watch_unchanged(cluster, lease.at("metadata").at("namespace"), lease, duration)};
}

}  // namespace exastro
