// The real cluster, through `kubectl` child processes: one `kubectl proxy` for all requests, and a `kubectl exec` for
// each thing that is done in a pod at the same time as others. The only place that knows kubectl's flags and messages.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "kube/api_proxy.h"
#include "kube/api_resource.h"
#include "kube/cluster.h"
#include "kube/pod_shell.h"
#include "kube/token_kubeconfig.h"
#include "process/child.h"

namespace exastro::kube {

// How the person chose the cluster: kubectl's own flags, empty where not given.
struct KubectlOptions {
  std::filesystem::path program;  // found on PATH by the caller
  std::string kubeconfig;
  std::string context;
  std::string namespace_;
  std::shared_ptr<const TokenKubeconfig> token;  // in the place of the context's user; may be absent
  std::string server;
  std::string certificate_authority;  // path
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  std::string as;
  std::vector<std::string> as_groups;
  std::chrono::seconds request_timeout{60};  // of one request that is no stream
  std::chrono::seconds request_grace{15};    // after it, for a kubectl that does not end by itself
  std::chrono::seconds stall_timeout{60};    // without any byte or sign of life, a stream is taken for dead
  std::chrono::seconds data_timeout{900};    // a download that lives and gives no byte for so long waits for something
  std::function<void(const std::string&)> log;  // each command, before it runs; never anything confidential
};

class Kubectl : public Cluster {
 public:
  explicit Kubectl(KubectlOptions options);

  void be_patient(std::chrono::seconds patience) override { patience_ = patience; }
  [[nodiscard]] std::optional<std::string> chosen_namespace() const override;
  std::string context_namespace() override;
  // The names of the kubeconfig's contexts.
  std::vector<std::string> contexts();
  std::vector<Json> list(const std::string& kinds, const std::optional<std::string>& namespace_,
                         const std::string& selector) override;
  std::optional<Json> get(const std::string& kind, const std::string& namespace_, const std::string& name) override;
  std::vector<Json> get_all(const std::string& namespace_, const std::vector<ObjectName>& names) override;
  std::optional<Json> get_with_managers(const std::string& kind, const std::string& namespace_,
                                        const std::string& name) override;
  std::vector<HelmRecord> helm_records(const std::optional<std::string>& namespace_) override;
  Json create(const Json& object) override;
  Json replace(const Json& object) override;
  void remove(const std::string& kind, const std::string& namespace_, const std::string& name) override;
  void await(const std::string& namespace_, const std::vector<std::string>& references, const Met& met,
             std::chrono::seconds longest) override;
  void remove_if_unchanged(const Json& lease) override;
  void scale(const std::string& namespace_, const std::vector<std::string>& workloads, int replicas) override;
  void patch(const std::string& kind, const std::string& namespace_, const std::string& name,
             const Json& merge_patch) override;
  std::vector<bool> allowed(const std::vector<Access>& accesses) override;
  HttpAnswer ask_service(const std::string& namespace_, const std::string& service, const std::string& port,
                         const std::string& path) override;
  std::string run(const Pod& pod, const Script& script, const std::string& input) override;
  void converse(const Pod& pod, const Script& script, const std::string& end, const Next& next) override;
  StreamReport download(const Pod& pod, const Script& script, const ByteHandler& sink, const DigestOf& digest) override;
  StreamReport upload(const Pod& pod, const Script& script, std::uint64_t size, const ByteSource& source,
                      const DigestOf& digest) override;

 private:
  [[nodiscard]] process::Command command(std::vector<std::string> arguments) const;
  // Runs a text in a shell of the pod, one that is there and idle or a new one. Gives kubectl's exit status, if that
  // has ended; puts before `messages` what it said of a text that was not even begun.
  int in_shell(const Pod& pod, ScriptKind kind, const std::string& mark, const std::string& text,
               const std::vector<std::string>& arguments, const process::Handlers& handlers, std::string& messages);
  // Runs a plain script to its proved end; gives what it printed.
  std::string run_plain(const Pod& pod, const std::string& mark, const std::string& text,
                        const std::vector<std::string>& arguments, process::Handlers handlers);
  // One request to the API server, in words of `what`. Throws KubeError if there is no answer; `ask` and `ask_of` throw
  // unless it is a good one.
  HttpResponse answer_to(const std::string& what, const HttpRequest& request);
  HttpResponse ask(const std::string& what, const HttpRequest& request);
  // Below the path of a resource, in the newest version that this API server has of it.
  HttpResponse ask_of(const std::string& what, const ApiResource& resource,
                      const std::optional<std::string>& namespace_, const std::string& below, HttpRequest request);
  std::vector<Json> list_of(const ApiResource& resource, const std::optional<std::string>& namespace_,
                            const std::string& selector);
  // Whether all are as they are wanted.
  bool await_all(const ApiResource& resource, const std::string& namespace_, std::set<std::string> references,
                 const Met& met, std::chrono::steady_clock::time_point until);
  // Runs kubectl for what is no request; throws KubeError unless it ends with 0.
  std::string run_kubectl(const std::string& what, std::vector<std::string> arguments);
  // Ends the child when nothing at all has come from it for the stall timeout, and sets `stalled`, which must outlive
  // it.
  void end_when_silent(process::Handlers& handlers, bool& stalled) const;
  [[nodiscard]] Error stream_error(const Pod& pod, const std::string& what, const std::string& messages) const;

  KubectlOptions options_;
  ApiProxy api_;
  std::mutex shells_mutex_;
  // Idle ones, by namespace, pod and container.
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<std::unique_ptr<PodShell>>> shells_;
  std::atomic<bool> has_only_old_versions_{false};  // of what changed its version: an API server before 1.21
  std::atomic<std::chrono::seconds> patience_{std::chrono::seconds(0)};  // a lease is renewed by another thread
};

// The kind of an error from what kubectl printed, and from an answer of the API server that is not a good one.
KubeError classify(const std::string& what, const std::string& messages);
KubeError classify(const std::string& what, const HttpResponse& answer);

}  // namespace exastro::kube
