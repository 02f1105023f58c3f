#include "kube/kubectl.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <regex>
#include <sstream>
#include <thread>
#include <utility>

#include "kube/remote_script.h"
#include "process/interrupt.h"

namespace exastro::kube {
namespace {

using process::Handlers;
using process::Input;
using process::Outcome;
using process::Session;

constexpr std::size_t kMostMessages = 64 * 1024;
constexpr std::chrono::seconds kBetweenTries{1};
constexpr std::chrono::milliseconds kBetweenLooks{500};
constexpr std::chrono::seconds kGraceOfAWait{2};
// Else kubectl reads the schema of all that the API server knows first, which takes it four times as long as the rest,
// and a lease is renewed every few seconds. All that is sent was written by this program or read from the server.
constexpr const char* kAsItIs = "--validate=false";

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// The last `kMostMessages` bytes of what the programs said.
void append_line(std::string& messages, std::string_view line) {
  messages.append(line).push_back('\n');
  if (messages.size() > kMostMessages) messages.erase(0, messages.size() - kMostMessages);
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

// kubectl says this of a script that ended with another status than 0; the report tells it better.
bool is_exit_code_line(std::string_view line) { return line.starts_with("command terminated with exit code"); }

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) {
    if (!line.empty()) line += ' ';
    // Scripts are long and the same each time: their first line is enough to recognise them.
    const bool plain = word.find_first_of(" \n\"'$") == std::string::npos;
    line += plain ? word : word.find('\n') == std::string::npos ? "'" + word + "'" : "'…'";
  }
  return line;
}

// kubectl's own log ("E1123 11:42:35.490247    6465 memcache.go:265] …") says in many words what its last line says in
// few.
std::string without_log_lines(const std::string& messages) {
  static const std::regex kLogLine(R"([EWIF][0-9]{4} [0-9:.]{1,30} {1,20}[0-9]{1,20} )");
  std::istringstream lines(messages);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    // The beginning alone: a whole line of any length would take stack for each of its bytes.
    if (!std::regex_search(line, kLogLine, std::regex_constants::match_continuous)) kept += line + "\n";
  }
  return kept.empty() ? messages : kept;
}

Json parse_json(const std::string& what, const std::string& text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception&) {
    // What the exception says quotes the text, which may be a Secret.
    throw Error(fmt::format("{}: kubectl gave something that is not JSON", what));
  }
}

// kubectl gives a single object as it is, and several as a List.
std::vector<Json> items_of(Json answer) {
  if (!answer.contains("items")) return {std::move(answer)};
  std::vector<Json> items;
  for (auto& item : answer["items"]) items.push_back(std::move(item));
  return items;
}

}  // namespace

KubeError classify(const std::string& what, const std::string& all_messages) {
  const std::string messages = without_log_lines(all_messages);
  const std::string text =
      fmt::format("{}: {}", what, trimmed(messages).empty() ? "kubectl failed" : trimmed(messages));
  if (contains(messages, "(NotFound)") || contains(messages, " not found")) {
    return {Reason::kNotFound, text, "", ExitStatus::kNotFound};
  }
  if (contains(messages, "(Forbidden)") || contains(messages, "is forbidden")) {
    return {Reason::kForbidden, text, "Ask the cluster's administrator for this permission.", ExitStatus::kForbidden};
  }
  if (contains(messages, "(AlreadyExists)")) return {Reason::kAlreadyExists, text, "", ExitStatus::kBusy};
  if (contains(messages, "(Conflict)")) return {Reason::kConflict, text, "Run the command again.", ExitStatus::kFailed};
  // The way to the API server, or the server for a moment: what may well work when it is tried again.
  constexpr std::array<std::string_view, 15> kPassing{"Unable to connect",
                                                      "connection refused",
                                                      "i/o timeout",
                                                      "was refused - did you specify",
                                                      "connection reset",
                                                      "unexpected EOF",
                                                      "connection lost",
                                                      "deadline exceeded",
                                                      "etcdserver",
                                                      "(ServiceUnavailable)",
                                                      "(InternalError)",
                                                      "(TooManyRequests)",
                                                      "(Timeout)",
                                                      "(ServerTimeout)",
                                                      "currently unable to handle"};
  if (std::any_of(kPassing.begin(), kPassing.end(), [&](std::string_view sign) { return contains(messages, sign); })) {
    return {Reason::kUnreachable, text, "Check the kube context with: kubectl cluster-info", ExitStatus::kFailed};
  }
  return {Reason::kOther, text, "", ExitStatus::kFailed};
}

Kubectl::Kubectl(KubectlOptions options) : options_(std::move(options)) {
  // A person's kuberc may change what commands do: with `delete: interactive=true`, kubectl 1.34 deletes nothing and
  // ends with 0.
  ::setenv("KUBERC", "off", 1);
  ::setenv("KUBECTL_KUBERC", "false", 1);
}

process::Command Kubectl::command(std::vector<std::string> arguments) const {
  process::Command command;
  command.program = options_.program;
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) command.arguments.push_back(fmt::format("--{}={}", flag, value));
  };
  if (options_.token) {
    add("user", TokenKubeconfig::kUser);  // KUBECONFIG names the files
  } else {
    add("kubeconfig", options_.kubeconfig);
  }
  add("context", options_.context);
  add("server", options_.server);
  add("certificate-authority", options_.certificate_authority);
  add("tls-server-name", options_.tls_server_name);
  if (options_.insecure_skip_tls_verify) add("insecure-skip-tls-verify", "true");
  add("as", options_.as);
  for (const auto& group : options_.as_groups) add("as-group", group);
  std::move(arguments.begin(), arguments.end(), std::back_inserter(command.arguments));
  if (options_.log) options_.log("kubectl " + joined(command.arguments));
  return command;
}

process::Command Kubectl::exec(const Pod& pod, const std::string& script_text,
                               const std::vector<std::string>& arguments) const {
  std::vector<std::string> words = {"exec",        "-i", "-n", pod.namespace_, pod.name,    "-c",
                                    pod.container, "--", "sh", "-c",           script_text, "exastro"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return command(std::move(words));
}

std::string Kubectl::request(const std::string& what, std::vector<std::string> arguments, const std::string& input) {
  arguments.push_back(fmt::format("--request-timeout={}s", options_.request_timeout.count()));
  const Outcome outcome = process::run(command(std::move(arguments)), input.empty() ? Input{} : Input{input}, {},
                                       options_.request_timeout + options_.request_grace);
  if (outcome.timed_out) {
    throw KubeError(Reason::kUnreachable,
                    fmt::format("{}: no answer within {} s", what, options_.request_timeout.count()),
                    "Check the kube context with: kubectl cluster-info", ExitStatus::kFailed);
  }
  if (outcome.exit_status != 0) throw classify(what, outcome.err);
  return outcome.out;
}

std::string Kubectl::patient_request(const std::string& what, const std::vector<std::string>& arguments) {
  const auto deadline = std::chrono::steady_clock::now() + patience_.load();
  while (true) {
    try {
      return request(what, arguments);
    } catch (const KubeError& error) {
      if (error.reason() != Reason::kUnreachable || std::chrono::steady_clock::now() >= deadline) throw;
    }
    process::Interrupt::throw_if_requested();
    std::this_thread::sleep_for(kBetweenTries);
  }
}

std::optional<std::string> Kubectl::chosen_namespace() const {
  if (options_.namespace_.empty()) return std::nullopt;
  return options_.namespace_;
}

std::string Kubectl::context_namespace() {
  std::string name;
  try {
    name = trimmed(request("Reading the kube context", {"config", "view", "--minify", "-o", "jsonpath={..namespace}"}));
  } catch (const KubeError& error) {
    // There may be none: the API server's address and a token are enough, and so is a pod's service account.
    if (!contains(error.what(), "current-context must exist")) throw;
  }
  return name.empty() ? "default" : name;
}

std::vector<std::string> Kubectl::contexts() {
  std::istringstream lines(request("Listing the kube contexts", {"config", "get-contexts", "-o", "name"}));
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  return names;
}

std::vector<Json> Kubectl::list(const std::string& kinds, const std::optional<std::string>& namespace_,
                                const std::string& selector) {
  std::vector<std::string> arguments = {"get", kinds, "-o", "json"};
  if (namespace_) {
    arguments.insert(arguments.end(), {"-n", *namespace_});
  } else {
    arguments.emplace_back("-A");
  }
  if (!selector.empty()) arguments.insert(arguments.end(), {"-l", selector});
  const std::string what =
      fmt::format("Listing {} in {}", kinds, namespace_ ? "namespace " + *namespace_ : "all namespaces");
  return items_of(parse_json(what, patient_request(what, arguments)));
}

std::optional<Json> Kubectl::get(const std::string& kind, const std::string& namespace_, const std::string& name) {
  return get_object(kind, namespace_, name, {});
}

std::vector<Json> Kubectl::get_all(const std::string& namespace_, const std::vector<ObjectName>& names) {
  std::vector<std::string> arguments = {"get", "-n", namespace_, "-o", "json", "--ignore-not-found"};
  std::string what = fmt::format("Reading in namespace {}", namespace_);
  for (const auto& [kind, name] : names) {
    arguments.push_back(kind + "/" + name);
    what += (arguments.size() == 7 ? " " : ", ") + arguments.back();
  }
  const std::string text = patient_request(what, arguments);
  if (trimmed(text).empty()) return {};
  return items_of(parse_json(what, text));
}

std::optional<Json> Kubectl::get_with_managers(const std::string& kind, const std::string& namespace_,
                                               const std::string& name) {
  return get_object(kind, namespace_, name, {"--show-managed-fields"});
}

std::optional<Json> Kubectl::get_object(const std::string& kind, const std::string& namespace_, const std::string& name,
                                        const std::vector<std::string>& also) {
  const std::string what = fmt::format("Reading {} {} in namespace {}", kind, name, namespace_);
  std::vector<std::string> arguments = {"get", kind, name, "-n", namespace_, "-o", "json", "--ignore-not-found"};
  arguments.insert(arguments.end(), also.begin(), also.end());
  const std::string text = patient_request(what, arguments);
  if (trimmed(text).empty()) return std::nullopt;
  return parse_json(what, text);
}

std::vector<HelmRecord> Kubectl::helm_records(const std::optional<std::string>& namespace_) {
  // The printed table comes from the server without the objects' bodies, which are large; -L adds the labels.
  std::vector<std::string> arguments = {"get",         "secrets", "-l", "owner=helm", "-L", "name,version,status",
                                        "--no-headers"};
  if (namespace_) {
    arguments.insert(arguments.end(), {"-n", *namespace_});
  } else {
    arguments.emplace_back("-A");
  }
  std::istringstream table(patient_request("Listing Helm's releases", arguments));
  std::vector<HelmRecord> records;
  for (std::string line; std::getline(table, line);) {
    std::istringstream cells(line);
    std::vector<std::string> words;
    if (namespace_) words.push_back(*namespace_);
    for (std::string word; cells >> word;) words.push_back(word);
    // NAMESPACE NAME TYPE DATA AGE name version status
    if (words.size() != 8 || words[2] != "helm.sh/release.v1") continue;
    HelmRecord record{words[0], words[1], words[5], 0, words[7]};
    std::from_chars(words[6].data(), words[6].data() + words[6].size(), record.revision);
    records.push_back(std::move(record));
  }
  return records;
}

Json Kubectl::create(const Json& object) {
  const std::string what =
      fmt::format("Creating {} {}", object.value("kind", ""), object["metadata"].value("name", ""));
  return parse_json(what, request(what, {"create", "-f", "-", kAsItIs, "-o", "json"}, object.dump()));
}

Json Kubectl::replace(const Json& object) {
  const std::string what =
      fmt::format("Replacing {} {}", object.value("kind", ""), object["metadata"].value("name", ""));
  return parse_json(what, request(what, {"replace", "-f", "-", kAsItIs, "-o", "json"}, object.dump()));
}

void Kubectl::remove_if_unchanged(const Json& lease) {
  // `kubectl delete` itself knows no precondition; with --raw, what it reads becomes the DeleteOptions.
  const Json& metadata = lease.at("metadata");
  const std::string name = metadata.at("name");
  const std::string url = fmt::format("/apis/coordination.k8s.io/v1/namespaces/{}/leases/{}",
                                      metadata.at("namespace").get<std::string>(), name);
  const Json options = {{"apiVersion", "v1"},
                        {"kind", "DeleteOptions"},
                        {"preconditions", {{"resourceVersion", metadata.at("resourceVersion")}}}};
  request("Deleting Lease " + name, {"delete", "--raw", url, "-f", "-"}, options.dump());
}

void Kubectl::remove(const std::string& kind, const std::string& namespace_, const std::string& name) {
  patient_request(fmt::format("Deleting {} {}", kind, name),
                  {"delete", kind, name, "-n", namespace_, "--ignore-not-found", "--wait=false", "-o", "name"});
}

void Kubectl::await(const std::string& namespace_, const std::string& condition,
                    const std::vector<std::string>& references, std::chrono::seconds longest) {
  const auto begin = std::chrono::steady_clock::now();
  // One kubectl that watches takes a fraction of what one takes that looks twice a second.
  std::vector<std::string> arguments = {"wait", "--for=" + condition, "-n", namespace_,
                                        fmt::format("--timeout={}s", longest.count())};
  arguments.insert(arguments.end(), references.begin(), references.end());
  // kubectl may give each of them so long.
  process::run(command(std::move(arguments)), {}, {}, longest + kGraceOfAWait);
  // It may not be permitted to watch, or know no better.
  const auto taken = std::chrono::steady_clock::now() - begin;
  if (taken < kBetweenLooks) std::this_thread::sleep_for(kBetweenLooks - taken);
}

void Kubectl::remove_all(const std::string& namespace_, const std::vector<std::string>& references) {
  if (references.empty()) return;
  std::vector<std::string> arguments = {"delete", "-n", namespace_, "--ignore-not-found", "--wait=false", "-o", "name"};
  arguments.insert(arguments.end(), references.begin(), references.end());
  patient_request(fmt::format("Deleting {} objects in namespace {}", references.size(), namespace_), arguments);
}

void Kubectl::scale(const std::string& namespace_, const std::vector<std::string>& workloads, int replicas) {
  if (workloads.empty()) return;
  std::vector<std::string> arguments = {"scale", "-n",  namespace_, fmt::format("--replicas={}", replicas),
                                        "-o",    "name"};
  arguments.insert(arguments.end(), workloads.begin(), workloads.end());
  patient_request(fmt::format("Scaling {} workloads to {}", workloads.size(), replicas), arguments);
}

void Kubectl::patch(const std::string& kind, const std::string& namespace_, const std::string& name,
                    const Json& merge_patch) {
  patient_request(fmt::format("Changing {} {}", kind, name),
                  {"patch", kind, name, "-n", namespace_, "--type=merge", "-p", merge_patch.dump(), "-o", "name"});
}

std::vector<bool> Kubectl::allowed(const std::vector<Access>& accesses) {
  // One request for all: a List of reviews, each answered in place.
  Json items = Json::array();
  for (const auto& access : accesses) {
    Json attributes = {{"namespace", access.namespace_}, {"verb", access.verb}, {"resource", access.resource}};
    if (!access.group.empty()) attributes["group"] = access.group;
    if (!access.subresource.empty()) attributes["subresource"] = access.subresource;
    items.push_back({{"apiVersion", "authorization.k8s.io/v1"},
                     {"kind", "SelfSubjectAccessReview"},
                     {"metadata", Json::object()},
                     {"spec", {{"resourceAttributes", std::move(attributes)}}}});
  }
  const Json list = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items)}};
  const std::string what = "Asking for permissions";
  // kubectl prints the reviews one after the other, or as a List, by its version.
  std::istringstream answers(request(what, {"create", "-f", "-", kAsItIs, "-o", "json"}, list.dump()));
  std::vector<bool> result;
  while (answers >> std::ws && !answers.eof()) {
    Json answer;
    try {
      answers >> answer;
    } catch (const Json::exception&) {
      throw Error(fmt::format("{}: kubectl gave something that is not JSON", what));
    }
    for (const auto& review : answer.contains("items") ? answer["items"] : Json::array({answer})) {
      result.push_back(review.value("/status/allowed"_json_pointer, false));
    }
  }
  if (result.size() != accesses.size()) throw Error("The API server answered fewer access reviews than were asked.");
  return result;
}

HttpAnswer Kubectl::ask_service(const std::string& namespace_, const std::string& service, const std::string& port,
                                const std::string& path) {
  const std::string url = fmt::format("/api/v1/namespaces/{}/services/{}:{}/proxy{}", namespace_, service, port, path);
  try {
    request("Asking service " + service, {"get", "--raw", url});
    return {HttpAnswer::Kind::kAnswers, ""};
  } catch (const KubeError& error) {
    const std::string message = error.what();
    if (contains(message, "services/proxy")) return {HttpAnswer::Kind::kNotAllowed, message};
    for (const char* failure : {"(InternalError)", "(ServiceUnavailable)", "(BadGateway)", "(GatewayTimeout)",
                                "(Timeout)", "error trying to reach"}) {
      if (contains(message, failure)) return {HttpAnswer::Kind::kFails, message};
    }
    if (error.reason() == Reason::kUnreachable) return {HttpAnswer::Kind::kFails, message};
    return {HttpAnswer::Kind::kAnswers, ""};  // 401, 404 and the like come from the service
  }
}

void Kubectl::end_when_silent(Handlers& handlers, bool& stalled) const {
  handlers.idle_after = options_.stall_timeout;
  handlers.on_idle = [&stalled](Session& session) {
    stalled = true;
    session.terminate();
  };
}

Error Kubectl::stream_error(const Pod& pod, const std::string& what, const std::string& messages) const {
  std::string text = fmt::format("{} (pod {} in namespace {})", what, pod.name, pod.namespace_);
  if (const std::string said = trimmed(messages); !said.empty()) text += ": " + said;
  return Error(text);
}

std::string Kubectl::finish_plain(const Pod& pod, const Script& script, Input input, Handlers handlers) {
  std::string messages;
  bool stalled = false;
  handlers.on_err_line = [&](Session&, std::string_view line) {
    if (!is_heartbeat(line) && !is_exit_code_line(line)) append_line(messages, line);
  };
  end_when_silent(handlers, stalled);
  std::string output;
  const auto first = std::move(handlers.on_out);
  handlers.on_out = [&](Session& session, std::span<const std::byte> bytes) {
    output.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (first) first(session, bytes);
  };
  const Outcome outcome = process::run(exec(pod, plain_script(script), script.arguments), input, handlers);
  if (stalled) throw StreamCut(stream_error(pod, "A command in the pod gave no sign of life", messages));
  auto plain = parse_plain(std::move(output));
  if (!plain) {
    throw StreamCut(stream_error(
        pod, fmt::format("A command in the pod was cut off (kubectl ended with status {})", outcome.exit_status),
        messages));
  }
  if (plain->status != 0)
    throw stream_error(pod, fmt::format("A command in the pod ended with status {}", plain->status), messages);
  return std::move(plain->text);
}

std::string Kubectl::run(const Pod& pod, const Script& script, const std::string& input) {
  return finish_plain(pod, script, Input{confidential_input(script) + input}, {});
}

void Kubectl::converse(const Pod& pod, const Script& script, const std::string& end, const Next& next) {
  std::string answer;
  bool over = false;
  const auto go_on = [&](Session& session) {
    const auto input = next(std::exchange(answer, {}));
    over = !input;
    if (input) {
      session.write(*input);
    } else {
      session.close_input();
    }
  };
  Handlers handlers;
  handlers.on_start = [&](Session& session) {
    session.write(confidential_input(script));
    go_on(session);
  };
  handlers.on_out = [&](Session& session, std::span<const std::byte> bytes) {
    if (over) return;
    answer.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (answer.ends_with("\n" + end + "\n") || answer == end + "\n") {
      go_on(session);
    } else if (ends_plain(answer)) {
      session.close_input();  // the script waits for nothing any more, and kubectl might
    }
  };
  finish_plain(pod, script, Input::open(), std::move(handlers));
  if (!over) throw stream_error(pod, "A command in the pod ended before it had answered", "");
}

StreamReport Kubectl::download(const Pod& pod, const Script& script, const ByteHandler& sink, const DigestOf& digest) {
  std::uint64_t received = 0;
  std::optional<StreamReport> report;
  std::string messages;
  bool stalled = false;
  auto last_data = std::chrono::steady_clock::now();
  const auto acknowledge_if_whole = [&](Session& session) {
    if (report && received == report->bytes) {
      session.write(std::string(kAcknowledgement));
      session.close_input();
    }
  };
  Handlers handlers;
  handlers.on_start = [&](Session& session) { session.write(confidential_input(script)); };
  handlers.on_out = [&](Session& session, std::span<const std::byte> bytes) {
    received += bytes.size();
    last_data = std::chrono::steady_clock::now();
    sink(bytes);
    acknowledge_if_whole(session);
  };
  handlers.on_err_line = [&](Session& session, std::string_view line) {
    if (is_heartbeat(line)) {
      // The pod lives, but its program may wait for a lock or a file system for ever.
      if (std::chrono::steady_clock::now() - last_data < options_.data_timeout) return;
      stalled = true;
      session.terminate();
      return;
    }
    if (auto parsed = parse_report(line)) {
      report = std::move(parsed);
      acknowledge_if_whole(session);
    } else if (!is_exit_code_line(line)) {
      append_line(messages, line);
    }
  };
  end_when_silent(handlers, stalled);
  const Outcome outcome = process::run(exec(pod, download_script(script), script.arguments), Input::open(), handlers);
  if (stalled) {
    throw StreamCut(
        stream_error(pod, fmt::format("The stream from the pod stalled after {} bytes", received), messages));
  }
  if (!report) {
    throw StreamCut(
        stream_error(pod,
                     fmt::format("The stream from the pod was cut after {} bytes (kubectl ended with status {})",
                                 received, outcome.exit_status),
                     messages));
  }
  if (received != report->bytes) {
    throw StreamCut(
        stream_error(pod, fmt::format("The pod sent {} bytes and {} arrived", report->bytes, received), messages));
  }
  if (!report->sha256.empty() && report->sha256 != digest()) {
    throw stream_error(pod, "The bytes that arrived are not the ones that the pod sent: their digests differ",
                       messages);
  }
  report->messages = trimmed(std::move(messages));
  return *report;
}

StreamReport Kubectl::upload(const Pod& pod, const Script& script, std::uint64_t size, const ByteSource& source,
                             const DigestOf& digest) {
  std::optional<StreamReport> report;
  std::string messages;
  std::uint64_t sent = 0;
  bool stalled = false;
  Handlers handlers;
  handlers.on_start = [&](Session& session) {
    session.write(confidential_input(script));
    session.start_input([&](std::span<std::byte> room) -> std::size_t {
      if (report) return 0;  // the far side has ended; what is left has no reader
      const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), size - sent));
      const std::size_t count = most == 0 ? 0 : source(room.first(most));
      sent += count;
      return count;
    });
  };
  handlers.on_err_line = [&](Session& session, std::string_view line) {
    if (is_heartbeat(line)) return;
    if (auto parsed = parse_report(line)) {
      report = std::move(parsed);
      if (sent == size && report->bytes == size) {
        session.write(std::string(kAcknowledgement));
        session.close_input();
      } else {
        session.terminate();  // kubectl would wait for its input for ever
      }
    } else if (!is_exit_code_line(line)) {
      append_line(messages, line);
    }
  };
  end_when_silent(handlers, stalled);
  std::vector<std::string> arguments = {std::to_string(size)};
  arguments.insert(arguments.end(), script.arguments.begin(), script.arguments.end());
  const Outcome outcome = process::run(exec(pod, upload_script(script), arguments), Input::open(), handlers);
  if (stalled) throw stream_error(pod, fmt::format("The stream to the pod stalled after {} bytes", sent), messages);
  if (!report) {
    throw stream_error(pod,
                       fmt::format("The stream to the pod was cut after {} of {} bytes (kubectl ended with status {})",
                                   sent, size, outcome.exit_status),
                       messages);
  }
  report->messages = trimmed(std::move(messages));
  const bool consumer_failed = !report->all_zero();
  if (consumer_failed) return *report;  // the programs' own words say more than the missing bytes
  if (report->bytes != size || sent != size) {
    throw stream_error(pod, fmt::format("{} bytes were sent and {} arrived in the pod", sent, report->bytes), messages);
  }
  if (!report->sha256.empty() && report->sha256 != digest()) {
    throw stream_error(pod, "The bytes that arrived in the pod are not the ones that were sent", messages);
  }
  return *report;
}

}  // namespace exastro::kube
