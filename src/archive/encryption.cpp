#include "archive/encryption.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "archive/damaged.h"
#include "archive/spool.h"
#include "process/child.h"
#include "process/interrupt.h"
#include "process/terminal.h"
#include "stream/sink.h"

namespace exastro::archive {
namespace {

using Bytes = std::span<const std::byte>;
using process::Session;

constexpr std::string_view kMagic = "age-encryption.org/v1\n";
constexpr std::string_view kArmor = "-----BEGIN AGE ENCRYPTED FILE-----";
constexpr std::size_t kHeadBytes = std::size_t{64} << 10;  // some hundred recipients
// The format: behind the header a nonce, then chunks of the plain stream, each with a tag; an empty stream has one.
constexpr std::uint64_t kNonceBytes = 16;
constexpr std::uint64_t kChunkBytes = std::uint64_t{64} << 10;
constexpr std::uint64_t kTagBytes = 16;
constexpr int kInterruptStatus = 130;

std::uint64_t payload_bytes(std::uint64_t plain) {
  const std::uint64_t chunks = std::max<std::uint64_t>(1, (plain + kChunkBytes - 1) / kChunkBytes);
  return kNonceBytes + plain + chunks * kTagBytes;
}

// Of the header, which ends with the line `--- MAC`; 0 if it is none.
std::size_t header_bytes(std::string_view head) {
  if (!head.starts_with(kMagic)) return 0;
  const std::size_t mac = head.find("\n--- ");
  if (mac == std::string_view::npos) return 0;
  const std::size_t end = head.find('\n', mac + 1);
  return end == std::string_view::npos ? 0 : end + 1;
}

std::filesystem::path find_age() {
  const auto program = process::find_program("age");
  if (program) return *program;
  throw Error("age was not found on PATH; it encrypts and decrypts backups.",
              "Install it: apt-get install age (https://age-encryption.org for other systems).");
}

// What age said went wrong, in its own words without its name.
std::string reason_of(const process::Outcome& outcome) {
  constexpr std::string_view kPrefix = "age: error: ";
  const std::size_t at = outcome.err.find(kPrefix);
  if (at == std::string::npos) return fmt::format("it ended with status {}", outcome.exit_status);
  const std::size_t from = at + kPrefix.size();
  return outcome.err.substr(from, outcome.err.find('\n', from) - from);
}

// The name of a file for age, which takes `-` for standard input and what begins with `-` for an option.
std::string file_argument(const std::string& name, std::string_view what) {
  if (name == "-")
    throw Error(fmt::format("{} must be in a file.", what), "Write it into one that you alone can read.",
                ExitStatus::kUsage);
  return name.starts_with('-') ? "./" + name : name;
}

Error no_terminal() {
  return Error("A passphrase can only be typed at a terminal, and there is none.",
               "Without one, encrypt to recipients (--encrypt age1…) and decrypt with --identity FILE.",
               ExitStatus::kUsage);
}

process::Command encrypt_command(const Recipients& recipients) {
  process::Command command{find_age(), {"--encrypt"}, recipients.passphrase};
  if (recipients.passphrase) {
    if (!recipients.keys.empty() || !recipients.files.empty()) {
      throw Error("A backup is encrypted to recipients or with a passphrase, not both.", "", ExitStatus::kUsage);
    }
    if (!process::has_terminal()) throw no_terminal();
    command.arguments.emplace_back("--passphrase");
  }
  for (const auto& key : recipients.keys) {
    if (key.find("SECRET-KEY") != std::string::npos || key.find("PRIVATE KEY") != std::string::npos) {
      throw Error("That is a private key, not a recipient. Whoever saw this command line can read what it decrypts.",
                  "Give the public key: age-keygen -y KEYFILE prints it.", ExitStatus::kUsage);
    }
    command.arguments.insert(command.arguments.end(), {"--recipient", key});
  }
  for (const auto& file : recipients.files) {
    command.arguments.insert(command.arguments.end(), {"--recipients-file", file_argument(file, "Recipients")});
  }
  return command;
}

}  // namespace

// age on a thread of its own. The thread waits for the plain stream between age's header and the rest.
class Encryptor::Work {
 public:
  explicit Work(process::Command command) : command_(std::move(command)), thread_([this] { work(); }) {}

  ~Work() {
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  void wait_for_header() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || !head_.empty(); });
    if (head_.empty()) fail();
  }

  std::uint64_t encrypt(const Pull& pull, int fd, const std::string& shown) {
    std::unique_lock lock(mutex_);
    pull_ = pull;
    target_ = fd;
    shown_ = shown;
    shielded_ = process::Interrupt::shielded();
    changed_.notify_all();
    changed_.wait(lock, [&] { return ended_; });
    if (error_ || outcome_.exit_status != 0) fail();
    const std::size_t header = header_bytes(head_);
    if (header == 0 || header + payload_bytes(plain_) != written_) {
      throw Error(fmt::format("age wrote {} bytes for {}, which is no encrypted form of them", written_, plain_));
    }
    return written_;
  }

 private:
  void work() {
    std::optional<process::Outcome> outcome;
    std::exception_ptr error;
    try {
      process::Handlers handlers;
      handlers.on_out = [this](Session& session, Bytes bytes) { take(session, bytes); };
      outcome = process::run(command_, process::Input::open(), handlers);
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    if (outcome) outcome_ = std::move(*outcome);
    error_ = error;
    ended_ = true;
    changed_.notify_all();
  }

  // The first bytes say that age has begun: they are kept until there is a target.
  void take(Session& session, Bytes bytes) {
    std::unique_lock lock(mutex_);
    if (head_.size() < kHeadBytes)
      head_ += stream::as_text(bytes.first(std::min(bytes.size(), kHeadBytes - head_.size())));
    if (target_ < 0) {
      held_ += stream::as_text(bytes);
      changed_.notify_all();
      lock.unlock();  // age may ask for its input at once, and then wait here
      if (std::exchange(asked_, true)) return;
      session.return_terminal();
      session.start_input([this, &session](std::span<std::byte> room) { return give(session, room); });
      session.close_input();
      return;
    }
    lock.unlock();
    flush();
    write_all(target_, bytes, shown_);
    written_ += bytes.size();
  }

  void flush() {
    if (held_.empty()) return;
    write_all(target_, stream::as_bytes(held_), shown_);
    written_ += held_.size();
    held_.clear();
  }

  // On age's thread, for its input; waits for the plain stream.
  std::size_t give(Session& session, std::span<std::byte> room) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancelled_ || target_ >= 0; });
    if (cancelled_) throw Error("The encryption was given up.");
    lock.unlock();
    // While it waited here, it saw no interrupt.
    if (shielded_) session.ignore_interrupts();
    flush();
    const std::size_t count = pull_(room);
    plain_ += count;
    return count;
  }

  // Throws what went wrong.
  [[noreturn]] void fail() const {
    if (error_) std::rethrow_exception(error_);
    if (outcome_.exit_status == kInterruptStatus) throw process::Interrupted();
    throw Error(fmt::format("age could not encrypt: {}", reason_of(outcome_)),
                "Give a recipient such as age1… or ssh-ed25519 …, or a file of them with --encrypt-to.");
  }

  process::Command command_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
  bool ended_ = false;
  std::string head_;
  Pull pull_;
  int target_ = -1;
  bool shielded_ = false;  // set with the target
  std::string shown_;
  process::Outcome outcome_;
  std::exception_ptr error_;
  // Of age's thread alone, until it has ended.
  bool asked_ = false;
  std::string held_;
  std::uint64_t plain_ = 0;
  std::uint64_t written_ = 0;
  std::thread thread_;  // the last: it begins when the rest is there
};

Encryptor::Encryptor(const Recipients& recipients) {
  work_ = std::make_unique<Work>(encrypt_command(recipients));
  work_->wait_for_header();
}

Encryptor::~Encryptor() = default;

std::uint64_t Encryptor::encrypt(const Pull& pull, int fd, const std::string& shown) {
  return work_->encrypt(pull, fd, shown);
}

namespace {

std::string head_of(int fd, std::size_t size) {
  std::string head(size, '\0');
  head.resize(read_all_at(fd, std::as_writable_bytes(std::span(head)), 0, "the backup"));
  return head;
}

Error decrypt_error(const std::string& shown, const process::Outcome& outcome) {
  if (outcome.exit_status == kInterruptStatus) return process::Interrupted();
  const std::string reason = reason_of(outcome);
  const auto says = [&](std::string_view words) { return reason.find(words) != std::string::npos; };
  if (says("no identity matched")) {
    return Error(fmt::format("{} is encrypted, and none of the identities given can decrypt it", shown),
                 "Give the private key of one of its recipients with --identity FILE.");
  }
  if (says("incorrect passphrase")) return Error(fmt::format("That is not the passphrase of {}", shown), "Try again.");
  for (const std::string_view words :
       {"unexpected EOF", "authenticate", "failed to read header", "failed to read nonce", "bad header MAC"}) {
    if (says(words)) return damaged(fmt::format("{} is damaged: age cannot decrypt it ({})", shown, reason));
  }
  return Error(fmt::format("age could not decrypt {}: {}", shown, reason),
               "Give a file with a private key (AGE-SECRET-KEY-… or an SSH key) with --identity.");
}

}  // namespace

bool is_encrypted(int fd) {
  const std::string head = head_of(fd, kArmor.size());
  return head.starts_with(kMagic) || head == kArmor;
}

FileDescriptor decrypt(int fd, const std::vector<std::string>& identities, const std::filesystem::path& directory,
                       const std::string& shown) {
  process::Command command{find_age(), {"--decrypt"}, false};
  for (const auto& identity : identities) {
    command.arguments.insert(command.arguments.end(), {"--identity", file_argument(identity, "An identity")});
  }
  const std::string head = head_of(fd, 200);
  const bool by_passphrase = head.find("\n-> scrypt ") != std::string::npos || head.starts_with(kArmor);
  if (identities.empty() && !by_passphrase) {
    throw Error(fmt::format("{} is encrypted to recipients", shown),
                "Give the private key of one of them with --identity FILE.", ExitStatus::kUsage);
  }
  // An identity may itself be protected by a passphrase.
  command.asks_at_terminal = process::has_terminal();
  if (identities.empty() && !command.asks_at_terminal) throw no_terminal();

  FileDescriptor plain = make_unnamed_file(directory);
  struct stat status {};
  if (::fstat(fd, &status) == 0) check_room(plain.get(), directory, static_cast<std::uint64_t>(status.st_size));
  std::uint64_t taken = 0;
  std::uint64_t written = 0;
  process::Handlers handlers;
  handlers.on_start = [&](Session& session) {
    session.start_input([&](std::span<std::byte> room) {
      const std::size_t count = read_all_at(fd, room, taken, shown);
      taken += count;
      return count;
    });
    session.close_input();
  };
  handlers.on_out = [&](Session& session, Bytes bytes) {
    session.return_terminal();
    write_all_at(plain.get(), bytes, written, fmt::format("the temporary file in {}", directory.string()));
    written += bytes.size();
  };
  const process::Outcome outcome = process::run(command, process::Input::open(), handlers);
  if (outcome.exit_status != 0) throw decrypt_error(shown, outcome);
  return plain;
}

}  // namespace exastro::archive
