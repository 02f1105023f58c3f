#include "kube/kubectl.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <map>
#include <regex>
#include <sstream>
#include <thread>
#include <utility>

#include "kube/text.h"
#include "process/interrupt.h"

namespace exastro::kube {
namespace {

using process::Outcome;

constexpr std::chrono::seconds kBetweenTries{1};
constexpr std::chrono::milliseconds kBetweenLooks{500};
constexpr int kNotFoundStatus = 404;
constexpr int kFirstServerError = 500;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

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

// Whether an API server says that it has no such resource at all, and not that there is no such object.
bool knows_no_resource(const HttpResponse& answer) {
  if (answer.status != kNotFoundStatus) return false;
  const Json status = Json::parse(answer.body, nullptr, false);
  return !status.is_object() || contains(status.value("message", ""), "could not find the requested resource");
}

// As `kubectl get` gives an object. Who set what is long, and asked for apart.
Json without_managers(Json object) {
  if (object.contains("metadata")) object["metadata"].erase("managedFields");
  return object;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

const ApiResource& resource_named(const std::string& word) {
  const ApiResource* resource = resource_of(word);
  if (resource == nullptr) throw Error(fmt::format("This program does not know objects of kind {}.", word));
  return *resource;
}

// What a person can do about what kubectl itself complains of, by its words; nothing for what it has none for.
std::string next_after(std::string_view messages) {
  struct Advice {
    std::string_view sign;
    const char* next;
  };
  constexpr const char* kLogIn = "Log in to the cluster again; this tells whether it worked: kubectl cluster-info";
  constexpr const char* kContexts = "See which contexts there are: kubectl config get-contexts";
  constexpr const char* kFile = "Check --kubeconfig and KUBECONFIG: they name the file that kubectl reads.";
  constexpr std::array<Advice, 8> kAdvice{{{"Unauthorized", kLogIn},
                                           {"must be logged in", kLogIn},
                                           {"getting credentials", kLogIn},
                                           {"error: context ", kContexts},
                                           {"cannot locate context", kContexts},
                                           {"context was not found", kContexts},
                                           {"error: stat ", kFile},
                                           {"error loading config file", kFile}}};
  for (const auto& [sign, next] : kAdvice) {
    if (contains(messages, sign)) return next;
  }
  return "";
}

KubeError error_for(Reason reason, const std::string& text) {
  switch (reason) {
    case Reason::kNotFound:
      return {reason, text, "", ExitStatus::kNotFound};
    case Reason::kForbidden:
      return {reason, text, "Ask the cluster's administrator for this permission.", ExitStatus::kForbidden};
    case Reason::kAlreadyExists:
      return {reason, text, "", ExitStatus::kBusy};
    case Reason::kConflict:
      return {reason, text, "Run the command again.", ExitStatus::kFailed};
    case Reason::kUnreachable:
      return {reason, text, "Check the kube context with: kubectl cluster-info", ExitStatus::kFailed};
    case Reason::kOther:
      break;
  }
  return {Reason::kOther, text, next_after(text), ExitStatus::kFailed};
}

// Calls it again while the API server is out of reach and patience lasts.
template <typename Function>
auto patiently(std::chrono::seconds patience, const Function& function) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    try {
      return function();
    } catch (const KubeError& error) {
      if (error.reason() != Reason::kUnreachable || std::chrono::steady_clock::now() >= deadline) throw;
    }
    process::Interrupt::throw_if_requested();
    std::this_thread::sleep_for(kBetweenTries);
  }
}

// Of the collection that the object is in, or will be.
std::string collection_of(const Json& object) {
  return resource_named(object.at("kind"))
      .path(object.at("apiVersion").get<std::string>(), object.at("metadata").at("namespace").get<std::string>());
}

std::string path_of(const Json& object) {
  return collection_of(object) + "/" + percent_encoded(object.at("metadata").at("name").get<std::string>());
}

constexpr const char* kJson = "application/json";
constexpr const char* kMergePatch = "application/merge-patch+json";
// Dependents go too, after it, as with `kubectl delete`.
const std::string& delete_options() {
  static const std::string kOptions =
      Json{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", "Background"}}.dump();
  return kOptions;
}

}  // namespace

KubeError classify(const std::string& what, const std::string& all_messages) {
  const std::string messages = without_log_lines(all_messages);
  const std::string text =
      fmt::format("{}: {}", what, trimmed(messages).empty() ? "kubectl failed" : trimmed(messages));
  // The way to the API server, which may well work when it is tried again.
  constexpr std::array<std::string_view, 8> kPassing{
      "Unable to connect", "connection refused", "i/o timeout",     "was refused - did you specify",
      "connection reset",  "unexpected EOF",     "connection lost", "deadline exceeded"};
  const bool passes =
      std::any_of(kPassing.begin(), kPassing.end(), [&](std::string_view sign) { return contains(messages, sign); });
  return error_for(passes ? Reason::kUnreachable : Reason::kOther, text);
}

KubeError classify(const std::string& what, const HttpResponse& answer) {
  const Json status = Json::parse(answer.body, nullptr, false);
  const bool says_why = status.is_object() && status.value("kind", "") == "Status";
  const std::string reason = says_why ? status.value("reason", "") : "";
  std::string text;
  if (!says_why) {
    // kubectl itself, of a server that it did not reach.
    text = answer.status >= kFirstServerError ? "Unable to connect to the server: " + trimmed(answer.body)
                                              : fmt::format("HTTP status {}: {}", answer.status, trimmed(answer.body));
  } else if (reason == "Unauthorized") {
    text = "You must be logged in to the server (Unauthorized)";
  } else {
    text =
        fmt::format("Error from server{}: {}", reason.empty() ? "" : " (" + reason + ")", status.value("message", ""));
  }
  text = what + ": " + text;
  constexpr int kForbiddenStatus = 403;
  constexpr int kConflictStatus = 409;
  constexpr int kTooManyRequests = 429;
  switch (answer.status) {
    case kNotFoundStatus:
      return error_for(Reason::kNotFound, text);
    case kForbiddenStatus:
      return error_for(Reason::kForbidden, text);
    case kConflictStatus:
      return error_for(reason == "AlreadyExists" ? Reason::kAlreadyExists : Reason::kConflict, text);
    default:
      // The server for a moment, or the way to it.
      return error_for(answer.status >= kFirstServerError || answer.status == kTooManyRequests ? Reason::kUnreachable
                                                                                               : Reason::kOther,
                       text);
  }
}

Kubectl::Kubectl(KubectlOptions options)
    : options_(std::move(options)),
      api_([this](std::vector<std::string> arguments) { return command(std::move(arguments)); }) {
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

HttpResponse Kubectl::answer_to(const std::string& what, const HttpRequest& request) {
  if (options_.log) {
    // What a person can type, where there is such a thing.
    options_.log(request.method == "GET" ? "kubectl get --raw '" + request.target + "'"
                                         : fmt::format("kubectl proxy: {} {}", request.method, request.target));
  }
  try {
    return api_.ask(request, options_.request_timeout);
  } catch (const NoResponse& error) {
    if (!error.sent()) {
      throw error_for(error.what() == std::string(ApiProxy::kEnded) ? Reason::kUnreachable : Reason::kOther,
                      fmt::format("{}: {}", what, error.what()));
    }
    const std::string why = error.timed_out() ? fmt::format("no answer within {} s", options_.request_timeout.count())
                                              : fmt::format("the connection was lost ({})", error.what());
    throw error_for(Reason::kUnreachable, what + ": " + why);
  }
}

HttpResponse Kubectl::ask(const std::string& what, const HttpRequest& request) {
  HttpResponse answer = answer_to(what, request);
  if (!answer.good()) throw classify(what, answer);
  return answer;
}

HttpResponse Kubectl::ask_of(const std::string& what, const ApiResource& resource,
                             const std::optional<std::string>& namespace_, const std::string& below,
                             HttpRequest request) {
  const auto& versions = resource.api_versions;
  for (std::size_t i = versions.size() > 1 && has_only_old_versions_ ? 1 : 0;; ++i) {
    request.target = resource.path(versions.at(i), namespace_) + below;
    HttpResponse answer = answer_to(what, request);
    if (answer.good()) return answer;
    if (i + 1 == versions.size() || !knows_no_resource(answer)) throw classify(what, answer);
    has_only_old_versions_ = true;
  }
}

std::string Kubectl::run_kubectl(const std::string& what, std::vector<std::string> arguments) {
  arguments.push_back(fmt::format("--request-timeout={}s", options_.request_timeout.count()));
  const Outcome outcome =
      process::run(command(std::move(arguments)), {}, {}, options_.request_timeout + options_.request_grace);
  if (outcome.timed_out) {
    throw error_for(Reason::kUnreachable,
                    fmt::format("{}: no answer within {} s", what, options_.request_timeout.count()));
  }
  if (outcome.exit_status != 0) throw classify(what, outcome.err);
  return outcome.out;
}

std::optional<std::string> Kubectl::chosen_namespace() const {
  if (options_.namespace_.empty()) return std::nullopt;
  return options_.namespace_;
}

std::string Kubectl::context_namespace() {
  api_.start();  // both take kubectl a while
  std::string name;
  try {
    name = trimmed(
        run_kubectl("Reading the kube context", {"config", "view", "--minify", "-o", "jsonpath={..namespace}"}));
  } catch (const KubeError& error) {
    // There may be none: the API server's address and a token are enough, and so is a pod's service account.
    if (!contains(error.what(), "current-context must exist")) throw;
  }
  return name.empty() ? "default" : name;
}

std::vector<std::string> Kubectl::contexts() {
  std::istringstream lines(run_kubectl("Listing the kube contexts", {"config", "get-contexts", "-o", "name"}));
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  return names;
}

std::vector<Json> Kubectl::list_of(const ApiResource& resource, const std::optional<std::string>& namespace_,
                                   const std::string& selector) {
  const std::string what =
      fmt::format("Listing {} in {}", resource.plural, namespace_ ? "namespace " + *namespace_ : "all namespaces");
  const std::string query = selector.empty() ? "" : "?labelSelector=" + percent_encoded(selector);
  Json list = patiently(patience_, [&] {
    return parse_json(what, ask_of(what, resource, namespace_, query, {"GET", "", "", "", kJson}).body);
  });
  std::vector<Json> items;
  for (auto& item : list.at("items")) {
    // The list alone says it.
    item["kind"] = resource.kind;
    item["apiVersion"] = list.at("apiVersion");
    items.push_back(without_managers(std::move(item)));
  }
  return items;
}

std::vector<Json> Kubectl::list(const std::string& kinds, const std::optional<std::string>& namespace_,
                                const std::string& selector) {
  std::vector<Json> objects;
  for (const auto& word : split(kinds, ',')) {
    auto items = list_of(resource_named(word), namespace_, selector);
    std::move(items.begin(), items.end(), std::back_inserter(objects));
  }
  return objects;
}

std::optional<Json> Kubectl::get_with_managers(const std::string& kind, const std::string& namespace_,
                                               const std::string& name) {
  const std::string what = fmt::format("Reading {} {} in namespace {}", kind, name, namespace_);
  try {
    return patiently(patience_, [&] {
      return parse_json(
          what,
          ask_of(what, resource_named(kind), namespace_, "/" + percent_encoded(name), {"GET", "", "", "", kJson}).body);
    });
  } catch (const KubeError& error) {
    if (error.reason() == Reason::kNotFound) return std::nullopt;
    throw;
  }
}

std::optional<Json> Kubectl::get(const std::string& kind, const std::string& namespace_, const std::string& name) {
  auto object = get_with_managers(kind, namespace_, name);
  if (object) object = without_managers(*std::move(object));
  return object;
}

std::vector<Json> Kubectl::get_all(const std::string& namespace_, const std::vector<ObjectName>& names) {
  std::vector<Json> objects;
  for (const auto& [kind, name] : names) {
    if (auto object = get(kind, namespace_, name)) objects.push_back(*std::move(object));
  }
  return objects;
}

std::vector<HelmRecord> Kubectl::helm_records(const std::optional<std::string>& namespace_) {
  // The bodies, which are large, stay where they are.
  const HttpRequest request{"GET", "", "", "",
                            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"};
  const std::string what = "Listing Helm's releases";
  const Json list = patiently(patience_, [&] {
    return parse_json(what, ask_of(what, resource_named("secrets"), namespace_,
                                   "?labelSelector=" + percent_encoded("owner=helm"), request)
                                .body);
  });
  std::vector<HelmRecord> records;
  for (const auto& item : list.at("items")) {
    const auto text = [&](const char* pointer) { return item.value(Json::json_pointer(pointer), std::string()); };
    HelmRecord record{text("/metadata/namespace"), text("/metadata/name"), text("/metadata/labels/name"), 0,
                      text("/metadata/labels/status")};
    const std::string revision = text("/metadata/labels/version");
    if (!record.secret.starts_with("sh.helm.release.v1.") || record.release.empty() || record.status.empty()) continue;
    std::from_chars(revision.data(), revision.data() + revision.size(), record.revision);
    records.push_back(std::move(record));
  }
  return records;
}

Json Kubectl::create(const Json& object) {
  const std::string name = object.at("metadata").value("name", "");
  const std::string what = fmt::format("Creating {} {}", object.value("kind", ""), name);
  return without_managers(parse_json(what, ask(what, {"POST", collection_of(object), object.dump()}).body));
}

Json Kubectl::replace(const Json& object) {
  const std::string name = object.at("metadata").value("name", "");
  const std::string what = fmt::format("Replacing {} {}", object.value("kind", ""), name);
  return without_managers(parse_json(what, ask(what, {"PUT", path_of(object), object.dump()}).body));
}

void Kubectl::remove_if_unchanged(const Json& lease) {
  const Json& metadata = lease.at("metadata");
  const std::string name = metadata.at("name");
  const Json options = {{"apiVersion", "v1"},
                        {"kind", "DeleteOptions"},
                        {"preconditions", {{"resourceVersion", metadata.at("resourceVersion")}}}};
  ask("Deleting Lease " + name, {"DELETE", path_of(lease), options.dump()});
}

void Kubectl::remove(const std::string& kind, const std::string& namespace_, const std::string& name) {
  const std::string what = fmt::format("Deleting {} {}", kind, name);
  try {
    patiently(patience_, [&] {
      return ask_of(what, resource_named(kind), namespace_, "/" + percent_encoded(name),
                    {"DELETE", "", delete_options()});
    });
  } catch (const KubeError& error) {
    if (error.reason() != Reason::kNotFound) throw;
  }
}

void Kubectl::await(const std::string& namespace_, const std::vector<std::string>& references, const Met& met,
                    std::chrono::seconds longest) {
  const auto begin = std::chrono::steady_clock::now();
  std::map<const ApiResource*, std::set<std::string>> by_resource;
  for (const auto& reference : references) {
    by_resource[&resource_named(reference.substr(0, reference.find('/')))].insert(reference);
  }
  try {
    const bool all = std::all_of(by_resource.begin(), by_resource.end(), [&](const auto& entry) {
      return await_all(*entry.first, namespace_, entry.second, met, begin + longest);
    });
    if (all) return;
  } catch (const KubeError&) {
  } catch (const NoResponse&) {
  }
  // It may not be permitted to watch, or the connection was lost: not without a pause.
  const auto taken = std::chrono::steady_clock::now() - begin;
  if (taken < kBetweenLooks) std::this_thread::sleep_for(kBetweenLooks - taken);
}

bool Kubectl::await_all(const ApiResource& resource, const std::string& namespace_, std::set<std::string> references,
                        const Met& met, std::chrono::steady_clock::time_point until) {
  const std::string what = fmt::format("Watching {} in namespace {}", resource.plural, namespace_);
  const auto name_of = [](const std::string& reference) { return reference.substr(reference.find('/') + 1); };
  // All at once, and from then on what changes.
  const Json list = parse_json(what, ask_of(what, resource, namespace_, "", {"GET", "", "", "", kJson}).body);
  std::map<std::string, const Json*> present;
  for (const auto& item : list.at("items")) present[item.at("metadata").at("name")] = &item;
  std::erase_if(references, [&](const std::string& reference) {
    const auto found = present.find(name_of(reference));
    return met(reference, found == present.end() ? nullptr : found->second);
  });
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  if (references.empty() || left.count() <= 0) return references.empty();

  const std::string below = fmt::format("?watch=1&timeoutSeconds={}&resourceVersion={}", left.count() / 1000 + 1,
                                        list.at("metadata").at("resourceVersion").get<std::string>());
  const auto take = [&](const Json& event) {
    const Json& object = event.at("object");
    const std::string type = event.at("type");
    if (type == "ERROR") return false;
    const std::string name = object.at("metadata").at("name");
    std::erase_if(references, [&](const std::string& reference) {
      return name_of(reference) == name && met(reference, type == "DELETED" ? nullptr : &object);
    });
    return !references.empty();
  };
  HttpRequest request{"GET", "", "", "", kJson};
  request.target = resource.path(list.at("apiVersion").get<std::string>(), namespace_) + below;
  try {
    const HttpResponse answer = api_.ask(request, left, [&](std::string& text) {
      for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
        const Json event = parse_json(what, text.substr(0, end));
        text.erase(0, end + 1);
        if (!take(event)) return false;
      }
      return true;
    });
    if (!answer.good()) throw classify(what, answer);
  } catch (const NoResponse& error) {
    if (!error.timed_out()) throw;
  }
  return references.empty();
}

void Kubectl::scale(const std::string& namespace_, const std::vector<std::string>& workloads, int replicas) {
  const std::string body = Json{{"spec", {{"replicas", replicas}}}}.dump();
  std::exception_ptr first;
  for (const auto& workload : workloads) {
    const auto slash = workload.find('/');
    const std::string below = workload.substr(slash) + "/scale";
    const std::string what = fmt::format("Scaling {} to {}", workload, replicas);
    try {
      patiently(patience_, [&] {
        return ask_of(what, resource_named(workload.substr(0, slash)), namespace_, below,
                      {"PATCH", "", body, kMergePatch});
      });
    } catch (const KubeError&) {
      // What can be started is started.
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

void Kubectl::patch(const std::string& kind, const std::string& namespace_, const std::string& name,
                    const Json& merge_patch) {
  patiently(patience_, [&] {
    return ask_of(fmt::format("Changing {} {}", kind, name), resource_named(kind), namespace_,
                  "/" + percent_encoded(name), {"PATCH", "", merge_patch.dump(), kMergePatch});
  });
}

std::vector<bool> Kubectl::allowed(const std::vector<Access>& accesses) {
  const std::string what = "Asking for permissions";
  std::vector<bool> result;
  for (const auto& access : accesses) {
    Json attributes = {{"namespace", access.namespace_}, {"verb", access.verb}, {"resource", access.resource}};
    if (!access.group.empty()) attributes["group"] = access.group;
    if (!access.subresource.empty()) attributes["subresource"] = access.subresource;
    const Json review = {{"apiVersion", "authorization.k8s.io/v1"},
                         {"kind", "SelfSubjectAccessReview"},
                         {"metadata", Json::object()},
                         {"spec", {{"resourceAttributes", std::move(attributes)}}}};
    const HttpRequest request{"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review.dump()};
    const Json answer = parse_json(what, patiently(patience_, [&] { return ask(what, request); }).body);
    result.push_back(answer.value("/status/allowed"_json_pointer, false));
  }
  return result;
}

HttpAnswer Kubectl::ask_service(const std::string& namespace_, const std::string& service, const std::string& port,
                                const std::string& path) {
  const std::string what = "Asking service " + service;
  const HttpRequest request{
      "GET", fmt::format("/api/v1/namespaces/{}/services/{}:{}/proxy{}", namespace_, service, port, path), "", "",
      "*/*"};
  HttpResponse answer;
  try {
    answer = answer_to(what, request);
  } catch (const KubeError& error) {
    return {HttpAnswer::Kind::kFails, error.what()};
  }
  if (answer.status < kFirstServerError) {
    // 401, 404 and the like come from the service, but for one.
    const std::string message = answer.good() ? "" : classify(what, answer).what();
    if (contains(message, "services/proxy")) return {HttpAnswer::Kind::kNotAllowed, message};
    return {HttpAnswer::Kind::kAnswers, ""};
  }
  constexpr std::size_t kMostShown = 500;
  return {HttpAnswer::Kind::kFails,
          fmt::format("{}: HTTP status {}: {}", what, answer.status, trimmed(answer.body.substr(0, kMostShown)))};
}

}  // namespace exastro::kube
