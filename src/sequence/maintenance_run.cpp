#include "sequence/maintenance_run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <optional>
#include <thread>
#include <utility>

#include "archive/manifest.h"
#include "process/interrupt.h"
#include "sequence/maintenance.h"
#include "sequence/staging.h"
#include "ui/step.h"

namespace exastro {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{500};
constexpr std::chrono::seconds kLongestLook{5};
// An API server that is restarted is away for about a minute.
constexpr std::chrono::seconds kPatience{90};
constexpr std::chrono::seconds kEndOfPods{60};
// How long the rest waits for what people see to be ready.
constexpr std::chrono::seconds kHeadStart{20};
// How long the pods hold a backup that was not fetched: over a weekend.
constexpr std::chrono::seconds kHeld{std::chrono::hours(72)};
// How long what must not stay undone is begun again, beside the patience of what it calls.
constexpr std::chrono::seconds kPersistence{120};
constexpr std::chrono::seconds kBetweenTries{3};

std::vector<std::string> references(const std::vector<StoppedWorkload>& workloads) {
  std::vector<std::string> names;
  for (const auto& workload : workloads) names.push_back(reference(workload));
  return names;
}

bool is_serving(const System& system, const StoppedWorkload& recorded) {
  return std::any_of(system.workloads.begin(), system.workloads.end(), [&](const Workload& workload) {
    return workload.kind == recorded.kind && workload.namespace_ == recorded.namespace_ &&
           workload.name == recorded.name && serves_people(workload);
  });
}

}  // namespace

std::string sentence(const Error& error) {
  std::string text = error.what();
  if (!text.ends_with('.') && !text.ends_with('\n')) text += '.';
  return text;
}

// Calls `work` again if the way to the API server is what failed: what it puts back, or goes on with, must not stay
// undone for a moment's trouble in the network.
template <typename Work>
void MaintenanceRun::persistently(Work work) {
  const auto deadline = Clock::now() + kPersistence;
  for (bool told = false;; told = true) {
    try {
      work();
      return;
    } catch (const kube::KubeError& error) {
      if (error.reason() != kube::Reason::kUnreachable || Clock::now() >= deadline) throw;
      if (!told)
        reporter_.warning(
            fmt::format("{} It is tried again for {} s and more.", sentence(error), kPersistence.count()));
    }
    process::Interrupt::throw_if_requested();  // not while something is put back: see Shield
    std::this_thread::sleep_for(kBetweenTries);
  }
}

MaintenanceRun::MaintenanceRun(kube::Cluster& cluster, const System& system, Options options, ui::Reporter& reporter)
    : cluster_(cluster),
      system_(system),
      reporter_(reporter),
      record_(new_record(system.namespace_(), system.release(), options.operation)),
      lease_(cluster, record_.namespace_, record_.release,
             holder_text(record_.operation, record_.started_by, record_.started_at), options.lease,
             [&](const std::string& holder) { reporter.info(Lease::watching_text(holder, options.lease)); }) {
  cluster.be_patient(kPatience);
  specs_ = plan_pods(system, record_.run_id);
  record_.source = flags_ = options.source;
  if (!options.arrival_folder.empty()) record_.arrival_folders.insert(options.arrival_folder);
  if (options.operation == "backup") {
    for (auto& spec : specs_) spec.deadline_seconds = kHeld.count();
  }
  for (const auto& spec : specs_) record_.pods.push_back({spec.namespace_, spec.name});
  if (options.fetches) {
    take_over_backup();
  } else {
    begin_record(options);
  }
}

void MaintenanceRun::take_over_backup() {
  auto earlier = find_record(cluster_, system_);
  if (earlier && earlier->held && !earlier->destructive) {
    reporter_.info(what_is_cleared(*earlier));
    start_services(cluster_, *earlier, reporter_);
    earlier = find_record(cluster_, system_);
  }
  if (!earlier || !earlier->holds_backup()) {
    throw Error(
        fmt::format("No backup of {}/{} waits in the cluster to be fetched.", record_.namespace_, record_.release),
        "Make one: kubectl exastro backup", ExitStatus::kNotFound);
  }
  record_ = *earlier;
  specs_.clear();
  for (const auto& pod : record_.pods) {
    MaintenancePodSpec& spec = specs_.emplace_back();
    spec.namespace_ = pod.namespace_;
    spec.name = pod.name;
  }
  state_ = State::kHolding;
}

void MaintenanceRun::begin_record(const Options& options) {
  const auto earlier = find_record(cluster_, system_);
  if (!earlier) {
    create_record(cluster_, record_);
    return;
  }
  // Whoever wrote it holds no lease any more.
  if (earlier->operation == "stop") throw stopped_on_purpose(*earlier);
  if (!earlier->destructive) {
    follow(*earlier);
    return;
  }
  const bool of_files_alone = earlier->brought_databases.empty() && earlier->brought_users.empty();
  const bool may_finish = options.replaces_all || (options.replaces_files && of_files_alone);
  if (!may_finish || earlier->is_reinstall()) throw half_replaced(*earlier);
  reporter_.info(
      fmt::format("A restore by {}, begun {}, was cut off while it replaced data; this one finishes its work.",
                  earlier->started_by, earlier->started_at));
  end_pods_of(*earlier, kEndOfPods);
  record_.workloads = earlier->workloads;
  record_.safety_backup = earlier->safety_backup;
  record_.brought_databases = earlier->brought_databases;
  record_.brought_users = earlier->brought_users;
  record_.packets = earlier->packets;
  record_.destructive = true;
  finishes_another_ = true;
  update_record(cluster_, record_, earlier->run_id);
  state_ = State::kDestroying;
}

void MaintenanceRun::follow(const MaintenanceRecord& earlier) {
  if (still_holds(cluster_, earlier)) {
    if (record_.operation != "backup") require_nothing_held(cluster_, earlier);
    hold_until_whole(earlier);
    record_.packets = earlier.packets;
    update_record(cluster_, record_, earlier.run_id);
    return;
  }
  reporter_.info(what_is_cleared(earlier));
  const bool still_waits = earlier.held && still_holds(cluster_, *earlier.held);
  if (still_waits && record_.operation != "backup") {
    start_services(cluster_, earlier, reporter_);  // and the held one's record is there again
    require_nothing_held(cluster_, *earlier.held);
  }
  start_workloads(cluster_, earlier, reporter_);
  remove_traces(cluster_, earlier);
  if (still_waits) {
    hold_until_whole(*earlier.held);
  } else if (earlier.held) {
    remove_traces(cluster_, *earlier.held);
  }
  follows_restore_ = earlier.operation == "restore";
  record_.packets = earlier.packets;
  if (earlier.held) record_.packets.insert(earlier.held->packets.begin(), earlier.held->packets.end());
  // In one step: what it says of a raised max_allowed_packet stands nowhere else.
  update_record(cluster_, record_, earlier.run_id);
}

void MaintenanceRun::hold_until_whole(const MaintenanceRecord& earlier) {
  reporter_.info(backup_of(earlier) + " was not fetched; it is given up once this one is whole.");
  record_.held = earlier_ = std::make_shared<const MaintenanceRecord>(earlier);
}

void MaintenanceRun::give_up_earlier() {
  const auto earlier = std::exchange(earlier_, nullptr);
  if (!earlier) return;
  try {
    // Its record is there again, unless putting back has failed: then whoever does that finds it.
    const auto present = find_record(cluster_, system_);
    if (present && present->run_id == earlier->run_id) start_services(cluster_, *earlier, reporter_);
  } catch (const Error& error) {
    reporter_.warning(
        fmt::format("The earlier backup, which was not fetched, may still be in the cluster: {}", error.what()));
  }
}

MaintenanceRun::~MaintenanceRun() {
  if (state_ == State::kClosed) return;
  // An error that is not ours is on its way: the state of the system is in its own message.
  reporter_.error(after_failure(Error("The run was cut short.")));
}

void MaintenanceRun::start_pods(std::chrono::seconds timeout) {
  ui::Step step(reporter_, "Starting the maintenance pod");
  pods_begun_ = std::time(nullptr);
  persistently([&] { exastro::start_pods(cluster_, specs_, timeout); });
  step.done();
}

void MaintenanceRun::end_pods_of(const MaintenanceRecord& record, std::chrono::seconds timeout) {
  remove_pods(cluster_, record);
  const auto left = wait_until_gone(cluster_, record.pods, timeout);
  if (left.empty()) return;
  reporter_.warning(fmt::format("These maintenance pods do not end: {}. If a load still runs in one, it is in the way.",
                                fmt::join(left, ", ")));
}

void MaintenanceRun::renew_pods(std::chrono::seconds timeout) {
  end_pods_of(record_, timeout);
  specs_ = plan_pods(system_, fmt::format("{}-{}", record_.run_id, ++renewals_));
  record_.pods.clear();
  for (const auto& spec : specs_) record_.pods.push_back({spec.namespace_, spec.name});
  persistently([&] { update_record(cluster_, record_, record_.run_id); });
  start_pods(timeout);
}

kube::Pod MaintenanceRun::pod_of(const Side& side) const {
  for (const auto& spec : specs_) {
    if (spec.namespace_ == side.namespace_) return container_of(spec);
  }
  throw Error(fmt::format("There is no maintenance pod in namespace {}.", side.namespace_));
}

std::vector<kube::Pod> MaintenanceRun::pods() const {
  std::vector<kube::Pod> pods;
  for (const auto& spec : specs_) pods.push_back(container_of(spec));
  return pods;
}

std::vector<Server> MaintenanceRun::open_servers() const {
  return exastro::open_servers(
      cluster_, system_, [this](const Side& side) { return pod_of(side); }, id());
}

void MaintenanceRun::note_packet(const std::string& server, std::uint64_t bytes) {
  if (!record_.packets.emplace(server, bytes).second) return;
  update_record(cluster_, record_, record_.run_id);
}

void MaintenanceRun::forget_packet(const std::string& server) {
  if (record_.packets.erase(server) > 0) update_record(cluster_, record_, record_.run_id);
}

void MaintenanceRun::put_back_packets(std::vector<Server>& servers) {
  for (auto& server : servers) {
    const auto noted = record_.packets.find(server.id);
    if (noted == record_.packets.end()) continue;
    try {
      set_largest_packet(server, noted->second);
      forget_packet(server.id);
    } catch (const Error& error) {
      reporter_.warning(
          fmt::format("max_allowed_packet of the {} server was raised by a restore, and "
                      "could not be put back to {}: {}",
                      server.id, noted->second, error.what()));
    }
  }
}

void MaintenanceRun::stop(Standstill standstill, std::chrono::seconds timeout) {
  std::vector<Workload> unseen = record_running(cluster_, system_, standstill, record_);
  const auto serving = std::stable_partition(unseen.begin(), unseen.end(),
                                             [](const Workload& workload) { return !serves_people(workload); });
  const std::vector<Workload> seen(serving, unseen.end());
  unseen.erase(serving, unseen.end());
  stopped_ = Clock::now();
  has_stopped_ = true;
  stop_and_wait("Stopping the back-yard", unseen, timeout);
  stopped_ = Clock::now();
  stop_and_wait(standstill == Standstill::kAllClients ? "Stopping the proxy and every client of the databases"
                                                      : "Stopping the proxy",
                seen, timeout);
}

void MaintenanceRun::stop_and_wait(const std::string& what, const std::vector<Workload>& workloads,
                                   std::chrono::seconds timeout) {
  ui::Step step(reporter_, what);
  stop_while_ours(workloads);
  MaintenanceRecord part = record_;
  std::erase_if(part.workloads, [&](const StoppedWorkload& recorded) {
    return std::none_of(workloads.begin(), workloads.end(), [&](const Workload& workload) {
      return workload.kind == recorded.kind && workload.namespace_ == recorded.namespace_ &&
             workload.name == recorded.name;
    });
  });
  wait_until_stopped(cluster_, system_, part, timeout);
  step.done();
}

void MaintenanceRun::stop_while_ours(const std::vector<Workload>& workloads) {
  // A request that the cluster's own patience tries again when the line is back could stop what another run has started
  // meanwhile: here every try is preceded by a look at the lease.
  struct Impatience {
    kube::Cluster& cluster;
    explicit Impatience(kube::Cluster& whose) : cluster(whose) { cluster.be_patient(std::chrono::seconds(0)); }
    ~Impatience() { cluster.be_patient(kPatience); }
  } const impatience(cluster_);
  persistently([&] {
    lease_.confirm();
    stop_workloads(cluster_, workloads);
  });
}

void MaintenanceRun::confirm() {
  persistently([this] { lease_.confirm(); });
}

Possession MaintenanceRun::possession() {
  try {
    confirm();
  } catch (const Error& error) {
    if (error.status() != ExitStatus::kBusy) throw;
    return Possession::kLost;
  }
  return Possession::kOurs;
}

void MaintenanceRun::confirm_standstill() {
  const auto started = started_meanwhile(cluster_, system_, record_);
  if (started.empty()) return;
  throw Error(
      fmt::format("What had been stopped was started again by somebody meanwhile (a GitOps controller, an operator, a "
                  "colleague?): {}.",
                  fmt::join(started, ", ")),
      "Pause what starts it, and run the command again.");
}

std::chrono::duration<double> MaintenanceRun::outage() const {
  if (!has_stopped_) return {};
  return (has_started_ ? started_ : Clock::now()) - stopped_;
}

void MaintenanceRun::begin_destruction(const std::string& safety_backup, const std::vector<std::string>& databases,
                                       const std::vector<std::string>& users) {
  confirm();
  record_.brought_databases.insert(databases.begin(), databases.end());
  record_.brought_users.insert(users.begin(), users.end());
  if (!safety_backup.empty()) record_.safety_backup = safety_backup;
  record_.destructive = true;
  update_record(cluster_, record_, record_.run_id);
  state_ = State::kDestroying;
}

void MaintenanceRun::end_destruction() {
  record_.destructive = false;
  persistently([&] { update_record(cluster_, record_, record_.run_id); });
  state_ = State::kOpen;
}

void MaintenanceRun::note_arrival(const std::string& folder) {
  if (folder.empty() || !record_.arrival_folders.insert(folder).second) return;
  update_record(cluster_, record_, record_.run_id);
}

void MaintenanceRun::start_again(const MaintenanceRecord& part) {
  persistently([&] { start_workloads(cluster_, part, reporter_, [this] { return possession(); }); });
}

std::vector<std::string> MaintenanceRun::resume_serving() {
  const process::Interrupt::Shield shield;
  started_workloads_ = record_.workloads;
  MaintenanceRecord seen = record_;
  std::erase_if(seen.workloads, [&](const StoppedWorkload& workload) { return !is_serving(system_, workload); });
  start_again(seen);
  started_ = Clock::now();
  has_started_ = true;
  // A node that starts the many pods of a back-yard at the same time is slow to start the one that people wait for.
  return wait_until_ready(kHeadStart, Which::kServingPeople);
}

void MaintenanceRun::resume_rest() {
  const process::Interrupt::Shield shield;
  if (!has_started_) resume_serving();
  MaintenanceRecord unseen = record_;
  std::erase_if(unseen.workloads, [&](const StoppedWorkload& workload) { return is_serving(system_, workload); });
  start_again(unseen);
}

void MaintenanceRun::hold_backup() {
  MaintenanceRecord holding = record_;
  holding.workloads.clear();
  holding.held = nullptr;
  holding.staged_until = archive::format_utc(pods_begun_ + kHeld.count());  // the pods end then
  persistently([&] { update_record(cluster_, holding, record_.run_id); });
  record_ = std::move(holding);
  state_ = State::kHolding;
  const auto earlier = std::exchange(earlier_, nullptr);
  if (!earlier) return;
  try {
    remove_traces(cluster_, *earlier);
  } catch (const Error& error) {
    reporter_.warning(fmt::format("What an earlier backup has left in the cluster is still there: {}", error.what()));
  }
}

void MaintenanceRun::leave_to_the_next() { state_ = State::kClosed; }

void MaintenanceRun::put_back() {
  const process::Interrupt::Shield shield;
  const bool was_stopped = !has_started_;
  if (was_stopped) started_workloads_ = record_.workloads;
  persistently([&] { start_services(cluster_, record_, reporter_, [this] { return possession(); }); });
  for (const auto& warning : packet_warnings(record_)) reporter_.warning(warning);
  if (was_stopped) started_ = Clock::now();
  has_started_ = true;
  state_ = State::kClosed;
}

std::vector<std::string> MaintenanceRun::wait_until_ready(std::chrono::seconds timeout, Which which) {
  MaintenanceRecord wanted;
  for (const auto& workload : started_workloads_) {
    if (which == Which::kAll || is_serving(system_, workload)) wanted.workloads.push_back(workload);
  }
  const auto deadline = Clock::now() + timeout;
  while (true) {
    std::optional<std::vector<StoppedWorkload>> missing;
    try {
      missing = not_ready(cluster_, wanted);
    } catch (const kube::KubeError&) {
      // It may be busy with what is being started. What was done is done, whatever it says.
    }
    const auto now = Clock::now();
    if (!people_are_served_) started_ = now;
    if (missing && missing->empty()) {
      people_are_served_ = true;
      return {};
    }
    if (now >= deadline)
      return missing ? references(*missing) : std::vector<std::string>{"the API server does not answer"};
    process::Interrupt::throw_if_requested();
    if (missing) {
      const auto left = std::chrono::ceil<std::chrono::seconds>(deadline - now);
      await_ready(cluster_, *missing, std::min(kLongestLook, left));
    } else {
      std::this_thread::sleep_for(kPause);
    }
  }
}

void MaintenanceRun::leave_stopped() {
  const process::Interrupt::Shield shield;
  remove_pods(cluster_, record_);
  record_.pods.clear();
  update_record(cluster_, record_, record_.run_id);
  state_ = State::kClosed;
}

Error MaintenanceRun::after_failure(const Error& error) {
  if (state_ == State::kClosed) return error;
  const process::Interrupt::Shield shield;
  if (state_ == State::kHolding) {
    const auto pods = this->pods();
    if (!std::all_of(pods.begin(), pods.end(), [&](const kube::Pod& pod) { return is_there(cluster_, pod); })) {
      record_.staged_until.clear();
      try {
        put_back();
      } catch (const Error& second) {
        state_ = State::kClosed;
        reporter_.warning(fmt::format("The record of this run may be left: {}", second.what()));
      }
      return Error(
          fmt::format("{} What was read is gone with its pod. The services run.", sentence(error)),
          fmt::format("Make the backup again: kubectl exastro backup -n {}{}", record_.namespace_, fetching_flags()),
          error.status());
    }
    state_ = State::kClosed;
    return Error(fmt::format("{} The services run, and what was read waits in the cluster until {}.", sentence(error),
                             record_.staged_until),
                 fmt::format("Fetch it: kubectl exastro fetch -n {}{}{}", record_.namespace_, fetching_flags(),
                             error.next().empty() ? "" : " (before that: " + error.next() + ")"),
                 error.status());
  }
  if (state_ == State::kDestroying) {
    state_ = State::kClosed;
    try {
      persistently([&] { remove_pods(cluster_, record_); });
    } catch (const Error& second) {
      reporter_.warning(fmt::format("A maintenance pod may be left: {}", second.what()));
    }
    return Error(
        fmt::format("{} The data is only partly replaced, so the services stay stopped.", sentence(error)),
        "What ran before is recorded in the cluster, and comes back when it is finished. " + how_to_finish(record_),
        ExitStatus::kServicesStopped);
  }
  try {
    put_back();
  } catch (const Error& second) {
    state_ = State::kClosed;
    // Another holds them now, and what that one does is not to be undone; or nothing is left to start them by.
    const bool knows = second.status() == ExitStatus::kBusy || second.status() == ExitStatus::kServicesStopped;
    return Error(
        fmt::format("{} After that, putting back what was stopped failed as well: {}", sentence(error), second.what()),
        knows ? second.next() : fmt::format("Start the services with: kubectl exastro start -n {}", record_.namespace_),
        second.status() == ExitStatus::kBusy ? ExitStatus::kBusy : ExitStatus::kServicesStopped);
  }
  std::string state =
      has_stopped_ ? "The services were started again as they were." : "Nothing was stopped or changed.";
  if (earlier_) state += " " + backup_of(*earlier_) + " still waits to be fetched.";
  return Error(fmt::format("{} {}", sentence(error), state), error.next(), error.status());
}

}  // namespace exastro
