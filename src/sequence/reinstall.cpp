#include "sequence/reinstall.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <thread>

#include "process/interrupt.h"
#include "sequence/backup.h"
#include "sequence/backup_plan.h"
#include "sequence/permissions.h"
#include "sequence/proxy_check.h"
#include "sequence/reinstall_run.h"
#include "shell_word.h"
#include "ui/format.h"
#include "ui/prompt.h"
#include "ui/step.h"
#include "ui/table.h"

namespace exastro {
namespace {

using Clock = std::chrono::steady_clock;
using Phase = ReinstallRun::Phase;

constexpr std::chrono::milliseconds kPause{500};
// A pod that is told to end gets half a minute for it, as a rule.
constexpr std::chrono::seconds kLongestLeave{60};

// RBAC's words for what a reinstall removes and Helm creates.
struct Resource {
  const char* kind;
  const char* group;
  const char* name;
};
constexpr std::array<Resource, 8> kResources{{{"HorizontalPodAutoscaler", "autoscaling", "horizontalpodautoscalers"},
                                              {"CronJob", "batch", "cronjobs"},
                                              {"Job", "batch", "jobs"},
                                              {"Deployment", "apps", "deployments"},
                                              {"StatefulSet", "apps", "statefulsets"},
                                              {"DaemonSet", "apps", "daemonsets"},
                                              {"Pod", "", "pods"},
                                              {"ConfigMap", "", "configmaps"}}};

// Of the manifest, what makes pods: the stores, or all the others.
std::vector<LiveObject> workloads_of(const ReleaseState& state, bool stores) {
  std::vector<LiveObject> workloads;
  for (const auto* objects : {&state.release.objects, &state.newer_only}) {
    for (const auto& object : *objects) {
      const bool is_store = role_of(object.component.empty() ? object.name : object.component) == Role::kStore;
      const bool makes_pods = object.kind == "Deployment" || object.kind == "StatefulSet" ||
                              object.kind == "DaemonSet" || object.kind == "CronJob" || object.kind == "Job";
      if (makes_pods && is_store == stores) workloads.push_back({object.kind, object.name, is_store});
      if (object.kind == "Pod" && stores) workloads.push_back({object.kind, object.name});
    }
  }
  return workloads;
}

class Reinstall {
 public:
  Reinstall(kube::Cluster& cluster, kube::Helm& helm, const ReinstallRequest& request, ui::Reporter& reporter)
      : cluster_(cluster), helm_(helm), request_(request), reporter_(reporter) {}

  void run() {
    look();
    require_no_other_operation();
    require_claims_kept();
    choose_way();
    require_permissions();
    if (request_.dry_run) {
      reporter_.result(plan_json(), plan_text());
      return;
    }
    require_nothing_held();
    require_backup_possible();
    if (!request_.yes && !ui::confirm(question()))
      throw Error("Nothing was changed, as you did not answer yes.", "", ExitStatus::kDeclined);
    if (wants_backup()) back_up_first();
    begun_ = Clock::now();
    ReinstallRun run(cluster_, first(), finishing_flags(), request_.lease, reporter_);
    try {
      remove(run);
      create(run);
      wait_until_ready();
      prove(run);
    } catch (const Error& error) {
      throw run.after_failure(error);
    }
    report(run);
  }

 private:
  [[nodiscard]] const Release& first() const { return states_.front().release; }
  [[nodiscard]] bool from_chart() const { return !request_.charts.empty(); }
  [[nodiscard]] bool wants_backup() const { return request_.back_up && !resumes_; }

  // ---- before anything is changed

  void look() {
    for (const auto& release : find_releases(cluster_, request_.find, reporter_)) {
      states_.push_back(read_state(cluster_, release));
      objects_.push_back(live_objects(cluster_, states_.back()));
    }
    record_ = find_record(cluster_, first().namespace_, first().name);
    resumes_ = record_ && record_->is_reinstall() && record_->destructive;
    find_system();
  }

  // The whole system; of one that lacks ConfigMaps, say, there is none, and it is not needed to create them.
  void find_system() {
    std::vector<Release> releases;
    for (const auto& state : states_) releases.push_back(state.release);
    try {
      system_ = read_system(cluster_, releases, request_.find);
    } catch (const Error& error) {
      system_.reset();
      no_system_ = error.what();
    }
  }

  [[nodiscard]] bool is_ours(const ReleaseState& state) const {
    return record_ && expected_revision(*record_, state) == state.newest.revision;
  }

  void require_no_other_operation() const {
    for (const auto& state : states_) {
      const std::string& status = state.newest.status;
      if ((!status.starts_with("pending-") && status != "uninstalling") || is_ours(state)) continue;
      throw Error(
          fmt::format("Release {} is in the middle of another operation: its revision {} is {}.", state.text(),
                      state.newest.revision, status),
          fmt::format("Wait until that helm has ended. If none runs any more, end it, and run the command again: "
                      "helm rollback {} {} -n {}",
                      state.release.name, state.release.revision, state.release.namespace_),
          ExitStatus::kBusy);
    }
  }

  // The backup that comes first would give it up.
  void require_nothing_held() {
    const auto record = find_record(cluster_, first().namespace_, first().name);
    if (!record) return;
    exastro::require_nothing_held(cluster_, *record);
    if (record->held) exastro::require_nothing_held(cluster_, *record->held);
  }

  // Throws Error if removing or creating would take data with it.
  void require_claims_kept() const {
    for (const auto& state : states_) {
      require_nothing_wiped(wiping_values(state.release.values), fmt::format("The values of release {}", state.text()));
      if (state.names_of("StatefulSet").empty()) continue;
      for (const auto& item : cluster_.list("statefulsets", state.release.namespace_, "")) {
        const std::string name = item.value("/metadata/name"_json_pointer, "");
        const auto policy = item.value("/spec/persistentVolumeClaimRetentionPolicy/whenDeleted"_json_pointer, "");
        if (!state.has("StatefulSet", name) || policy != "Delete") continue;
        throw Error(fmt::format("The claims of StatefulSet {} are deleted with it "
                                "(persistentVolumeClaimRetentionPolicy.whenDeleted: Delete).",
                                name),
                    "Set it to Retain, and run the command again.");
      }
    }
  }

  static void require_nothing_wiped(const std::vector<std::string>& paths, const std::string& whose) {
    if (paths.empty()) return;
    throw Error(fmt::format("{} set {}: the data would be wiped when the pods start.", whose, fmt::join(paths, ", ")),
                "Set it to false with helm upgrade, and run the command again.");
  }

  // From the stored manifest, or from a chart; either way with the Secrets as they are.
  void choose_way() {
    if (from_chart() && request_.charts.size() != states_.size()) {
      throw Error(fmt::format("--chart was given {} times for {} releases.", request_.charts.size(), states_.size()),
                  "Give it once for each: first the platform's, then IT Automation's.", ExitStatus::kUsage);
    }
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const ReleaseState& state = states_[i];
      const SecretData live = live_secrets(cluster_, state);
      SecretData known = live;
      for (const auto& object : state.release.objects) {
        if (object.kind != "Secret" || live.contains(object.name)) continue;
        known[object.name] = object.secret_data;
        warnings_.push_back(fmt::format("Secret {} is gone; it is created as revision {} of the release has it.",
                                        object.name, state.release.revision));
      }
      if (from_chart()) {
        prepare_upgrade(state, request_.charts[i], known);
      } else {
        require_same_secrets(state, live);
      }
    }
    for (const auto& warning : warnings_) reporter_.warning(warning);
  }

  void require_same_secrets(const ReleaseState& state, const SecretData& live) const {
    const auto changed = changed_secrets(state.release.objects, live);
    if (!changed.empty()) {
      throw Error(
          fmt::format("Secrets of release {} hold other values now than Helm has stored: {}. A rollback would put the "
                      "former ones back, and Exastro could not log in or decrypt its data any more.",
                      state.text(), fmt::join(changed, "; ")),
          fmt::format("Reinstall from the chart, which takes the present ones: kubectl exastro reinstall{}{}",
                      request_.find.releases.empty() ? " -n " + first().namespace_ : "", chart_flags()));
    }
    for (const auto& object : state.newer_only) {
      if (object.kind != "PersistentVolumeClaim" && object.kind != "Secret") continue;
      throw Error(fmt::format("Revision {} of release {} ({}) made {} {}, which revision {} does not have: a rollback "
                              "would delete it.",
                              state.newest.revision, state.text(), state.newest.status, object.kind, object.name,
                              state.release.revision),
                  "Finish that upgrade first, or reinstall with its chart: --chart");
    }
  }

  // Renders first, and looks whether the keys and claims would be the ones that are there.
  void prepare_upgrade(const ReleaseState& state, const std::string& chart, const SecretData& known) {
    kube::HelmUpgrade upgrade{
        state.release.namespace_, state.release.name,    chart,
        request_.chart_version,   request_.values_files, values_of_secrets(state.release.values, known)};
    const kube::HelmRendering rendering = helm_.render(upgrade);
    const auto objects = read_manifest(rendering.manifest);
    require_nothing_wiped(wiping_values(rendering.config), fmt::format("The values for release {}", state.text()));
    if (const auto changed = changed_secrets(objects, known); !changed.empty()) {
      throw Error(fmt::format("Chart {} would change Secrets of release {} that its data depends on: {}.", chart,
                              state.text(), fmt::join(changed, "; ")),
                  "Take these out of the files given with --values, or use the chart that the release is of.");
    }
    for (const auto& object : state.release.objects) {
      if (object.kind != "PersistentVolumeClaim" && object.kind != "Secret") continue;
      const bool stays = std::any_of(objects.begin(), objects.end(), [&](const ManifestObject& rendered) {
        return rendered.kind == object.kind && rendered.name == object.name;
      });
      if (stays) continue;
      throw Error(fmt::format("Chart {} has no {} {}: Helm would delete it.", chart, object.kind, object.name),
                  "Use the chart that the release is of, with the same names in its values.");
    }
    upgrades_.push_back(std::move(upgrade));
  }

  [[nodiscard]] BackupRequest backup_request() const {
    BackupRequest backup;
    backup.target.target = request_.backup_target;
    backup.timeout = request_.timeout;
    return backup;
  }

  void back_up_first() {
    try {
      back_up(cluster_, *system_, backup_request(), reporter_);
    } catch (const Error& error) {
      throw with_flag_for_file(error, "--backup");
    }
  }

  void require_permissions() {
    std::vector<kube::Access> accesses;
    for (const auto& state : states_) {
      const std::string& place = state.release.namespace_;
      for (const auto& [kind, group, name] : kResources) {
        if (state.names_of(kind).empty()) continue;
        for (const char* verb : {"list", "delete", "create"}) accesses.push_back({place, verb, group, name, ""});
      }
      for (const char* verb : {"list", "create", "update"}) accesses.push_back({place, verb, "", "secrets", ""});
      accesses.push_back({place, "list", "", "persistentvolumeclaims", ""});
    }
    for (const char* verb : {"create", "get", "update", "delete"}) {
      accesses.push_back({first().namespace_, verb, "", "configmaps", ""});
      accesses.push_back({first().namespace_, verb, "coordination.k8s.io", "leases", ""});
    }
    require_allowed(cluster_, accesses);
  }

  void require_backup_possible() const {
    if (!wants_backup() || system_) return;
    throw Error(fmt::format("A backup cannot be made first: {}", no_system_),
                "If you have one, or the data may go without, add --no-backup.");
  }

  // Pods that are not the release's and work on its volumes, such as a job that a back-yard has started. Those that are
  // on their way out are waited for.
  void require_no_guests() {
    const auto deadline = Clock::now() + kLongestLeave;
    while (true) {
      process::Interrupt::throw_if_requested();
      std::vector<std::string> guests;
      std::vector<std::string> leaving;
      for (const auto& state : states_) {
        const ReleasePods pods = live_pods(cluster_, state, {});
        guests.insert(guests.end(), pods.guests.begin(), pods.guests.end());
        leaving.insert(leaving.end(), pods.leaving_guests.begin(), pods.leaving_guests.end());
      }
      if (guests.empty() && leaving.empty()) return;
      if (!guests.empty() || Clock::now() >= deadline) {
        throw Error(fmt::format("These pods work on the volumes of the release: {}.",
                                some_of(guests.empty() ? leaving : guests)),
                    "Wait until they have ended (a job of Exastro's, perhaps), and run the command again.");
      }
      std::this_thread::sleep_for(kPause);
    }
  }

  // ---- the plan

  [[nodiscard]] std::string way_text(std::size_t i) const {
    const Release& release = states_[i].release;
    if (!from_chart())
      return fmt::format("helm rollback {} {} -n {}", release.name, release.revision, release.namespace_);
    return fmt::format(
        "helm upgrade {} {}{} -n {}, with the values that it has and the keys and passwords that its "
        "Secrets hold",
        release.name, request_.charts[i], request_.chart_version.empty() ? "" : " --version " + request_.chart_version,
        release.namespace_);
  }

  [[nodiscard]] std::string counts_text() const {
    std::size_t workloads = 0;
    std::size_t pods = 0;
    std::size_t config_maps = 0;
    for (const auto& objects : objects_) {
      for (const auto& object : objects)
        ++(object.kind == "Pod" ? pods : object.kind == "ConfigMap" ? config_maps : workloads);
    }
    return fmt::format("{} workloads, {} pods and {} ConfigMaps", workloads, pods, config_maps);
  }

  [[nodiscard]] std::string releases_text() const {
    std::vector<std::string> names;
    for (const auto& state : states_) names.push_back(state.text());
    return fmt::format("{}", fmt::join(names, " and "));
  }

  [[nodiscard]] std::string question() const {
    if (resumes_) return fmt::format("This finishes the reinstall of {} that was cut off.", releases_text());
    return fmt::format(
        "This removes {} of {} and creates them again. Exastro is down meanwhile. Claims, Secrets and "
        "Services stay.{}",
        counts_text(), releases_text(),
        wants_backup() ? " A backup is made first (--no-backup: not)." : " No backup is made first.");
  }

  [[nodiscard]] std::string plan_text() const {
    std::string text = fmt::format("Plan of a reinstall of {}; nothing was changed.\n", releases_text());
    if (resumes_) text += "\nA reinstall was cut off; this finishes it.\n";
    if (wants_backup()) {
      text += system_ ? "\nMake a backup first.\n"
                      : fmt::format("\nA backup cannot be made first, so --no-backup is needed: {}\n", no_system_);
    }
    text += fmt::format("\nRemove {}:\n", counts_text());
    for (std::size_t i = 0; i < states_.size(); ++i) {
      for (const auto& object : objects_[i])
        text += fmt::format("  {:<55} {}\n", object.reference(), states_[i].release.namespace_);
    }
    text += "\nKeep (claims and keys are compared afterwards):\n";
    for (const auto& state : states_) {
      for (const char* kind : {"PersistentVolumeClaim", "Secret", "Service"}) {
        for (const auto& name : state.names_of(kind))
          text += fmt::format("  {:<55} {}\n", LiveObject{kind, name}.reference(), state.release.namespace_);
      }
    }
    text += "\nCreate again:\n";
    for (std::size_t i = 0; i < states_.size(); ++i) text += "  " + way_text(i) + "\n";
    return text;
  }

  [[nodiscard]] Json plan_json() const {
    Json releases = Json::array();
    for (std::size_t i = 0; i < states_.size(); ++i) {
      Json removed = Json::array();
      for (const auto& object : objects_[i]) removed.push_back(object.reference());
      releases.push_back({{"namespace", states_[i].release.namespace_},
                          {"release", states_[i].release.name},
                          {"revision", states_[i].release.revision},
                          {"removed", std::move(removed)},
                          {"claims", states_[i].names_of("PersistentVolumeClaim")},
                          {"created_by", way_text(i)}});
    }
    return {{"plan", "reinstall"},
            {"finishes", resumes_},
            {"backup", wants_backup()},
            {"releases", std::move(releases)},
            {"warnings", warnings_}};
  }

  // For a reinstall from the charts that the releases come from.
  [[nodiscard]] std::string chart_flags() const {
    std::string flags;
    for (const auto& state : states_) flags += " --chart REPOSITORY/" + state.release.chart;
    // One is for all of them.
    const std::string& version = states_.front().release.chart_version;
    return states_.back().release.chart_version == version ? flags + " --version " + version : flags;
  }

  // What a person types to finish this run if it is cut off.
  [[nodiscard]] std::string finishing_flags() const {
    std::string flags;
    for (const auto& release : request_.find.releases) flags += shell_flag("--release", release);
    for (const auto& chart : request_.charts) flags += shell_flag("--chart", chart);
    if (!request_.chart_version.empty()) flags += shell_flag("--version", request_.chart_version);
    for (const auto& file : request_.values_files)
      flags += shell_flag("--values", std::filesystem::absolute(file).string());
    return flags;
  }

  // ---- the reinstall

  void remove(ReinstallRun& run) {
    if (run.phase() == Phase::kBegun) {
      require_no_guests();
      ui::Step step(reporter_, "Noting keys, claims and data");
      run.keep(facts_before());
      step.done(run.facts()->data ? fmt::format("{} databases", run.facts()->data->tables.size())
                                  : "no data to ask for");
      run.enter(Phase::kRemoving);
    }
    if (run.phase() != Phase::kRemoving) return;
    ui::Step step(reporter_, "Removing workloads, pods and ConfigMaps");
    remove_objects([](const LiveObject& object) {
      return !object.is_store && object.kind != "Pod" && object.kind != "ConfigMap";
    });
    wait_until_gone(false);
    note_data_at_rest(run);
    remove_objects([](const LiveObject&) { return true; });
    // Two servers on the files of one would ruin them.
    wait_until_gone(true);
    run.enter(Phase::kCreating);
    step.done();
  }

  ReinstallFacts facts_before() {
    ReinstallFacts facts = take_facts(cluster_, states_);
    try {
      if (!system_) throw Error(no_system_);
      facts.data = take_data_facts(cluster_, *system_);
    } catch (const process::Interrupted&) {
      throw;
    } catch (const Error& error) {
      facts.data_unknown = error.what();
      reporter_.warning(fmt::format("Whether the data is the same afterwards cannot be proved: {}", error.what()));
    }
    return facts;
  }

  // Once nothing writes any more: what was there while writers ran may have grown.
  void note_data_at_rest(ReinstallRun& run) {
    if (!system_ || !run.facts() || !run.facts()->data) return;
    ReinstallFacts facts = *run.facts();
    try {
      DataFacts now = take_data_facts(cluster_, *system_);
      if (!now.file_entries) now.file_entries = facts.data->file_entries;  // no pod that mounts them runs any more
      facts.data = std::move(now);
      run.keep(std::move(facts));
    } catch (const process::Interrupted&) {
      throw;
    } catch (const Error&) {
      // The servers have gone already, in the run that this one finishes.
    }
  }

  template <typename Wanted>
  void remove_objects(Wanted wanted) {
    for (const auto& state : states_) {
      std::vector<std::string> references;
      for (const auto& object : live_objects(cluster_, state)) {
        if (wanted(object)) references.push_back(object.reference());
      }
      cluster_.remove_all(state.release.namespace_, references);
    }
  }

  void wait_until_gone(bool all) {
    const auto deadline = Clock::now() + request_.timeout;
    while (true) {
      process::Interrupt::throw_if_requested();
      std::vector<std::string> left;
      for (const auto& state : states_) {
        auto of = workloads_of(state, false);
        if (all) {
          for (auto& store : workloads_of(state, true)) of.push_back(std::move(store));
        }
        for (auto& pod : live_pods(cluster_, state, of).own) left.push_back(std::move(pod));
      }
      if (left.empty()) return;
      if (Clock::now() >= deadline) {
        throw Error(fmt::format("After {} s these pods have not ended: {}.", request_.timeout.count(), some_of(left)),
                    fmt::format("Look with: kubectl get pods -n {}", first().namespace_));
      }
      std::this_thread::sleep_for(kPause);
    }
  }

  void create(ReinstallRun& run) {
    if (run.phase() != Phase::kCreating) return;
    ui::Step step(reporter_, "Creating them again with helm");
    for (std::size_t i = 0; i < states_.size(); ++i) {
      ReleaseState now = read_state(cluster_, states_[i].release);
      const bool ours = run.expected(now) == now.newest.revision;
      if (ours && now.newest.status == "deployed") continue;
      if (ours && from_chart()) now = without_cut_off_upgrade(now);
      run.expect(now, now.newest.revision + 1);
      if (from_chart()) {
        helm_.upgrade(upgrades_[i]);
      } else {
        helm_.rollback(now.release.namespace_, now.release.name, now.release.revision);
      }
    }
    run.enter(Phase::kWaiting);
    step.done();
  }

  // Helm upgrades no release that is `pending-upgrade`. The revision is one of ours, and nothing else knows it; what it
  // made is taken over by the next one, but for pods, whose names differ each time.
  ReleaseState without_cut_off_upgrade(const ReleaseState& state) {
    if (!state.newest.status.starts_with("pending-")) return state;
    std::vector<std::string> pods;
    for (const auto& object : state.newer_only) {
      if (object.kind == "Pod") pods.push_back(LiveObject{object.kind, object.name}.reference());
    }
    cluster_.remove_all(state.release.namespace_, pods);
    cluster_.remove("secret", state.release.namespace_, state.newest.secret);
    return read_state(cluster_, state.release);
  }

  void wait_until_ready() {
    ui::Step step(reporter_, "Waiting for the migrations, and for every workload to be ready");
    const auto deadline = Clock::now() + request_.timeout;
    const auto releases = find_releases(cluster_, request_.find, reporter_);
    while (true) {
      process::Interrupt::throw_if_requested();
      std::vector<std::string> waiting;
      for (const auto& release : releases) {
        for (auto& text : unready(cluster_, release)) waiting.push_back(std::move(text));
      }
      if (waiting.empty()) break;
      if (Clock::now() >= deadline) {
        throw Error(fmt::format("After {} s not ready: {}.", request_.timeout.count(), some_of(waiting)),
                    fmt::format("Look with: kubectl get pods -n {}", first().namespace_));
      }
      std::this_thread::sleep_for(kPause);
    }
    for (std::size_t i = 0; i < states_.size(); ++i) states_[i] = read_state(cluster_, releases[i]);
    step.done("down for " + ui::duration_text(Clock::now() - begun_));
  }

  // That it works again, with the keys, claims and data from before.
  void prove(ReinstallRun& run) {
    ui::Step step(reporter_, "Comparing keys, claims and data, and asking the proxy");
    find_system();
    if (!system_) throw Error(no_system_);
    proxy_ = wait_for_proxy(cluster_, *system_, request_.timeout, reporter_);
    after_ = take_facts(cluster_, states_);
    if (run.facts() && run.facts()->data) {
      after_.data = take_data_facts(cluster_, *system_);
      losses_ = losses(*run.facts(), after_);
    } else if (run.facts()) {
      losses_ = losses(*run.facts(), after_);
    }
    run.close();
    step.done();
  }

  void report(const ReinstallRun& run) {
    const std::chrono::duration<double> seconds = Clock::now() - begun_;
    const auto& before = run.facts();
    const bool proved = before && before->data.has_value();
    Json schema = Json::object();
    std::string schema_text;
    if (after_.data) {
      schema = after_.data->schema;
      for (const auto& [side, version] : after_.data->schema) {
        const auto was = before->data->schema.find(side);
        const bool same = was == before->data->schema.end() || was->second == version;
        schema_text += fmt::format("{}{} {}", schema_text.empty() ? "" : ", ", side,
                                   same ? version : was->second + " -> " + version);
      }
    }
    std::string text = fmt::format("Reinstalled {} in {}\n  the same {} keys and {} claims", releases_text(),
                                   ui::duration_text(seconds), after_.keys.size(), after_.claims.size());
    if (proved) {
      text += fmt::format(", {} databases{}", after_.data->tables.size(),
                          after_.data->file_entries ? fmt::format(" and {} files", *after_.data->file_entries) : "");
      if (!schema_text.empty()) text += "\n  schema: " + schema_text;
    } else {
      text += "\n  the data could not be compared: it could not be read before";
    }
    if (losses_.empty()) {
      reporter_.result({{"releases", releases_text()},
                        {"seconds", seconds.count()},
                        {"keys", after_.keys},
                        {"claims", after_.claims.size()},
                        {"data_proved", proved},
                        {"schema", std::move(schema)},
                        {"proxy_answers", proxy_.empty()}},
                       text);
    } else {
      throw Error(fmt::format("Everything was created again and runs, but not all is as it was before: {}",
                              fmt::join(losses_, " ")),
                  "Look at the system; if data is missing: kubectl exastro restore --from FILE");
    }
    if (!proxy_.empty()) {
      throw Error(
          fmt::format("Everything was created again and is ready, but the proxy does not answer well: {}", proxy_),
          fmt::format("Look at its log: kubectl logs -n {} deployment/platform-auth", first().namespace_));
    }
  }

  kube::Cluster& cluster_;
  kube::Helm& helm_;
  const ReinstallRequest& request_;
  ui::Reporter& reporter_;
  std::vector<ReleaseState> states_;
  std::vector<std::vector<LiveObject>> objects_;  // of each, as they were found
  std::optional<MaintenanceRecord> record_;       // of a run before this one
  bool resumes_ = false;
  std::optional<System> system_;
  std::string no_system_;  // why there is none
  std::vector<kube::HelmUpgrade> upgrades_;
  std::vector<std::string> warnings_;
  ReinstallFacts after_;
  std::vector<std::string> losses_;
  std::string proxy_;
  Clock::time_point begun_ = Clock::now();
};

}  // namespace

void reinstall(kube::Cluster& cluster, kube::Helm& helm, const ReinstallRequest& request, ui::Reporter& reporter) {
  Reinstall(cluster, helm, request, reporter).run();
}

}  // namespace exastro
