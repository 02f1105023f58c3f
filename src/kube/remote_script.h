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

// A whole script, for a PodShell. Its standard input begins with the confidential lines and an empty line.
// `input_size` bytes follow them, which are the script's whole input.
std::string plain_script(const Script& script, std::uint64_t input_size);
// Its input ends with `last_line`; it says kOver and that line on standard error when it ends before.
std::string conversation_script(const Script& script, std::string_view last_line);
inline constexpr std::string_view kOver = "exastro-over ";
std::string download_script(const Script& script);
std::string upload_script(const Script& script);  // takes the number of bytes as its first parameter

// The beginning of a script's standard input.
std::string confidential_input(const Script& script);

// The report that ends a stream, from a line of standard error; absent if the line is not one, or is one that lacks
// what the pod could not keep, on a full disk say.
std::optional<StreamReport> parse_report(std::string_view line);
// Whether the line is one, with all that it should tell or without.
bool is_report(std::string_view line);

// What the client answers when it has the whole stream.
inline constexpr std::string_view kAcknowledgement = "ack\n";

}  // namespace exastro::kube
