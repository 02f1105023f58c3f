// What Helm tells the plugin that it starts: its own global flags, which it has taken out of the arguments, in
// environment variables.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace exastro::cli {

// Empty where Helm was told nothing.
struct HelmEnvironment {
  std::string namespace_;  // always set, chosen or not: see chosen_namespace
  std::string context;
  // What Helm has set KUBECONFIG to, which kubectl reads by itself; empty if it is several files.
  std::string kubeconfig;
  std::string api_server;
  std::string ca_file;
  std::string token;
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string as_user;
  std::vector<std::string> as_groups;
  bool debug = false;
  std::string program;  // the helm that runs

  // The namespace that somebody has chosen: not that of the context that Helm was started for, which it passes on when
  // nobody has ("default" where the context has none). `context_namespace` gives that one.
  [[nodiscard]] std::optional<std::string> chosen_namespace(
      const std::function<std::string()>& context_namespace) const;
};

// Absent unless Helm has started this program as its plugin: the same variables in a person's shell are for Helm alone.
std::optional<HelmEnvironment> helm_environment();

}  // namespace exastro::cli
