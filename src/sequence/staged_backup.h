// A backup that the maintenance pods hold: read while the services stood still, to be fetched while they run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sequence/backup_draft.h"
#include "sequence/inventory.h"
#include "sequence/staging.h"

namespace exastro {

enum class StagingMode { kAuto, kAlways, kNever };

struct StagingPlan {
  StagedForm form = StagedForm::kPlain;
  unsigned chosen_jobs = 0;  // 0: by the processors
  unsigned processors = 1;   // of the pods' node that has most
  std::optional<std::uint64_t> most_bytes = std::nullopt;  // that a pod may keep

  // How many databases of a server are read or loaded at the same time. Where nobody has chosen, one more than the pods
  // and the server have processors, eight at most: of three alike, two processors would leave the last alone.
  [[nodiscard]] unsigned jobs(const ServerFacts& server) const;
};

// How data of so many bytes would be kept in pods with this room; absent if it would not, because of the mode, or since
// a pod has no room, which `why` says then. Throws Error if it must be kept and cannot be.
std::optional<StagingPlan> plan_staging(const std::vector<StagingRoom>& rooms, std::uint64_t bytes, StagingMode mode,
                                        unsigned jobs, std::string& why);

struct StagedBackup {
  BackupDraft draft;
  std::map<std::string, StagedFile> files;  // by the names of the members
};

// As they are kept.
std::uint64_t bytes_of(const std::map<std::string, StagedFile>& files);

// Reads every database and the shared files into their pods, all at the same time. Adds to `warnings` what a person is
// to know of it. Throws Error, and StagingFull.
std::map<std::string, StagedFile> stage_content(const BackupDraft& draft, std::vector<StockedServer>& stocked,
                                                SharedFiles& files, const StagingPlan& plan,
                                                std::vector<std::string>& warnings);

// Keeps the rest of it in the pod, so that another run can fetch it, and reads it again. They throw Error.
void keep(kube::Cluster& cluster, const kube::Pod& pod, const StagedBackup& backup);
StagedBackup find_kept(kube::Cluster& cluster, const kube::Pod& pod);

}  // namespace exastro
