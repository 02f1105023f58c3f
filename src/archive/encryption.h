// A whole backup file encrypted by the program `age` (age-encryption.org/v1), which everybody can decrypt by hand:
//   age -d -i KEY FILE.tar.age | tar -xf -
// This program sees neither private keys nor passphrases: age reads them from files and from the terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "archive/file_descriptor.h"

namespace exastro::archive {

// Who can read an encrypted backup: public keys, or who knows a passphrase.
struct Recipients {
  std::vector<std::string> keys = {};   // age1…, ssh-ed25519 …, ssh-rsa …
  std::vector<std::string> files = {};  // with such keys, one a line, as authorized_keys
  bool passphrase = false;              // age asks for it, twice, at the terminal

  [[nodiscard]] bool empty() const { return keys.empty() && files.empty() && !passphrase; }
};

// Encrypts one stream. age is at work from the beginning to the end of this, so that everything that can be wrong with
// the program, the recipients or the passphrase is known before there is anything to encrypt.
class Encryptor {
 public:
  // Gives the next bytes of the plain stream; how many, 0 at its end.
  using Pull = std::function<std::size_t(std::span<std::byte>)>;

  // Starts age and waits until it has accepted the recipients, or was told a passphrase. Throws Error with the next
  // step, and Interrupted.
  explicit Encryptor(const Recipients& recipients);
  // Ends age.
  ~Encryptor();
  Encryptor(const Encryptor&) = delete;
  Encryptor& operator=(const Encryptor&) = delete;

  // The whole of a plain stream, encrypted, into `fd`; once. `shown` is the target's name in messages. Gives the number
  // of bytes written. Throws Error if age fails, or what it wrote is not the length that the format gives to the plain
  // stream. That it can be decrypted is not proved: the private key is not here. An interrupt ends age, also one that
  // came since it was started, unless the calling thread is shielded from it now.
  std::uint64_t encrypt(const Pull& pull, int fd, const std::string& shown);

 private:
  class Work;
  std::unique_ptr<Work> work_;
};

// Whether a file begins as an encrypted one: binary, or in age's armor.
[[nodiscard]] bool is_encrypted(int fd);

// Decrypts an encrypted file into a temporary file in `directory` that has no name; room for it is checked first.
// `identities` are files with private keys; without one, the file must be encrypted with a passphrase, which age asks
// for at the terminal. `shown` is the file's name in messages. Throws Error; kDamaged if the file is cut or changed.
[[nodiscard]] FileDescriptor decrypt(int fd, const std::vector<std::string>& identities,
                                     const std::filesystem::path& directory, const std::string& shown);

}  // namespace exastro::archive
