// One run that changes the cluster: its record, its pods, and the services that it stops. Whatever way it ends, what it
// changed is put back; the record in the cluster says what that is, so that another run can do it, too.
#pragma once

#include <chrono>
#include <ctime>
#include <memory>
#include <string>

#include "sequence/lease.h"
#include "sequence/maintenance_pods.h"
#include "sequence/server.h"
#include "sequence/services.h"
#include "sequence/system.h"

namespace exastro {

// What an error says, ready to be followed by another sentence.
std::string sentence(const Error& error);

class MaintenanceRun {
 public:
  struct Options {
    std::string operation;  // "backup", "restore", "stop", "start" or "fetch"
    // What a restore that was cut off has begun to replace, another may finish: one of everything; of a cut-off restore
    // of the files alone, any that replaces those.
    bool replaces_all = false;
    bool replaces_files = false;
    // For whoever has to finish it: of a restore, the file; of a backup, the flags of its fetch.
    std::string source = {};
    std::string arrival_folder = {};  // of a backup: where what arrives of it is, see note_arrival()
    bool fetches = false;             // it takes over the pods of a backup that was not fetched
    Lease::Options lease = {};
  };

  // Takes the lease, undoes what a run that was cut off has left, and writes this run's record. Throws Error (kBusy) if
  // another run lives, if the services were stopped on purpose, or if a restore was cut off while it replaced data and
  // this run does not replace all of it. If it does, the other's counts and safety backup become this run's. A backup
  // that was not fetched stays until another is whole: this run's record keeps its record until then. If this run
  // fetches it, its record becomes this run's; throws Error (kNotFound) if there is none, and (kBusy) if this run is
  // neither a backup nor a fetch.
  MaintenanceRun(kube::Cluster& cluster, const System& system, Options options, ui::Reporter& reporter);
  // Puts back what was not put back, and reports what fails in that.
  ~MaintenanceRun();
  MaintenanceRun(const MaintenanceRun&) = delete;
  MaintenanceRun& operator=(const MaintenanceRun&) = delete;

  [[nodiscard]] const std::string& id() const { return record_.run_id; }
  [[nodiscard]] const MaintenanceRecord& record() const { return record_; }
  // Whether it finishes what another restore has begun: then what is there now is half of one and half of another, and
  // not worth keeping; the record names what the other kept, if it did.
  [[nodiscard]] bool finishes_another() const { return finishes_another_; }
  // Whether its pods are others than those that it has started first.
  [[nodiscard]] bool has_renewed_pods() const { return renewals_ > 0; }
  // Whether a restore that was cut off before it replaced anything was put back first: what it has unpacked beside the
  // shared files may still be there.
  [[nodiscard]] bool follows_restore() const { return follows_restore_; }

  // Undone by put_back().
  void start_pods(std::chrono::seconds timeout);
  // Removes them and starts others, when they may be gone, or what went wrong may still be at work in them. `timeout`
  // is for the end of the former and for the start of the new ones, each.
  void renew_pods(std::chrono::seconds timeout);
  // Where to reach a side's server from; valid after start_pods().
  [[nodiscard]] kube::Pod pod_of(const Side& side) const;
  [[nodiscard]] std::vector<kube::Pod> pods() const;

  // The database servers, reached through these pods.
  [[nodiscard]] std::vector<Server> open_servers() const;

  // A server's max_allowed_packet before it is raised, in bytes, until it is put back.
  void note_packet(const std::string& server, std::uint64_t bytes);
  void forget_packet(const std::string& server);
  // Puts back what a run that was cut off has left raised on these servers; warns if one refuses.
  void put_back_packets(std::vector<Server>& servers);

  // Stops the services and waits until their pods are gone: first what nobody sees, then the proxy. Undone by
  // put_back().
  void stop(Standstill standstill, std::chrono::seconds timeout);
  // How long nobody could use them, or has been able to: from when the proxy was stopped.
  [[nodiscard]] std::chrono::duration<double> outage() const;

  // Throws Error if something that was stopped runs again: what was read since is not at rest.
  void confirm_standstill();

  // Throws Error (kBusy) if another run has taken this one's place: to be asked before every step that destroys.
  void confirm();

  // From here on the data is no longer what it was: after a failure the services stay stopped. `safety_backup` is the
  // file that has it, or empty; then one that the record names already stays named. `databases` and `users` (of
  // accounts) are what the restore brings: record() names them from here on, with those of a restore that it finishes.
  void begin_destruction(const std::string& safety_backup, const std::vector<std::string>& databases = {},
                         const std::vector<std::string>& users = {});
  // The data is whole again.
  void end_destruction();

  // Start the services and keep the pods: what they hold may still be wanted. First what people see, which
  // gets a head start; gives what is not ready after it. Then the rest, and what people see if that went wrong. Undone
  // by put_back().
  std::vector<std::string> resume_serving();
  void resume_rest();
  // From here on, another run can fetch what the pods hold: after a failure they stay.
  void hold_backup();
  // The file of this run's backup is whole: an earlier one that was kept until then is not wanted any more. After
  // put_back().
  void give_up_earlier();
  // Before something of it arrives in this folder, to be found by another run, or to be removed with the backup.
  void note_arrival(const std::string& folder);
  // Whether the pods still hold it, after after_failure(), too.
  [[nodiscard]] bool holds_backup() const { return record_.holds_backup(); }
  // What is left in the cluster, nobody needs: the next run removes it.
  void leave_to_the_next();

  // Starts the services, removes the pods and the record.
  void put_back();
  // Waits until what was started is ready, all of it or the proxy and what answers behind it; gives what is not after
  // `timeout`. Not more than a wait: it may be interrupted.
  enum class Which { kAll, kServingPeople };
  std::vector<std::string> wait_until_ready(std::chrono::seconds timeout, Which which = Which::kAll);

  // Leaves the services stopped and the record in place, for `kubectl exastro start`; the pods are removed.
  void leave_stopped();

  // To be thrown instead of what went wrong in the run: puts back what can be, and says what state the system is in.
  Error after_failure(const Error& error);

 private:
  void begin_record(const Options& options);  // see the constructor
  void take_over_backup();
  void start_again(const MaintenanceRecord& part);
  // With which a person fetches what the pods hold.
  [[nodiscard]] const std::string& fetching_flags() const { return flags_.empty() ? record_.source : flags_; }
  void follow(const MaintenanceRecord& earlier);
  void hold_until_whole(const MaintenanceRecord& earlier);
  template <typename Work>
  void persistently(Work work);
  void stop_while_ours(const std::vector<Workload>& workloads);
  // Whether the lease was held all the time. Throws Error if that cannot be asked.
  Possession possession();
  void end_pods_of(const MaintenanceRecord& record, std::chrono::seconds timeout);

  enum class State { kOpen, kDestroying, kHolding, kClosed };

  void stop_and_wait(const std::string& what, const std::vector<Workload>& workloads, std::chrono::seconds timeout);

  kube::Cluster& cluster_;
  const System& system_;
  ui::Reporter& reporter_;
  MaintenanceRecord record_;
  std::string flags_;                               // with which the person has called it
  std::vector<StoppedWorkload> started_workloads_;  // what wait_until_ready() waits for
  Lease lease_;
  std::vector<MaintenancePodSpec> specs_;
  std::shared_ptr<const MaintenanceRecord> earlier_;  // a backup that waits until this run's is whole
  std::time_t pods_begun_ = 0;
  int renewals_ = 0;
  State state_ = State::kOpen;
  std::chrono::steady_clock::time_point stopped_;
  std::chrono::steady_clock::time_point started_;
  bool finishes_another_ = false;
  bool follows_restore_ = false;
  bool people_are_served_ = false;  // again: the outage has ended
  bool has_stopped_ = false;
  bool has_started_ = false;
};

}  // namespace exastro
