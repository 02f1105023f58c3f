// What a backup would do, told without doing anything.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sequence/backup_content.h"

namespace exastro {

struct BackupPlan {
  // Empty where no pod that runs can be asked: a server outside the cluster, say.
  std::vector<StockedServer> servers;
  std::optional<FilesFacts> files;
  std::vector<Workload> stopped;
  std::vector<std::string> warnings;
};

// Reads, in pods of the release that run now.
BackupPlan plan_backup(kube::Cluster& cluster, const System& system, const std::vector<Json>& pods);

std::string plan_text(const System& system, const BackupPlan& plan, const std::string& target);
Json plan_json(const System& system, const BackupPlan& plan, const std::string& target);

// The first of many names, for a message.
std::string some_of(const std::vector<std::string>& names);

// Sentences about what a backup of this does less than well.
void warn_of(const Inventory& inventory, std::vector<std::string>& warnings);
void warn_of(const FilesFacts& files, std::vector<std::string>& warnings);

}  // namespace exastro
