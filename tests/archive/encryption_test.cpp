// Backups encrypted with the real age, and what can go wrong with it.
#include "archive/encryption.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "../temporary_folder.h"
#include "error.h"
#include "process/child.h"
#include "process/interrupt.h"

namespace exastro::archive {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void spit(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

FileDescriptor open_to_read(const fs::path& path) { return FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); }

std::string text_of(const FileDescriptor& file) {
  struct stat status {};
  ::fstat(file.get(), &status);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  EXPECT_EQ(read_all_at(file.get(), std::as_writable_bytes(std::span(text)), 0, "file"), text.size());
  return text;
}

Encryptor::Pull from_text(const std::string& text) {
  return [&text, at = std::size_t{0}](std::span<std::byte> room) mutable {
    const std::size_t count = std::min(room.size(), text.size() - at);
    std::memcpy(room.data(), text.data() + at, count);
    at += count;
    return count;
  };
}

// Text that does not repeat, so that a chunk in another's place is another.
std::string some_text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * 7919) + "\n";
  text.resize(size);
  return text;
}

class EncryptionTest : public testing::Test {
 protected:
  EncryptionTest() { key_ = new_key("key"); }

  // Makes a private key in a file of this name; gives the public one.
  std::string new_key(const std::string& name) {
    const auto made = process::run({*process::find_program("age-keygen"), {"-o", (directory_ / name).string()}});
    EXPECT_EQ(made.exit_status, 0) << made.err;
    constexpr std::string_view kBefore = "Public key: ";
    const auto at = made.err.find(kBefore) + kBefore.size();
    return made.err.substr(at, made.err.find('\n', at) - at);
  }

  fs::path encrypt(const std::string& text, const Recipients& recipients) {
    const fs::path path = directory_ / "file.age";
    const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    Encryptor encryptor(recipients);
    const std::uint64_t written = encryptor.encrypt(from_text(text), file.get(), path.string());
    EXPECT_EQ(written, fs::file_size(path));
    return path;
  }
  fs::path encrypt(const std::string& text) { return encrypt(text, {.keys = {key_}}); }

  std::string decrypted(const fs::path& path, const std::string& key = "key") {
    return text_of(decrypt(open_to_read(path).get(), {(directory_ / key).string()}, directory_, path.string()));
  }

  // Message and status of what `call` throws.
  template <typename Call>
  std::pair<std::string, ExitStatus> error_of(Call call) {
    try {
      call();
      return {"no error", ExitStatus::kOk};
    } catch (const Error& error) {
      return {std::string(error.what()) + " | " + error.next(), error.status()};
    }
  }

  void expect_damaged(const std::string& bytes) {
    spit(directory_ / "damaged.age", bytes);
    const auto [text, status] = error_of([&] { decrypted(directory_ / "damaged.age"); });
    EXPECT_EQ(status, ExitStatus::kDamaged) << text;
    EXPECT_THAT(text, HasSubstr("is damaged"));
  }

  TemporaryFolder folder_;
  const fs::path directory_ = folder_.path();
  std::string key_;
};

TEST_F(EncryptionTest, WhatIsEncryptedComesBack) {
  for (const std::size_t size : {0, 1, 65535, 65536, 65537, 5'000'000}) {
    const std::string text = some_text(size);
    const fs::path path = encrypt(text);
    EXPECT_TRUE(is_encrypted(open_to_read(path).get()));
    EXPECT_EQ(decrypted(path), text) << size;
  }
  spit(directory_ / "plain", "ustar");
  EXPECT_FALSE(is_encrypted(open_to_read(directory_ / "plain").get()));
}

TEST_F(EncryptionTest, EveryRecipientCanReadItAndNobodyElse) {
  const std::string second = new_key("second");
  const std::string third = new_key("third");
  new_key("other");
  spit(directory_ / "recipients", "# those\n" + second + "\n" + third + "\n");
  const fs::path path = encrypt("text", {.keys = {key_}, .files = {(directory_ / "recipients").string()}});
  for (const char* key : {"key", "second", "third"}) EXPECT_EQ(decrypted(path, key), "text");
  const auto [text, status] = error_of([&] { decrypted(path, "other"); });
  EXPECT_THAT(text, HasSubstr("none of the identities given can decrypt it"));
  EXPECT_THAT(text, HasSubstr("--identity"));
  EXPECT_EQ(status, ExitStatus::kFailed);
}

TEST_F(EncryptionTest, WithoutAnIdentityItSaysWhatToGive) {
  const fs::path path = encrypt("text");
  const auto [text, status] =
      error_of([&] { static_cast<void>(decrypt(open_to_read(path).get(), {}, directory_, "FILE")); });
  EXPECT_THAT(text, HasSubstr("FILE is encrypted to recipients"));
  EXPECT_THAT(text, HasSubstr("--identity"));
  EXPECT_EQ(status, ExitStatus::kUsage);
}

TEST_F(EncryptionTest, ACutFileIsDamaged) {
  const std::string whole = slurp(encrypt(some_text(200'000)));
  const std::size_t payload = whole.size() - 200'000 - 4 * 16 - 16;
  for (const std::size_t size : {std::size_t{30}, payload - 1, payload, payload + 16, payload + 16 + 65536 + 16,
                                 whole.size() - 1000, whole.size() - 1}) {
    expect_damaged(whole.substr(0, size));
  }
  expect_damaged(whole + "x");
}

TEST_F(EncryptionTest, AFlippedByteIsDamage) {
  const std::string whole = slurp(encrypt(some_text(200'000)));
  for (const std::size_t from_end : {std::size_t{1}, std::size_t{5'000}, std::size_t{100'000}, std::size_t{200'050}}) {
    std::string bytes = whole;
    bytes[bytes.size() - from_end] = static_cast<char>(bytes[bytes.size() - from_end] ^ 1);
    expect_damaged(bytes);
  }
}

TEST_F(EncryptionTest, BadRecipientsAreRefusedBeforeThereIsAnythingToEncrypt) {
  const auto refused = [&](const Recipients& recipients) {
    return error_of([&] { const Encryptor encryptor(recipients); }).first;
  };
  EXPECT_THAT(refused({.keys = {"age1nonsense"}}), HasSubstr("age could not encrypt"));
  EXPECT_THAT(refused({.files = {(directory_ / "missing").string()}}), HasSubstr("missing"));
  EXPECT_THAT(refused({.files = {"-"}}), HasSubstr("must be in a file"));
  EXPECT_THAT(refused({.keys = {key_}, .passphrase = true}), HasSubstr("not both"));
}

TEST_F(EncryptionTest, APrivateKeyAsRecipientIsNotPassedOn) {
  const std::string text = slurp(directory_ / "key");
  const std::string secret = text.substr(text.find("AGE-SECRET-KEY"), 74);
  const auto [message, status] = error_of([&] { const Encryptor encryptor({.keys = {secret}}); });
  EXPECT_EQ(status, ExitStatus::kUsage);
  EXPECT_THAT(message, HasSubstr("private key"));
  EXPECT_THAT(message, testing::Not(HasSubstr(secret)));
}

// A program in the place of age, first on PATH.
class FalseAgeTest : public EncryptionTest {
 protected:
  FalseAgeTest() : path_before_(std::getenv("PATH")) {}
  ~FalseAgeTest() override { ::setenv("PATH", path_before_.c_str(), 1); }

  void put_age(const std::string& script) {
    fs::create_directory(directory_ / "bin");
    spit(directory_ / "bin" / "age", "#!/bin/sh\n" + script);
    fs::permissions(directory_ / "bin" / "age", fs::perms::owner_all);
    ::setenv("PATH", ((directory_ / "bin").string() + ":" + path_before_).c_str(), 1);
  }

  const std::string path_before_;
};

TEST_F(FalseAgeTest, AMissingProgramIsNamedWithHowToGetIt) {
  ::setenv("PATH", (directory_ / "empty").c_str(), 1);
  const auto [text, status] = error_of([&] { const Encryptor encryptor({.keys = {key_}}); });
  EXPECT_THAT(text, HasSubstr("age was not found on PATH"));
  EXPECT_THAT(text, HasSubstr("apt-get install age"));
}

TEST_F(FalseAgeTest, OneThatFailsInTheMiddleIsAnError) {
  put_age(
      R"(printf 'age-encryption.org/v1\n-> X25519 x\ny\n--- z\n'; head -c 100000; echo 'age: error: no more' >&2; exit 1)");
  const auto [text, status] = error_of([&] { encrypt(some_text(3'000'000)); });
  EXPECT_THAT(text, HasSubstr("no more"));
}

TEST_F(FalseAgeTest, OneThatLosesBytesAndSaysNothingIsNotBelieved) {
  put_age(R"(printf 'age-encryption.org/v1\n-> X25519 x\ny\n--- z\n'; head -c 100000; cat >/dev/null)");
  EXPECT_THAT(error_of([&] { encrypt(some_text(3'000'000)); }).first, HasSubstr("no encrypted form"));
  put_age(R"(cat)");  // waits for its input, and would give it back in plain
  const std::string text = "plain";
  put_age(R"(echo hello; cat)");
  EXPECT_THAT(error_of([&] { encrypt(text); }).first, HasSubstr("no encrypted form"));
}

TEST_F(FalseAgeTest, OneThatIsNotNeededAnyMoreIsEnded) {
  put_age(R"(echo $$ >")" + (directory_ / "pid").string() + R"("; printf 'age-encryption.org/v1\n'; exec sleep 1000)");
  { const Encryptor encryptor({.keys = {key_}}); }
  EXPECT_NE(::kill(std::stoi(slurp(directory_ / "pid")), 0), 0);
}

TEST_F(EncryptionTest, AFullDiskIsAnErrorThatSaysSo) {
  const FileDescriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  const std::string text = some_text(1'000'000);
  const auto [message, status] = error_of([&] {
    Encryptor encryptor({.keys = {key_}});
    encryptor.encrypt(from_text(text), full.get(), "the target");
  });
  EXPECT_THAT(message, HasSubstr("cannot write the target: No space left"));
  EXPECT_THAT(message, HasSubstr("Make room"));
}

TEST_F(EncryptionTest, AnErrorOfTheSourceIsKept) {
  const FileDescriptor null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  EXPECT_THAT(error_of([&] {
                Encryptor encryptor({.keys = {key_}});
                encryptor.encrypt([](std::span<std::byte>) -> std::size_t { throw Error("unreadable"); }, null.get(),
                                  "the target");
              }).first,
              HasSubstr("unreadable"));
}

// Runs `work` in a child with a terminal of its own (or none), types the lines, each when something is asked, and gives
// what the child printed at the end.
template <typename Work>
std::string at_terminal(const std::vector<std::string>& lines, Work work) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    std::string result;
    try {
      result = work();
    } catch (const Error& error) {
      result = std::string("error: ") + error.what();
    }
    result = "\n[" + result + "]\n";
    static_cast<void>(!::write(STDOUT_FILENO, result.data(), result.size()));
    ::_exit(0);
  }
  std::string said;
  std::size_t typed = 0;
  std::array<char, 1000> bytes{};
  for (ssize_t n = 0; (n = ::read(terminal, bytes.data(), bytes.size())) > 0;) {
    said.append(bytes.data(), static_cast<std::size_t>(n));
    const auto asked = static_cast<std::size_t>(std::count(said.begin(), said.end(), ':'));
    while (typed < lines.size() && typed < asked) {
      ::usleep(200'000);  // age turns the echo off just after it has asked
      const std::string line = lines[typed++] + "\n";
      EXPECT_EQ(::write(terminal, line.data(), line.size()), static_cast<ssize_t>(line.size()));
    }
  }
  ::close(terminal);
  ::waitpid(child, nullptr, 0);
  return said;
}

TEST_F(EncryptionTest, APassphraseIsAskedForAtTheTerminal) {
  const std::string encrypting = at_terminal({"correct horse", "correct horse"}, [&] {
    encrypt("text", {.passphrase = true});
    return std::string("encrypted");
  });
  ASSERT_THAT(encrypting, HasSubstr("[encrypted]"));
  EXPECT_THAT(encrypting, testing::Not(HasSubstr("horse")));
  const auto decrypting = [&] {
    return text_of(decrypt(open_to_read(directory_ / "file.age").get(), {}, directory_, "FILE"));
  };
  EXPECT_THAT(at_terminal({"correct horse"}, decrypting), HasSubstr("[text]"));
  EXPECT_THAT(at_terminal({"wrong"}, decrypting), HasSubstr("[error: That is not the passphrase of FILE]"));
  EXPECT_THAT(at_terminal({"one", "two"},
                          [&] {
                            encrypt("text", {.passphrase = true});
                            return std::string();
                          }),
              HasSubstr("[error: age could not encrypt: passphrases didn't match"));
}

TEST_F(EncryptionTest, TheTerminalIsOursAgainAfterwards) {
  EXPECT_THAT(at_terminal({"horse", "horse"},
                          [&] {
                            Encryptor encryptor({.passphrase = true});
                            ::usleep(300'000);
                            const bool before = ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
                            return std::string(before ? "ours" : "lent");
                          }),
              HasSubstr("[ours]"));
}

TEST_F(EncryptionTest, WithoutATerminalAPassphraseCannotBeAskedFor) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    const auto [text, status] = error_of([&] { const Encryptor encryptor({.passphrase = true}); });
    ::_exit(status == ExitStatus::kUsage && text.find("no") != std::string::npos &&
                    text.find("--encrypt age1") != std::string::npos
                ? 0
                : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

// In a process of its own, as an interrupt is a fact for the rest of a program's life.
class EncryptionDeathTest : public EncryptionTest {
 protected:
  // Ctrl-C while age waits for what it is to encrypt: 0 if it encrypts it all the same.
  [[noreturn]] void interrupted(bool shielded) {
    process::Interrupt::install();
    std::optional<process::Interrupt::Shield> shield;
    const FileDescriptor file(::open((directory_ / "late.age").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const std::string text = some_text(300'000);
    try {
      Encryptor encryptor({.keys = {key_}});
      ::raise(SIGINT);
      if (shielded) shield.emplace();
      encryptor.encrypt(from_text(text), file.get(), "late.age");
    } catch (const process::Interrupted&) {
      ::_exit(130);
    }
    ::_exit(decrypted(directory_ / "late.age") == text ? 0 : 1);
  }
};

TEST_F(EncryptionDeathTest, AnInterruptEndsItUnlessWhatIsEncryptedMustNotBeLost) {
  EXPECT_EXIT(interrupted(false), testing::ExitedWithCode(130), "");
  EXPECT_EXIT(interrupted(true), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace exastro::archive
