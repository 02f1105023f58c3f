#include "ui/format.h"

#include <fmt/format.h>

#include <array>
#include <regex>
#include <string_view>

#include "shell_word.h"

namespace exastro::ui {

namespace {

// Whether what follows a command's name has the flag before the command ends: at a quote, a line's end or a sentence's.
bool names(std::string_view rest, std::string_view flag) {
  rest = rest.substr(0, rest.find_first_of("`\"\n\\;"));
  rest = rest.substr(0, rest.find(". "));
  rest = rest.substr(0, rest.find("kubectl "));
  return rest.find(flag) != std::string_view::npos;
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // 1023.95 and more would be printed as 1024.0.
  while (amount >= 1023.95 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string duration_text(std::chrono::duration<double> duration) {
  if (duration.count() < 59.95) return fmt::format("{:.1f} s", duration.count());
  const auto seconds = static_cast<long>(duration.count() + 0.5);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string flag_text(const std::string& flag, const std::string& value) {
  if (value.empty() || value.find_first_of("'\"\\\n") != std::string::npos) return "";
  return shell_flag(flag, value);
}

void CallForm::set_namespace(const std::string& namespace_) { namespace_flag = flag_text("-n", namespace_); }

std::string as_called(const std::string& text, const CallForm& form) {
  static const std::regex kCommand(
      "\\b(?:(kubectl exastro)(?: (backup|fetch|find|keys|reinstall|restore|start|status|stop)(?![a-z-]))?"
      "|(kubectl) (cluster-info|delete|describe|get|logs)(?![a-z-])"
      "|(helm) (history|list|rollback|upgrade)(?![a-z-]))");
  enum Group : std::size_t { kOurs = 1, kOurCommand, kKubectl, kKubectlCommand, kHelm, kHelmCommand };
  std::string called;
  auto done = text.begin();
  for (std::sregex_iterator at(text.begin(), text.end(), kCommand), end; at != end; ++at) {
    const std::smatch& found = *at;
    called.append(done, found[0].first);
    done = found[0].second;
    if (found[kOurCommand].matched) {
      called += form.name + " " + found[kOurCommand].str() + form.flags;
      const std::string_view rest(done, text.end());
      if (!names(rest, " -n ")) called += form.namespace_flag;
      if (!names(rest, " --release ")) called += form.release_flags;
    } else if (found[kOurs].matched) {
      called += form.name;
    } else {
      called += found[0].str() + (found[kKubectl].matched ? form.kubectl_flags : form.helm_flags);
    }
  }
  return called.append(done, text.end());
}

}  // namespace exastro::ui
