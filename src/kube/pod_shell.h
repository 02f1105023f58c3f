// A shell that stays in a pod and runs one script after another: to start one, `kubectl exec` and the container runtime
// take half a second, and several on a node that is starting pods.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "kube/cluster.h"
#include "process/child.h"

namespace exastro::kube {

// What it does with a script: `kPlain` ends what it printed with a line that says so, and its status; `kStream`
// gives it a process group of its own, which it may end as a whole.
enum class ScriptKind { kPlain, kStream };

// How often a living shell gives a sign, and how long it may be silent.
struct SignsOfLife {
  std::chrono::milliseconds between = std::chrono::seconds(10);
  std::chrono::milliseconds silence = std::chrono::seconds(25);  // two signs, and some more for a line that is slow
};

class PodShell {
 public:
  // `exec` ends with `sh -c`, in the pod; the rest is added here. Throws Error if it cannot be started.
  explicit PodShell(process::Command exec, const SignsOfLife& signs = {});

  // How a run of a script has ended.
  struct End {
    bool by_rest = false;  // a handler has let the shell rest: it can take another one
    int exit_status = 0;   // of kubectl, if not
    std::string messages;  // of kubectl, if the script was not even begun
  };
  // Runs a script with its parameters, until a handler lets it rest. What the handlers write is its standard input.
  // They are given nothing that came before this one began: what an earlier script has said late, say.
  End run(ScriptKind kind, const std::string& mark, const std::string& text, const std::vector<std::string>& arguments,
          const process::Handlers& handlers);

  // Whether it can take another, as far as can be told from here.
  [[nodiscard]] bool lives();

 private:
  std::string key_;
  SignsOfLife signs_;
  process::KeptChild child_;
  std::chrono::steady_clock::time_point last_seen_ = std::chrono::steady_clock::now();
};

// 32 hexadecimal digits, which nothing that a script prints or reads holds by chance.
std::string new_mark();

// What a plain script printed, and its exit status; absent until the line that ends it has arrived whole.
struct PlainOutput {
  std::string text;
  int status = 0;
};
[[nodiscard]] bool ends_plain(std::string_view output, std::string_view mark);
std::optional<PlainOutput> parse_plain(std::string output, std::string_view mark);

// A sign of life that says nothing else, so that an idle connection is not cut and a stall is noticed.
bool is_heartbeat(std::string_view line);

}  // namespace exastro::kube
