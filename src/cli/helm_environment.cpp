#include "cli/helm_environment.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace exastro::cli {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_set(const char* name) {
  const std::string value = variable(name);
  return value == "true" || value == "1";
}

// Helm 3 and 4 name every group twice.
std::vector<std::string> groups(const std::string& text) {
  std::vector<std::string> names;
  std::istringstream stream(text);
  for (std::string name; std::getline(stream, name, ',');) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

}  // namespace

std::optional<std::string> HelmEnvironment::chosen_namespace(
    const std::function<std::string()>& context_namespace) const {
  if (namespace_.empty() || namespace_ == context_namespace()) return std::nullopt;
  return namespace_;
}

std::optional<HelmEnvironment> helm_environment() {
  // Another plugin, which starts this program for a purpose of its own, has another name.
  const std::string plugin = variable("HELM_PLUGIN_NAME");
  if (variable("HELM_PLUGIN_DIR").empty() || (!plugin.empty() && plugin != "exastro")) return std::nullopt;
  HelmEnvironment helm;
  helm.namespace_ = variable("HELM_NAMESPACE");
  helm.context = variable("HELM_KUBECONTEXT");
  helm.kubeconfig = variable("KUBECONFIG");
  if (helm.kubeconfig.find(':') != std::string::npos) helm.kubeconfig.clear();
  helm.api_server = variable("HELM_KUBEAPISERVER");
  helm.ca_file = variable("HELM_KUBECAFILE");
  helm.token = variable("HELM_KUBETOKEN");
  helm.tls_server_name = variable("HELM_KUBETLS_SERVER_NAME");
  helm.insecure_skip_tls_verify = is_set("HELM_KUBEINSECURE_SKIP_TLS_VERIFY");
  helm.as_user = variable("HELM_KUBEASUSER");
  helm.as_groups = groups(variable("HELM_KUBEASGROUPS"));
  helm.debug = is_set("HELM_DEBUG");
  helm.program = variable("HELM_BIN");
  return helm;
}

}  // namespace exastro::cli
