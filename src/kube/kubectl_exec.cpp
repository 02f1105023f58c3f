#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "kube/kubectl.h"
#include "kube/remote_script.h"
#include "kube/text.h"

namespace exastro::kube {
namespace {

using process::Handlers;
using process::Session;

constexpr std::size_t kMostMessages = 64 * 1024;
constexpr std::size_t kMostOutput = 256 * 1024 * 1024;

// To try again would meet the same.
constexpr const char* kUntold =
    "What in the pod was to tell how the stream ended could not keep it, as on a disk that is full";

// The last `kMostMessages` bytes of what the programs said.
void append_line(std::string& messages, std::string_view line) {
  messages.append(line).push_back('\n');
  if (messages.size() > kMostMessages) messages.erase(0, messages.size() - kMostMessages);
}

// kubectl says this of a script that ended with another status than 0; the report tells it better.
bool is_exit_code_line(std::string_view line) { return line.starts_with("command terminated with exit code"); }

}  // namespace

int Kubectl::in_shell(const Pod& pod, ScriptKind kind, const std::string& mark, const std::string& text,
                      const std::vector<std::string>& arguments, const Handlers& handlers, std::string& messages) {
  const auto key = std::make_tuple(pod.namespace_, pod.name, pod.container);
  std::unique_ptr<PodShell> shell;
  while (!shell) {
    {
      const std::scoped_lock lock(shells_mutex_);
      auto& idle = shells_[key];
      if (idle.empty()) break;
      shell = std::move(idle.back());
      idle.pop_back();
    }
    if (!shell->lives()) shell.reset();
  }
  if (shell) {
    if (options_.log) options_.log(fmt::format("in the shell in {}: sh -c '…' {}", pod.name, joined(arguments)));
  } else {
    shell = std::make_unique<PodShell>(
        command({"exec", "-i", "-n", pod.namespace_, pod.name, "-c", pod.container, "--", "sh", "-c"}));
  }
  const auto end = shell->run(kind, mark, text, arguments, handlers);
  messages.insert(0, end.messages);
  if (end.by_rest) {
    const std::scoped_lock lock(shells_mutex_);
    shells_[key].push_back(std::move(shell));
  }
  return end.exit_status;
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

std::string Kubectl::run(const Pod& pod, const Script& script, const std::string& input) {
  Handlers handlers;
  handlers.on_start = [&](Session& session) { session.write(confidential_input(script) + input); };
  return run_plain(pod, new_mark(), plain_script(script, input.size()), script.arguments, std::move(handlers));
}

std::string Kubectl::run_plain(const Pod& pod, const std::string& mark, const std::string& text,
                               const std::vector<std::string>& arguments, Handlers handlers) {
  std::string messages;
  bool stalled = false;
  handlers.on_err_line = [&, first = std::move(handlers.on_err_line)](Session& session, std::string_view line) {
    if (is_heartbeat(line) || is_exit_code_line(line)) return;
    if (first) first(session, line);
    if (!line.starts_with(kOver)) append_line(messages, line);
  };
  end_when_silent(handlers, stalled);
  std::string output;
  std::optional<PlainOutput> plain;
  handlers.on_out = [&, first = std::move(handlers.on_out)](Session& session, std::span<const std::byte> bytes) {
    if (output.size() + bytes.size() > kMostOutput)
      throw stream_error(pod, "A command in the pod wrote more than was expected", messages);
    output.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (first) first(session, bytes);
    if (!ends_plain(output, mark)) return;
    plain = parse_plain(std::move(output), mark);
    if (plain && plain->status == 0) {
      session.rest();
    } else {
      session.close_input();  // what it has said of its failure may yet be on its way
    }
  };
  const int status = in_shell(pod, ScriptKind::kPlain, mark, text, arguments, handlers, messages);
  if (stalled) throw StreamCut(stream_error(pod, "A command in the pod gave no sign of life", messages));
  if (!plain) {
    throw StreamCut(stream_error(
        pod, fmt::format("A command in the pod was cut off (kubectl ended with status {})", status), messages));
  }
  if (plain->status != 0)
    throw stream_error(pod, fmt::format("A command in the pod ended with status {}", plain->status), messages);
  return std::move(plain->text);
}

void Kubectl::converse(const Pod& pod, const Script& script, const std::string& end, const Next& next) {
  std::string answer;
  const std::string mark = new_mark();
  bool over = false;    // all was asked
  bool closed = false;  // its input has ended
  const auto close = [&](Session& session) {
    if (!std::exchange(closed, true)) session.write(mark + "\n");
  };
  const auto go_on = [&](Session& session) {
    const auto input = next(std::exchange(answer, {}));
    over = !input;
    if (input) {
      session.write(input->ends_with('\n') ? *input : *input + "\n");
    } else {
      close(session);
    }
  };
  Handlers handlers;
  handlers.on_start = [&](Session& session) {
    session.write(confidential_input(script));
    go_on(session);
  };
  handlers.on_err_line = [&](Session& session, std::string_view line) {
    if (line == std::string(kOver) + mark) close(session);
  };
  handlers.on_out = [&](Session& session, std::span<const std::byte> bytes) {
    if (over) return;
    answer.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (answer.ends_with("\n" + end + "\n") || answer == end + "\n") go_on(session);
  };
  run_plain(pod, mark, conversation_script(script, mark), script.arguments, std::move(handlers));
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
      session.rest();
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
      const auto longer = received == 0 ? script.until_first_byte : std::chrono::seconds(0);
      if (std::chrono::steady_clock::now() - last_data < options_.data_timeout + longer) return;
      stalled = true;
      session.terminate();
      return;
    }
    if (auto parsed = parse_report(line)) {
      report = std::move(parsed);
      acknowledge_if_whole(session);
    } else if (is_report(line)) {
      throw stream_error(pod, kUntold, messages);
    } else if (!is_exit_code_line(line)) {
      append_line(messages, line);
    }
  };
  end_when_silent(handlers, stalled);
  const int status =
      in_shell(pod, ScriptKind::kStream, new_mark(), download_script(script), script.arguments, handlers, messages);
  if (stalled) {
    throw StreamCut(
        stream_error(pod, fmt::format("The stream from the pod stalled after {} bytes", received), messages));
  }
  if (!report) {
    throw StreamCut(stream_error(
        pod,
        fmt::format("The stream from the pod was cut after {} bytes (kubectl ended with status {})", received, status),
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
        session.rest();
      } else {
        session.terminate();  // kubectl would wait for its input for ever
      }
    } else if (is_report(line)) {
      throw stream_error(pod, kUntold, messages);
    } else if (!is_exit_code_line(line)) {
      append_line(messages, line);
    }
  };
  end_when_silent(handlers, stalled);
  std::vector<std::string> arguments = {std::to_string(size)};
  arguments.insert(arguments.end(), script.arguments.begin(), script.arguments.end());
  const int status =
      in_shell(pod, ScriptKind::kStream, new_mark(), upload_script(script), arguments, handlers, messages);
  if (stalled)
    throw StreamCut(stream_error(pod, fmt::format("The stream to the pod stalled after {} bytes", sent), messages));
  if (!report) {
    throw StreamCut(
        stream_error(pod,
                     fmt::format("The stream to the pod was cut after {} of {} bytes (kubectl ended with status {})",
                                 sent, size, status),
                     messages));
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
