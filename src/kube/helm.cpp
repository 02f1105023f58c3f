#include "kube/helm.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdlib>

#include "process/child.h"

namespace exastro::kube {
namespace {

using Json = nlohmann::json;

// Longer than hooks take by Helm's own default.
constexpr std::chrono::seconds kTimeout{600};
// Shorter texts would be found in every other word.
constexpr std::size_t kShortestSecret = 6;

void collect_texts(const Json& json, std::vector<std::string>& texts) {
  if (json.is_string() && json.get_ref<const std::string&>().size() >= kShortestSecret) texts.push_back(json);
  if (!json.is_structured()) return;
  for (const auto& item : json) collect_texts(item, texts);
}

std::string without(std::string text, const std::vector<std::string>& confidential) {
  for (const auto& secret : confidential) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), "***");
    }
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

HelmProgram::HelmProgram(HelmOptions options) : options_(std::move(options)) {
  // With it, Helm prints the values of a release, passwords among them.
  ::setenv("HELM_DEBUG", "false", 1);
}

std::string HelmProgram::run(const std::string& what, const std::string& namespace_, std::vector<std::string> arguments,
                             const std::string& input, const std::vector<std::string>& confidential) {
  arguments.insert(arguments.end(), {"--namespace", namespace_});
  if (!options_.kubeconfig.empty()) arguments.insert(arguments.end(), {"--kubeconfig", options_.kubeconfig});
  if (!options_.context.empty()) arguments.insert(arguments.end(), {"--kube-context", options_.context});
  if (options_.log) options_.log(fmt::format("helm {}", fmt::join(arguments, " ")));
  const process::Outcome outcome = process::run({options_.program, std::move(arguments)},
                                                input.empty() ? process::Input{} : process::Input{input}, {}, kTimeout);
  if (outcome.timed_out) throw Error(fmt::format("{}: helm did not end within {} s", what, kTimeout.count()));
  if (outcome.exit_status != 0) throw Error(fmt::format("{}: {}", what, without(outcome.err, confidential)));
  return outcome.out;
}

void HelmProgram::rollback(const std::string& namespace_, const std::string& release, int revision) {
  run(fmt::format("Recreating release {} from its revision {}", release, revision), namespace_,
      {"rollback", release, std::to_string(revision)}, "", {});
}

std::string HelmProgram::run_upgrade(const std::string& what, const HelmUpgrade& upgrade,
                                     const std::vector<std::string>& also) {
  std::vector<std::string> arguments = {"upgrade",  upgrade.release, upgrade.chart, "--reset-then-reuse-values",
                                        "--output", "json"};
  if (!upgrade.version.empty()) arguments.insert(arguments.end(), {"--version", upgrade.version});
  for (const auto& file : upgrade.values_files) arguments.insert(arguments.end(), {"--values", file});
  arguments.insert(arguments.end(), {"--values", "-"});
  arguments.insert(arguments.end(), also.begin(), also.end());
  std::vector<std::string> confidential;
  collect_texts(upgrade.last_values, confidential);
  return run(what, upgrade.namespace_, std::move(arguments), upgrade.last_values.dump(), confidential);
}

HelmRendering HelmProgram::render(const HelmUpgrade& upgrade) {
  const std::string what = fmt::format("Rendering chart {} for release {}", upgrade.chart, upgrade.release);
  const Json release = Json::parse(run_upgrade(what, upgrade, {"--dry-run=server"}), nullptr, false);
  const auto manifest = release.is_object() ? release.find("manifest") : release.end();
  if (!release.is_object() || manifest == release.end() || !manifest->is_string())
    throw Error(what + ": helm gave something that is not a release");
  return {*manifest, release.value("config", Json::object())};
}

void HelmProgram::upgrade(const HelmUpgrade& upgrade) {
  run_upgrade(fmt::format("Upgrading release {} with chart {}", upgrade.release, upgrade.chart), upgrade, {});
}

std::filesystem::path find_helm() {
  const char* own = std::getenv("HELM_BIN");
  const std::string name = own != nullptr && *own != '\0' ? own : "helm";
  if (name.find('/') != std::string::npos) {
    std::error_code ignored;
    if (std::filesystem::exists(name, ignored)) return name;
  } else if (const auto program = process::find_program(name)) {
    return *program;
  }
  throw Error(fmt::format("{} was not found: a reinstall needs Helm (3.14 or newer, or 4) to create the release's "
                          "objects again.",
                          name),
              "Get it as https://helm.sh/docs/intro/install/ says, and put it on PATH or name it with HELM_BIN.");
}

}  // namespace exastro::kube
