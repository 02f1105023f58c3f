#include "sequence/reinstall_run.h"

#include <fmt/format.h>

#include <array>

#include "process/interrupt.h"
#include "sequence/maintenance.h"
#include "sequence/maintenance_run.h"
#include "sequence/services.h"

namespace exastro {
namespace {

using Phase = ReinstallRun::Phase;

// An API server that is restarted is away for about a minute.
constexpr std::chrono::seconds kPatience{90};

constexpr std::array<std::pair<Phase, const char*>, 4> kWords{{{Phase::kBegun, "begun"},
                                                               {Phase::kRemoving, "removing"},
                                                               {Phase::kCreating, "creating"},
                                                               {Phase::kWaiting, "waiting"}}};

const char* word_of(Phase phase) {
  for (const auto& [known, word] : kWords) {
    if (known == phase) return word;
  }
  return "";
}

Phase parse_phase(const std::string& text) {
  for (const auto& [phase, word] : kWords) {
    if (text == word) return phase;
  }
  throw Error(
      fmt::format("The record of a reinstall says that it was \"{}\", which this program does not know.", text));
}

}  // namespace

ReinstallRun::ReinstallRun(kube::Cluster& cluster, const Release& first, const std::string& finishing_flags,
                           const Lease::Options& lease, ui::Reporter& reporter)
    : cluster_(cluster),
      reporter_(reporter),
      record_(new_record(first.namespace_, first.name, "reinstall")),
      lease_(cluster, record_.namespace_, record_.release,
             holder_text(record_.operation, record_.started_by, record_.started_at), lease,
             [&](const std::string& holder) { reporter.info(Lease::watching_text(holder, lease)); }) {
  cluster.be_patient(kPatience);
  record_.source = finishing_flags;
  record_.reinstall = {{"phase", word_of(phase_)}};
  const auto earlier = find_record(cluster_, record_.namespace_, record_.release);
  if (!earlier) {
    create_record(cluster_, record_);
    return;
  }
  // Whoever wrote it holds no lease any more.
  if (earlier->is_reinstall()) {
    take_over(*earlier);
    return;
  }
  if (earlier->operation == "stop") throw stopped_on_purpose(*earlier);
  if (earlier->destructive) throw half_replaced(*earlier);
  require_nothing_held(cluster_, *earlier);
  if (earlier->operation == "restore" || !earlier->packets.empty()) {
    // It may have left files beside the shared ones, and a raised max_allowed_packet: `start` knows how to undo that.
    throw Error(fmt::format("A restore by {}, begun {}, was cut off; what it left is to be put back first.",
                            earlier->started_by, earlier->started_at),
                fmt::format("Run this, and then the command again: kubectl exastro start -n {}", earlier->namespace_),
                ExitStatus::kBusy);
  }
  reporter_.info(what_is_cleared(*earlier));
  start_services(cluster_, *earlier, reporter_);
  if (earlier->held) {  // whose record is there again
    require_nothing_held(cluster_, *earlier->held);
    start_services(cluster_, *earlier->held, reporter_);
  }
  create_record(cluster_, record_);
}

void ReinstallRun::take_over(const MaintenanceRecord& earlier) {
  reporter_.info(fmt::format("A reinstall by {}, begun {}, was cut off; this one finishes its work.",
                             earlier.started_by, earlier.started_at));
  phase_ = parse_phase(earlier.reinstall.value("phase", ""));
  if (earlier.reinstall.contains("facts")) facts_ = parse_facts(earlier.reinstall.at("facts"));
  expected_ = earlier.reinstall.value("expected", expected_);
  record_.destructive = earlier.destructive;
  record_.reinstall = earlier.reinstall;
  update_record(cluster_, record_, earlier.run_id);
}

ReinstallRun::~ReinstallRun() {
  if (!open_ || phase_ != Phase::kBegun) return;
  const process::Interrupt::Shield shield;
  try {
    remove_record(cluster_, record_);
  } catch (const Error& error) {
    reporter_.warning(
        fmt::format("The record of this run is left in the cluster; the next run takes it away: {}", error.what()));
  }
}

void ReinstallRun::write() {
  record_.reinstall = {{"phase", word_of(phase_)}, {"expected", expected_}};
  if (facts_) record_.reinstall["facts"] = to_json(*facts_);
  update_record(cluster_, record_, record_.run_id);
}

void ReinstallRun::enter(Phase phase) {
  lease_.confirm();
  // The record says it first: should the writing fail, nothing has been changed.
  const Phase before = phase_;
  phase_ = phase;
  record_.destructive = phase != Phase::kBegun;
  try {
    write();
  } catch (const Error&) {
    phase_ = before;
    throw;
  }
}

void ReinstallRun::keep(ReinstallFacts facts) {
  facts_ = std::move(facts);
  write();
}

void ReinstallRun::expect(const ReleaseState& state, int revision) {
  lease_.confirm();
  expected_[state.text()] = revision;
  write();
}

std::optional<int> ReinstallRun::expected(const ReleaseState& state) const {
  const auto found = expected_.find(state.text());
  return found == expected_.end() ? std::nullopt : std::optional(found->second);
}

void ReinstallRun::close() {
  const process::Interrupt::Shield shield;
  remove_record(cluster_, record_);
  open_ = false;
}

Error ReinstallRun::after_failure(const Error& error) const {
  if (!open_) return error;
  if (phase_ == Phase::kBegun)
    return Error(sentence(error) + " Nothing was removed or changed.", error.next(), error.status());
  const char* state = phase_ == Phase::kWaiting
                          ? " Everything has been created again, and data, keys and claims are untouched."
                          : " The release's objects are only partly there; data, keys and claims are untouched.";
  return Error(sentence(error) + state,
               fmt::format("{}{}{}", error.next(), error.next().empty() ? "" : ". ", how_to_finish(record_)),
               ExitStatus::kServicesStopped);
}

std::optional<int> expected_revision(const MaintenanceRecord& record, const ReleaseState& state) {
  if (!record.is_reinstall() || !record.reinstall.contains("expected")) return std::nullopt;
  const Json& expected = record.reinstall.at("expected");
  const auto found = expected.find(state.text());
  return found == expected.end() ? std::nullopt : std::optional(found->get<int>());
}

}  // namespace exastro
