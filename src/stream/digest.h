// SHA-256 of a stream, through OpenSSL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "stream/sink.h"

namespace exastro::stream {

class Digest {
 public:
  // Throws exastro::Error if OpenSSL has no SHA-256.
  Digest();
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  // Throws exastro::Error after `hex`.
  void update(std::span<const std::byte> bytes);

  // Finalizes, and gives 64 lower-case hexadecimal digits. Calling it again gives the same.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::string hex_;
};

// Digests and counts what passes, on its way to `next` if there is one.
class DigestSink : public Sink {
 public:
  explicit DigestSink(Sink* next = nullptr) : next_(next) {}

  void write(std::span<const std::byte> bytes) override;
  void finish() override;

  // Of all bytes so far; the first call ends the digest, so call it after `finish`.
  std::string hex() { return digest_.hex(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  Sink* next_;
  Digest digest_;
  std::uint64_t bytes_ = 0;
};

// The SHA-256 of a text in memory, as `Digest::hex` gives it.
std::string sha256_hex(std::string_view text);

}  // namespace exastro::stream
