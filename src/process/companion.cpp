#include "process/companion.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "process/launch.h"
#include "process/temporary_directory.h"

namespace exastro::process {
namespace {

namespace asio = boost::asio;
namespace bp = boost::process::v2;

constexpr const char* kMessages = "messages";

// The shell holds the other end of our pipe, and its end is ours. "kill 0" is the whole process group: no number of a
// process is kept that another may have by then.
constexpr const char* kScript = R"(folder=$1
shift
{ "$@" </dev/null >/dev/null 2>"$folder/messages"; kill 0; } &
read -r _
rm -rf "$folder"
kill 0)";

std::filesystem::path make_folder() {
  // A socket's path has some hundred bytes on every system, and TMPDIR may be long.
  constexpr std::size_t kLongest = 70;
  std::string directory = temporary_directory().string();
  if (directory.size() > kLongest) directory = "/tmp";
  std::string pattern = (std::filesystem::path(directory) / "kubectl-exastro-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw Error(fmt::format("No folder could be made in {}: {}", directory, std::strerror(errno)),
                "Make room there, or set TMPDIR to another directory.");
  }
  return pattern;
}

}  // namespace

struct Companion::Child {
  asio::io_context context;
  asio::writable_pipe life{context};
  std::optional<bp::process> process;
};

Companion::Companion(const std::function<Command(const std::filesystem::path& folder)>& command_in)
    : folder_(make_folder()), child_(std::make_unique<Child>()) {
  require_pidfd();
  const Command command = command_in(folder_);
  std::vector<std::string> arguments = {"-c", kScript, "exastro", folder_.string(), command.program.string()};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  boost::system::error_code error;
  const std::optional<Terminal> no_terminal;
  child_->process.emplace(bp::default_process_launcher()(child_->context.get_executor(), error, "/bin/sh", arguments,
                                                         bp::process_stdio{child_->life, nullptr, nullptr},
                                                         OwnGroup{no_terminal}));
  if (error) {
    std::filesystem::remove_all(folder_);
    throw Error(fmt::format("{} could not be started: {}", command.program.string(), error.message()));
  }
}

Companion::~Companion() {
  // It has nothing to lose, and this program shall not wait.
  ::kill(-child_->process->id(), SIGKILL);
  boost::system::error_code ignored;
  child_->process->wait(ignored);
  std::error_code also_ignored;
  std::filesystem::remove_all(folder_, also_ignored);
}

bool Companion::running() {
  // Not collected before the end of this object: its number must stay that of its group until that was ended.
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(child_->process->id()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

std::string Companion::messages() const {
  std::ifstream file(folder_ / kMessages);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace exastro::process
