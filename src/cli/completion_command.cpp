#include "cli/common.h"

namespace exastro::cli {
namespace {

// Every script only carries words to `kubectl-exastro __complete` and its answer back; see completion.h for both.

constexpr const char* kBash = R"sh(# bash completion for kubectl-exastro:  source <(kubectl-exastro completion bash)
_kubectl_exastro() {
  local -a words=() lines=()
  local word current directive glue= i
  # readline cuts words at = and : too; here --flag=value and a context's arn:aws:… are one word each.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ ${#words[@]} -gt 0 && ( -n $glue || $word == [=:] ) ]]; then words[-1]+=$word; else words+=("$word"); fi
    if [[ $word == [=:] ]]; then glue=yes; else glue=; fi
  done
  mapfile -t lines < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
  COMPREPLY=()
  [[ ${#lines[@]} -gt 0 ]] || return
  directive=${lines[-1]#:}
  unset 'lines[-1]'
  current=${words[-1]}
  if [[ $current == --*=* ]]; then current=${current#*=}; fi
  case $directive in
    0) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    8)
      compopt -o filenames
      mapfile -t COMPREPLY < <(
        compgen -d -- "$current"
        for word in "${lines[@]}"; do compgen -f -X "!*.$word" -- "$current"; done
      )
      ;;
    16) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
    *)
      COMPREPLY=("${lines[@]%%$'\t'*}")
      if [[ $current == *:* ]]; then COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}"); fi
      ;;
  esac
}
complete -F _kubectl_exastro kubectl-exastro
)sh";

constexpr const char* kZsh = R"sh(#compdef kubectl-exastro
# zsh completion for kubectl-exastro:  source <(kubectl-exastro completion zsh), after compinit; or this text as the file
# _kubectl-exastro in a directory of $fpath.
_kubectl-exastro() {
  local -a lines described
  local directive
  lines=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  directive=${lines[-1]#:}
  lines=("${(@)lines[1,-2]}")
  if [[ $PREFIX == --*=* ]]; then compset -P '*='; fi
  case $directive in
    0) _files ;;
    8) _files -g "*.(${(j:|:)lines})(-.)" ;;
    16) _files -/ ;;
    *)
      described=("${(@)${(@)lines//:/\\:}/$'\t'/:}")
      if (( ${#lines} )); then _describe -t words 'kubectl-exastro' described; fi
      ;;
  esac
}
if [ "$funcstack[1]" = _kubectl-exastro ]; then _kubectl-exastro "$@"; else compdef _kubectl-exastro kubectl-exastro; fi
)sh";

constexpr const char* kFish = R"sh(# fish completion for kubectl-exastro:  kubectl-exastro completion fish | source
function __kubectl_exastro_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l directive $lines[-1]
    set -e lines[-1]
    # fish wants the whole word: --flag=value
    set -l before (string match -r -- '^--[^=]*=' $current)
    set -l rest (string replace -r -- '^--[^=]*=' '' $current)
    switch $directive
        case :0
            set lines (__fish_complete_path "$rest")
        case :8
            set -l wanted '^.*(?:/|\.(?:'(string join '|' $lines)'))(?:\t.*)?$'
            set lines (__fish_complete_path "$rest" | string match -r -- $wanted)
        case :16
            set lines (__fish_complete_directories "$rest")
    end
    for line in $lines
        echo -- "$before$line"
    end
end
complete -c kubectl-exastro -f -k -a '(__kubectl_exastro_complete)'
)sh";

// kubectl (since 1.26) calls it with the words, as kubectl_complete-exastro on PATH.
constexpr const char* kKubectl = R"sh(#!/bin/sh
# Completion of this plugin's words for kubectl, which looks for a program of this name on PATH.
exec kubectl-exastro __complete "$@"
)sh";

std::string script_for(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  return shell == "fish" ? kFish : kKubectl;
}

}  // namespace

Command add_completion(CLI::App& app) {
  Command command;
  command.app = app.add_subcommand("completion", "Print the script that completes this program's words in a shell");
  command.app->footer(
      "\nExamples:\n"
      "  source <(kubectl-exastro completion bash)      in ~/.bashrc: completes `kubectl-exastro`\n"
      "  source <(kubectl-exastro completion zsh)       in ~/.zshrc, after compinit\n"
      "  kubectl-exastro completion fish | source       in ~/.config/fish/config.fish\n"
      "\n"
      "kubectl completes the plugin by itself when the program kubectl_complete-exastro is on PATH, as it is in the "
      "release\n"
      "archive. `kubectl-exastro completion kubectl` prints it.");
  command.flags = std::make_shared<CommonFlags>();
  const auto shell = std::make_shared<std::string>();
  command.app->add_option("SHELL", *shell, "For which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish", "kubectl"}));
  command.run = [shell](ui::Reporter& reporter) {
    const std::string script = script_for(*shell);
    reporter.result({{"script", script}}, script);
  };
  return command;
}

}  // namespace exastro::cli
