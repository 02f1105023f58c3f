// Helm as the sequences see it, and the real program. The only place that knows its flags.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "error.h"

namespace exastro::kube {

// A chart to render into a release that is there. The values are those that the release was given before, then the
// files, then `last_values`.
struct HelmUpgrade {
  std::string namespace_;
  std::string release;
  std::string chart;    // as `helm upgrade` takes it: a directory, an archive, REPOSITORY/NAME, an URL
  std::string version;  // empty: the newest
  std::vector<std::string> values_files;
  nlohmann::json last_values = nlohmann::json::object();  // may be confidential: it travels on standard input
};

// What an upgrade would apply. The manifest holds Secrets.
struct HelmRendering {
  std::string manifest;
  nlohmann::json config;  // the values that were given, all layers
};

// Each call throws Error with Helm's words, and may be made again after it. Nothing waits for pods: Helm's own waiting
// does not end when a bare pod has completed.
class Helm {
 public:
  virtual ~Helm() = default;
  // Makes a new revision out of the stored manifest of an earlier one: what is missing in the cluster is created, and
  // what differs is set back, Secrets among it.
  virtual void rollback(const std::string& namespace_, const std::string& release, int revision) = 0;
  // Changes nothing; the chart's lookups see the cluster.
  virtual HelmRendering render(const HelmUpgrade& upgrade) = 0;
  virtual void upgrade(const HelmUpgrade& upgrade) = 0;
};

struct HelmOptions {
  std::filesystem::path program;
  std::string kubeconfig;
  std::string context;
  std::function<void(const std::string&)> log;  // each command, before it runs; never anything confidential
};

// Helm 3.14 or newer, or Helm 4.
class HelmProgram : public Helm {
 public:
  explicit HelmProgram(HelmOptions options);

  void rollback(const std::string& namespace_, const std::string& release, int revision) override;
  HelmRendering render(const HelmUpgrade& upgrade) override;
  void upgrade(const HelmUpgrade& upgrade) override;

 private:
  std::string run(const std::string& what, const std::string& namespace_, std::vector<std::string> arguments,
                  const std::string& input, const std::vector<std::string>& confidential);
  std::string run_upgrade(const std::string& what, const HelmUpgrade& upgrade, const std::vector<std::string>& also);

  HelmOptions options_;
};

// The program to use: HELM_BIN, as Helm sets it for its plugins, or else from PATH. Throws Error that says how to get
// it.
std::filesystem::path find_helm();

}  // namespace exastro::kube
