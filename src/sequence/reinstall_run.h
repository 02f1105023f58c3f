// One reinstall's lease and record in the cluster: how far it is, so that another run can finish it from any point.
#pragma once

#include <string>
#include <vector>

#include "exastro/maintenance_record.h"
#include "sequence/lease.h"
#include "sequence/reinstall_facts.h"
#include "ui/reporter.h"

namespace exastro {

class ReinstallRun {
 public:
  enum class Phase {
    kBegun,     // nothing is changed yet
    kRemoving,  // objects of the release may be missing
    kCreating,  // all that is to go is gone; Helm may be at work
    kWaiting,   // Helm has created everything
  };

  // Takes the lease and writes the record. One of a reinstall that was cut off is taken over, with its phase and facts;
  // what a cut-off backup has left is put back first. `finishing_flags` are what a person has to repeat to finish
  // it. Throws Error (kBusy, kServicesStopped) if another run lives, the services were stopped on purpose, or a restore
  // is half done.
  ReinstallRun(kube::Cluster& cluster, const Release& first, const std::string& finishing_flags,
               const Lease::Options& lease, ui::Reporter& reporter);
  ReinstallRun(const ReinstallRun&) = delete;
  ReinstallRun& operator=(const ReinstallRun&) = delete;
  // Removes the record if nothing was changed.
  ~ReinstallRun();

  [[nodiscard]] Phase phase() const { return phase_; }
  // From before the first change; absent in a run that has just begun.
  [[nodiscard]] const std::optional<ReinstallFacts>& facts() const { return facts_; }

  // Writes the record, then counts. Throws Error if the record or the lease is another's by now.
  void enter(Phase phase);
  void keep(ReinstallFacts facts);
  // The revision that Helm is about to make of a release, or was when the run was cut off that this one finishes.
  [[nodiscard]] std::optional<int> expected(const ReleaseState& state) const;
  void expect(const ReleaseState& state, int revision);
  // The end: there is nothing to finish any more.
  void close();

  // To be thrown instead of what went wrong: says what state the release is in.
  [[nodiscard]] Error after_failure(const Error& error) const;

 private:
  void take_over(const MaintenanceRecord& earlier);
  void write();

  kube::Cluster& cluster_;
  ui::Reporter& reporter_;
  MaintenanceRecord record_;
  Lease lease_;
  Phase phase_ = Phase::kBegun;
  std::optional<ReinstallFacts> facts_;
  std::map<std::string, int> expected_;  // by "NAMESPACE/RELEASE"
  bool open_ = true;
};

// The revision that a reinstall which was cut off was making of this release with Helm; absent if there was none.
std::optional<int> expected_revision(const MaintenanceRecord& record, const ReleaseState& state);

}  // namespace exastro
