// One run that changes the cluster: its record, its pods, and the services that it stops. Whatever way it ends, what it
// changed is put back; the record in the cluster says what that is, so that another run can do it, too.
#pragma once

#include <chrono>
#include <string>

#include "sequence/maintenance_pods.h"
#include "sequence/services.h"
#include "sequence/system.h"

namespace exastro {

class MaintenanceRun {
 public:
  // Writes the record. Throws Error (kBusy) if another run has one; with `take_over`, that of a restore that was cut off
  // becomes this run's, with the counts in it. `operation` is "backup", "restore" or "stop".
  MaintenanceRun(kube::Cluster& cluster, const System& system, const std::string& operation, ui::Reporter& reporter,
                 bool take_over = false);
  // Puts back what was not put back, and reports what fails in that.
  ~MaintenanceRun();
  MaintenanceRun(const MaintenanceRun&) = delete;
  MaintenanceRun& operator=(const MaintenanceRun&) = delete;

  [[nodiscard]] const std::string& id() const { return record_.run_id; }
  [[nodiscard]] const MaintenanceRecord& record() const { return record_; }

  // Undone by put_back().
  void start_pods(std::chrono::seconds timeout);
  // Where to reach a side's server from; valid after start_pods().
  [[nodiscard]] kube::Pod pod_of(const Side& side) const;

  // Stops the services and waits until their pods are gone. Undone by put_back().
  void stop(Standstill standstill, std::chrono::seconds timeout);
  // How long the services have been stopped, or were.
  [[nodiscard]] std::chrono::duration<double> outage() const;

  // From here on the data is no longer what it was: after a failure the services stay stopped.
  void begin_destruction();
  // The data is whole again.
  void end_destruction();

  // Starts the services, removes the pods and the record.
  void put_back();
  // Waits until what was started is ready; gives what is not after `timeout`. Not more than a wait: it may be interrupted.
  std::vector<std::string> wait_until_ready(std::chrono::seconds timeout);

  // Leaves the services stopped and the record in place, for `kubectl exastro start`; the pods are removed.
  void leave_stopped();

  // To be thrown instead of what went wrong in the run: puts back what can be, and says what state the system is in.
  Error after_failure(const Error& error);

 private:
  enum class State { kOpen, kDestroying, kClosed };
  void remove_pods();

  kube::Cluster& cluster_;
  const System& system_;
  ui::Reporter& reporter_;
  MaintenanceRecord record_;
  std::vector<MaintenancePodSpec> specs_;
  State state_ = State::kOpen;
  std::chrono::steady_clock::time_point stopped_;
  std::chrono::steady_clock::time_point started_;
  bool has_stopped_ = false;
  bool has_started_ = false;
};

}  // namespace exastro
