// The sh texts that run in a pod around a stream, and what they report.
//
// The stream through `kubectl exec` is not trusted: it is known to end early with status 0 when its reader is slow
// (kubernetes/kubernetes 73056 and 124571, kubernetes/kubectl 1361), and to hang when the far side ends first. So the
// pod counts and digests, says so on standard error, and keeps the exec open until the client has acknowledged.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kube/cluster.h"

namespace exastro::kube {

// A whole script, for `sh -c`. Its standard input begins with the confidential lines and an empty line.
std::string plain_script(const Script& script);
std::string download_script(const Script& script);
std::string upload_script(const Script& script);  // takes the number of bytes as its first parameter

// The beginning of a script's standard input.
std::string confidential_input(const Script& script);

// What a plain script printed, and its exit status; absent if the mark that ends it did not arrive: an exec that was
// cut looks to kubectl like one that has ended well.
struct PlainOutput {
  std::string text;
  int status = 0;
};
std::optional<PlainOutput> parse_plain(std::string output);
// Whether that mark has arrived.
bool ends_plain(std::string_view output);

// The report that ends a stream, from a line of standard error; absent if the line is not one.
std::optional<StreamReport> parse_report(std::string_view line);

// A sign of life that says nothing else, so that an idle connection is not cut and a stall is noticed.
bool is_heartbeat(std::string_view line);

// What the client answers when it has the whole stream.
inline constexpr std::string_view kAcknowledgement = "ack\n";

}  // namespace exastro::kube
