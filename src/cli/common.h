// What all subcommands share: their flags, the cluster and the reporter that the flags ask for, and the table of
// commands.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "kube/kubectl.h"
#include "sequence/staged_backup.h"
#include "sequence/system.h"
#include "ui/reporter.h"

namespace exastro::cli {

struct CommonFlags {
  std::string kubeconfig;
  std::string context;
  std::string namespace_;
  std::vector<std::string> releases;
  std::string output = "text";
  std::string image;
  bool verbose = false;
};

// A subcommand: its flags live as long as it does.
struct Command {
  CLI::App* app = nullptr;
  std::shared_ptr<CommonFlags> flags;
  std::function<void(ui::Reporter&)> run;
  // Whether standard output is taken by something else than events and results.
  std::function<bool()> owns_output = [] { return false; };
};

// Adds a subcommand with the flags that all have, and the examples of its help.
Command add_command(CLI::App& app, const std::string& name, const std::string& description,
                    const std::string& examples);

// The same without the flags that choose a cluster.
Command add_offline_command(CLI::App& app, const std::string& name, const std::string& description,
                            const std::string& examples);
// The same for one that prints a document of its own to standard output, as text, JSON or YAML.
Command add_document_command(CLI::App& app, const std::string& name, const std::string& description,
                             const std::string& examples);

// --from and --identity: a backup to be read.
void add_source(CLI::App& app, std::string& from, std::vector<std::string>& identities);

// --timeout, in seconds.
void add_timeout(CLI::App& app, int& seconds, const std::string& description);

// --staging.
void add_staging(CLI::App& app, StagingMode& mode, const std::string& description);

// The cluster that the flags, or Helm's flags where Helm has started this program, lead to.
kube::Kubectl make_cluster(const CommonFlags& flags, ui::Reporter& reporter, kube::KubectlOptions options = {});
System find(kube::Cluster& cluster, const CommonFlags& flags, ui::Reporter& reporter);

Command add_find(CLI::App& app);
Command add_status(CLI::App& app);
Command add_stop(CLI::App& app);
Command add_start(CLI::App& app);
Command add_backup(CLI::App& app);
Command add_fetch(CLI::App& app);
Command add_restore(CLI::App& app);
Command add_reinstall(CLI::App& app);
Command add_verify(CLI::App& app);
Command add_inspect(CLI::App& app);
Command add_keys(CLI::App& app);
Command add_completion(CLI::App& app);

}  // namespace exastro::cli
