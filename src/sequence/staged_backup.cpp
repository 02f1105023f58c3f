#include "sequence/staged_backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "archive/damaged.h"
#include "sequence/backup_content.h"
#include "sequence/kept_json.h"
#include "sequence/side_by_side.h"
#include "ui/format.h"

namespace exastro {
namespace {

using archive::Manifest;

constexpr unsigned kMostJobs = 8;

std::string_view word(StagedForm form) { return form == StagedForm::kPlain ? "plain" : "compressed"; }

StagedForm parse_form(const std::string& text) {
  for (const StagedForm form : {StagedForm::kPlain, StagedForm::kCompressed}) {
    if (text == word(form)) return form;
  }
  throw archive::damaged(fmt::format("What the maintenance pod keeps has the form {}", text));
}

// The largest first: the last to end is what all wait for.
std::vector<const Manifest::Database*> by_size(const Manifest& manifest, const std::string& server) {
  std::vector<const Manifest::Database*> databases;
  for (const auto& database : manifest.databases) {
    if (database.server == server) databases.push_back(&database);
  }
  std::stable_sort(databases.begin(), databases.end(),
                   [](const auto* a, const auto* b) { return a->plain_bytes_estimate > b->plain_bytes_estimate; });
  return databases;
}

std::string unlocked_text(const std::string& server, const std::string& reason) {
  return fmt::format("The {} server was not under one FLUSH TABLES WITH READ LOCK to the end, so {}. The reason: {}",
                     server, kMomentsApart, reason);
}

}  // namespace

unsigned StagingPlan::jobs(const ServerFacts& server) const {
  if (chosen_jobs != 0) return chosen_jobs;
  const unsigned fewest = server.processors == 0 ? processors : std::min(processors, server.processors);
  return std::min(fewest + 1, kMostJobs);
}

std::optional<StagingPlan> plan_staging(const std::vector<StagingRoom>& rooms, std::uint64_t bytes, StagingMode mode,
                                        unsigned jobs, std::string& why) {
  if (mode == StagingMode::kNever) return std::nullopt;
  StagingPlan plan;
  plan.chosen_jobs = jobs;
  for (const auto& room : rooms) {
    // Pods may share a node: each has to have room for all.
    const auto form = form_that_fits(room, bytes);
    if (!form) {
      why = fmt::format(
          "The node of pod {} has {} free, and {} of that stay free for others{}: too little to keep {} there.",
          room.pod, ui::bytes_text(room.available), ui::bytes_text(room.reserve()),
          room.limit
              ? fmt::format("; the pod is evicted at {} (a LimitRange of its namespace)", ui::bytes_text(*room.limit))
              : "",
          ui::bytes_text(bytes));
      if (mode == StagingMode::kAlways)
        throw Error(why, "Make room on the node, or let the services wait for the transfer: --staging never");
      return std::nullopt;
    }
    if (*form == StagedForm::kCompressed) plan.form = StagedForm::kCompressed;
    if (const auto most = room.usable_of_limit()) plan.most_bytes = std::min(*most, plan.most_bytes.value_or(*most));
    plan.processors = std::max(plan.processors, room.processors);
  }
  return plan;
}

std::uint64_t bytes_of(const std::map<std::string, StagedFile>& files) {
  std::uint64_t bytes = 0;
  for (const auto& [member, file] : files) bytes += file.bytes;
  return bytes;
}

std::map<std::string, StagedFile> stage_content(const BackupDraft& draft, std::vector<StockedServer>& stocked,
                                                SharedFiles& files, const StagingPlan& plan,
                                                std::vector<std::string>& warnings) {
  std::mutex mutex;
  std::map<std::string, StagedFile> staged;
  const auto add = [&](const std::string& member, StagedFile file) {
    const std::scoped_lock lock(mutex);
    staged.emplace(member, std::move(file));
  };
  const auto warn = [&](std::string text) {
    const std::scoped_lock lock(mutex);
    warnings.push_back(std::move(text));
  };
  std::vector<std::function<void()>> works;
  for (auto& entry : stocked) {
    works.emplace_back([&] {
      const auto databases = by_size(draft.manifest, entry.server.id);
      StagingRequest request{
          "dumps-" + entry.server.id, plan.form, draft.encoding, plan.jobs(entry.inventory.server), {}};
      request.most_bytes = plan.most_bytes;
      for (const auto* database : databases) request.items.push_back(database->name);
      const Staged dumps = entry.server.database.stage_dumps(request);
      for (std::size_t i = 0; i < dumps.files.size(); ++i) add(databases.at(i)->member, dumps.files[i]);
      if (!dumps.note.empty()) warn(unlocked_text(entry.server.id, dumps.note));
    });
  }
  if (draft.manifest.files) {
    works.emplace_back([&] {
      StagingRequest request{"files", plan.form, draft.encoding, 1, {}};
      request.most_bytes = plan.most_bytes;
      add(draft.manifest.files->member, files.stage_pack(std::move(request)));
    });
  }
  side_by_side(works);
  return staged;
}

void keep(kube::Cluster& cluster, const kube::Pod& pod, const StagedBackup& backup) {
  Json files = Json::array();
  for (const auto& [member, file] : backup.files) {
    files.push_back({{"member", member},
                     {"namespace", file.pod.namespace_},
                     {"pod", file.pod.name},
                     {"container", file.pod.container},
                     {"group", file.group},
                     {"number", file.number},
                     {"form", word(file.form)},
                     {"encoding", archive::to_string(file.encoding)},
                     {"bytes", file.bytes}});
  }
  stage_text(cluster, pod, Json{{"draft", format_draft(backup.draft)}, {"files", std::move(files)}}.dump());
}

StagedBackup find_kept(kube::Cluster& cluster, const kube::Pod& pod) {
  return read_kept(staged_text(cluster, pod), [](const Json& json) {
    StagedBackup backup;
    backup.draft = parse_draft(json.at("draft").get<std::string>());
    for (const auto& file : json.at("files")) {
      backup.files.emplace(file.at("member"),
                           StagedFile{{file.at("namespace"), file.at("pod"), file.at("container")},
                                      file.at("group"),
                                      file.at("number"),
                                      parse_form(file.at("form")),
                                      archive::parse_encoding(file.at("encoding").get<std::string>()),
                                      file.at("bytes")});
    }
    return backup;
  });
}

}  // namespace exastro
