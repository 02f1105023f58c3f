#include "cli/completion.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <set>
#include <sstream>
#include <utility>

namespace exastro::cli {
namespace {

bool is_flag(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

// The set of a CLI::IsMember, which is written into the type's name: "TEXT:{text,json}".
std::vector<std::string> members(const std::string& type) {
  const auto begin = type.find('{');
  const auto end = type.rfind('}');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  std::vector<std::string> names;
  std::istringstream list(type.substr(begin + 1, end - begin - 1));
  for (std::string name; std::getline(list, name, ',');) names.push_back(name);
  return names;
}

Completion beginning_with(const std::string& beginning, std::vector<std::string> candidates) {
  std::erase_if(candidates, [&](const std::string& candidate) { return !candidate.starts_with(beginning); });
  return {std::move(candidates), Directive::kNothingElse};
}

// The command line up to the cursor, word by word, read as CLI11 would, but with patience: it is not finished yet.
class Line {
 public:
  Line(const CLI::App& app, const NamesOf& names_of) : app_(&app), names_of_(names_of) {}

  void take(const std::string& word) {
    if (continues_value(word)) {
      take_value(*open_, word);
    } else if (!only_positionals_ && word == "--") {
      only_positionals_ = true;
    } else if (!only_positionals_ && is_flag(word)) {
      take_flag(word);
    } else if (const CLI::App* command = subcommand(word); command != nullptr && positionals_ == 0) {
      app_ = command;
    } else {
      ++positionals_;
    }
  }

  [[nodiscard]] Completion last(const std::string& word) const {
    if (continues_value(word)) return values(*open_, word);
    if (!only_positionals_ && word.starts_with('-')) {
      const auto equals = word.find('=');
      if (equals == std::string::npos) return flags(word);
      const CLI::Option* option = app_->get_option_no_throw(word.substr(0, equals));
      return option == nullptr ? Completion{} : values(*option, word.substr(equals + 1));
    }
    Completion commands = subcommands(word);
    if (!commands.candidates.empty()) return commands;
    const CLI::Option* positional = next_positional();
    return positional == nullptr ? Completion{} : values(*positional, word);
  }

 private:
  // Whether the word is (one more) value of the flag before it.
  [[nodiscard]] bool continues_value(const std::string& word) const {
    if (open_ == nullptr) return false;
    return taken_ == 0 || !is_flag(word);
  }

  void take_value(const CLI::Option& option, const std::string& value) {
    given_[&option].push_back(value);
    ++taken_;
    if (taken_ >= option.get_items_expected_max()) open_ = nullptr;
  }

  void take_flag(const std::string& word) {
    open_ = nullptr;
    const bool is_long = word.starts_with("--");
    const auto end = is_long ? word.find('=') : 2;
    const CLI::Option* option = app_->get_option_no_throw(word.substr(0, end));
    if (option == nullptr) return;
    given_[option];
    if (!takes_value(*option)) return;
    open_ = option;
    taken_ = 0;
    if (end >= word.size()) return;
    take_value(*option, word.substr(end + (is_long ? 1 : 0)));
    open_ = nullptr;
  }

  [[nodiscard]] const CLI::App* subcommand(const std::string& name) const {
    const auto found = app_->get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
    return found.empty() ? nullptr : found.front();
  }

  [[nodiscard]] Completion subcommands(const std::string& beginning) const {
    Completion completion;
    for (const CLI::App* command : app_->get_subcommands([](const CLI::App*) { return true; })) {
      if (command->get_group().empty() || !command->get_name().starts_with(beginning)) continue;
      completion.candidates.push_back(command->get_name() + "\t" + command->get_description());
    }
    return completion;
  }

  [[nodiscard]] Completion flags(const std::string& beginning) const {
    Completion completion;
    for (const CLI::Option* option : app_->get_options()) {
      const bool once = option->get_items_expected_max() <= 1;
      if (option->get_group().empty() || (once && given_.contains(option))) continue;
      for (const auto& name : option->get_lnames()) {
        const std::string flag = "--" + name;
        if (flag.starts_with(beginning)) completion.candidates.push_back(flag + "\t" + option->get_description());
      }
    }
    return completion;
  }

  [[nodiscard]] const CLI::Option* next_positional() const {
    int before = positionals_;
    for (const CLI::Option* option : app_->get_options()) {
      if (!option->get_positional()) continue;
      before -= option->get_items_expected_max();
      if (before < 0) return option;
    }
    return nullptr;
  }

  [[nodiscard]] Completion values(const CLI::Option& option, const std::string& beginning) const {
    const std::string type = option.get_type_name();
    if (type.starts_with("BACKUP")) return {{"tar", "age", "gz"}, Directive::kFilesEnding};
    if (type.starts_with("FILE")) return {{}, Directive::kFiles};
    if (type.starts_with("DIR")) return {{}, Directive::kDirectories};
    if (type == "CONTEXT" || type == "NAMESPACE" || type == "RELEASE") {
      return beginning_with(beginning, names_of_(type, cluster_flags()));
    }
    return beginning_with(beginning, members(type));
  }

  // As far as they are written already.
  [[nodiscard]] CommonFlags cluster_flags() const {
    const auto given = [&](const char* name) {
      const auto found = given_.find(app_->get_option_no_throw(name));
      return found == given_.end() || found->second.empty() ? std::string() : found->second.back();
    };
    CommonFlags flags;
    flags.kubeconfig = given("--kubeconfig");
    flags.context = given("--context");
    flags.namespace_ = given("--namespace");
    return flags;
  }

  const CLI::App* app_;
  const NamesOf& names_of_;
  const CLI::Option* open_ = nullptr;  // takes the next word
  int taken_ = 0;                      // words that it has
  int positionals_ = 0;
  bool only_positionals_ = false;
  std::map<const CLI::Option*, std::vector<std::string>> given_;
};

std::vector<std::string> ask_cluster(const std::string& type, const CommonFlags& flags) {
  std::ostream nowhere(nullptr);
  const auto reporter = ui::text_reporter(nowhere, nowhere, {});
  kube::KubectlOptions options;
  options.request_timeout = std::chrono::seconds(2);
  options.request_grace = std::chrono::seconds(1);
  kube::Kubectl cluster = make_cluster(flags, *reporter, std::move(options));
  if (type == "CONTEXT") return cluster.contexts();
  std::set<std::string> names;
  if (type == "NAMESPACE") {
    for (const auto& object : cluster.list("namespaces", std::nullopt, "")) {
      names.insert(object.at("metadata").at("name").get<std::string>());
    }
  } else {
    const auto chosen = cluster.chosen_namespace();
    for (const auto& record : cluster.helm_records(chosen)) {
      if (record.status != "deployed") continue;
      names.insert(chosen ? record.release : record.namespace_ + "/" + record.release);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace

Completion complete(const CLI::App& app, const std::vector<std::string>& words, const NamesOf& names_of) {
  Line line(app, names_of);
  for (std::size_t i = 0; i + 1 < words.size(); ++i) line.take(words[i]);
  return line.last(words.empty() ? "" : words.back());
}

std::vector<std::string> names_in_the_cluster(const std::string& type, const CommonFlags& flags) {
  try {
    return ask_cluster(type, flags);
  } catch (const std::exception&) {
    return {};  // somebody is typing: there is no place for an error
  }
}

void write(const Completion& completion, std::ostream& out) {
  for (const auto& candidate : completion.candidates) out << candidate << '\n';
  out << ':' << static_cast<int>(completion.directive) << '\n';
}

}  // namespace exastro::cli
