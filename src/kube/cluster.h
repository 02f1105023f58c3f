// The cluster as the sequences see it: typed calls, no flags and no messages of kubectl. `Kubectl` is the real one;
// tests script another.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "error.h"

namespace exastro::kube {

using Json = nlohmann::json;

// Why the API server, or the way to it, refused.
enum class Reason { kNotFound, kForbidden, kAlreadyExists, kConflict, kUnreachable, kOther };

class KubeError : public Error {
 public:
  KubeError(Reason reason, const std::string& message, std::string next, ExitStatus status)
      : Error(message, std::move(next), status), reason_(reason) {}
  [[nodiscard]] Reason reason() const { return reason_; }

 private:
  Reason reason_;
};

// A connection to a pod broke, or brought nothing for too long. What was begun there may go on.
class StreamCut : public Error {
 public:
  explicit StreamCut(const Error& error) : Error(error) {}
};

// A revision of a Helm release as its record's labels tell it; the body is read apart, as it can be large.
struct HelmRecord {
  std::string namespace_;
  std::string secret;
  std::string release;
  int revision = 0;
  std::string status;  // Helm's word: deployed, superseded, failed, pending-upgrade, …
};

// A container to run something in.
struct Pod {
  std::string namespace_;
  std::string name;
  std::string container;
};

// A permission to ask for, in the words of RBAC. Empty `subresource` means the object itself.
struct Access {
  std::string namespace_;
  std::string verb;
  std::string group;
  std::string resource;
  std::string subresource;
};

// An object by its kind, as kubectl takes it, and its name.
struct ObjectName {
  std::string kind;
  std::string name;
};

// What runs in a pod: POSIX sh text, its positional parameters, and lines that must not be seen in a process list:
// they travel on standard input and are in the shell variable `cnf` when the script starts.
struct Script {
  std::string text;
  std::vector<std::string> arguments;
  std::string confidential;  // lines without an empty one among them
  // Of a download: how much longer than usual it may take to its first byte.
  std::chrono::seconds until_first_byte{0};
};

// What the pod says of a stream that it sent or received. The counts and the digest are of the bytes on the wire,
// made in the pod; the caller's own must equal them, and `transfer` calls have compared them already.
struct StreamReport {
  std::uint64_t bytes = 0;
  std::string sha256;         // hexadecimal; empty if the image has no sha256sum
  std::vector<int> statuses;  // exit status of every part of the pipeline, first to last
  std::string messages;       // what the programs wrote to standard error: the last 64 KiB
  [[nodiscard]] bool all_zero() const;
};

// What a service answers over HTTP, asked through the API server.
struct HttpAnswer {
  enum class Kind { kAnswers, kFails, kNotAllowed };  // kFails: no answer, or a status of 500 and above
  Kind kind = Kind::kFails;
  std::string message;  // of a failure
};

using ByteHandler = std::function<void(std::span<const std::byte>)>;
using ByteSource = std::function<std::size_t(std::span<std::byte>)>;  // gives how many bytes it put there; 0 = end
using DigestOf = std::function<std::string()>;

class Cluster {
 public:
  virtual ~Cluster() = default;

  // From now on, what can be asked or done twice (reads, removals, counts and flags that are set) is tried again for so
  // long while the API server cannot be reached. At first it is not: a wrong address should be told at once.
  virtual void be_patient(std::chrono::seconds patience) = 0;

  // The namespace that the person chose with -n, if any, and the one of the kube context ("default" if it has none).
  [[nodiscard]] virtual std::optional<std::string> chosen_namespace() const = 0;
  virtual std::string context_namespace() = 0;

  // All objects of `kinds` (comma separated, as kubectl takes them) with the labels; in all namespaces if none is
  // given.
  virtual std::vector<Json> list(const std::string& kinds, const std::optional<std::string>& namespace_,
                                 const std::string& selector) = 0;
  // Absent if there is no such object. Throws KubeError for anything else.
  virtual std::optional<Json> get(const std::string& kind, const std::string& namespace_, const std::string& name) = 0;
  // Of these objects those that are there, in one request. Throws KubeError.
  virtual std::vector<Json> get_all(const std::string& namespace_, const std::vector<ObjectName>& names) = 0;
  // One object, with metadata.managedFields, which tells who has set what.
  virtual std::optional<Json> get_with_managers(const std::string& kind, const std::string& namespace_,
                                                const std::string& name) = 0;
  // Helm's records, without their bodies.
  virtual std::vector<HelmRecord> helm_records(const std::optional<std::string>& namespace_) = 0;

  // Both give the object as the server has it then.
  // Throws KubeError kAlreadyExists if it is there.
  virtual Json create(const Json& object) = 0;
  // Replaces it as it was read: throws kConflict if somebody changed it meanwhile (metadata.resourceVersion).
  virtual Json replace(const Json& object) = 0;
  // No error if there is none. Does not wait for its end.
  virtual void remove(const std::string& kind, const std::string& namespace_, const std::string& name) = 0;
  // Returns when all of these "kind/NAME" are as `met` wants them, or something else may have happened to one,
  // `longest` later at most: to be called in a loop that looks. `met` is given null for an object that is not there.
  using Met = std::function<bool(const std::string& reference, const Json* object)>;
  virtual void await(const std::string& namespace_, const std::vector<std::string>& references, const Met& met,
                     std::chrono::seconds longest) = 0;
  // Several "kind/NAME" of a namespace.
  void remove_all(const std::string& namespace_, const std::vector<std::string>& references) {
    for (const auto& reference : references) {
      const auto slash = reference.find('/');
      remove(reference.substr(0, slash), namespace_, reference.substr(slash + 1));
    }
  }
  // Removes a Lease if it is still as it was read. Throws kConflict if not.
  virtual void remove_if_unchanged(const Json& lease) = 0;
  // `workloads` are "deployment/NAME" or "statefulset/NAME".
  virtual void scale(const std::string& namespace_, const std::vector<std::string>& workloads, int replicas) = 0;
  // A JSON merge patch.
  virtual void patch(const std::string& kind, const std::string& namespace_, const std::string& name,
                     const Json& merge_patch) = 0;
  // For each, whether the person may do it.
  virtual std::vector<bool> allowed(const std::vector<Access>& accesses) = 0;

  // Asks a service for a path. `port` is its number or name.
  virtual HttpAnswer ask_service(const std::string& namespace_, const std::string& service, const std::string& port,
                                 const std::string& path) = 0;

  // Runs a script in a pod and gives its standard output. `input` follows the confidential lines on its standard
  // input. Throws Error with the script's messages if it ends with another status than 0.
  virtual std::string run(const Pod& pod, const Script& script, const std::string& input) = 0;
  // As `run`, but question by question: `next` gives the input that follows, or nothing when all was asked, which ends
  // the script's input. It is called with nothing first, and then with what the script has printed since, each time
  // that ends with the line `end`. Throws Error if the script ends before.
  using Next = std::function<std::optional<std::string>(const std::string& answer)>;
  virtual void converse(const Pod& pod, const Script& script, const std::string& end, const Next& next) = 0;
  // Streams what the script's function `produce` writes. `digest` tells the SHA-256 of all that `sink` was given.
  // Throws Error if the stream was cut, stalled or does not have the length and digest that the pod reports; the
  // statuses of the pipeline are the caller's to judge.
  virtual StreamReport download(const Pod& pod, const Script& script, const ByteHandler& sink,
                                const DigestOf& digest) = 0;
  // Streams `size` bytes of `source` into the script's function `consume`.
  virtual StreamReport upload(const Pod& pod, const Script& script, std::uint64_t size, const ByteSource& source,
                              const DigestOf& digest) = 0;
};

}  // namespace exastro::kube
