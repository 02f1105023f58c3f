// SHA-256, through OpenSSL.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "stream/sink.h"

struct evp_md_ctx_st;

namespace exastro::stream {

// Counts and digests what passes.
class Digest : public Sink {
 public:
  Digest();
  ~Digest() override;
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void write(Bytes bytes) override;
  void finish() override {}
  // Of all bytes so far, in lower-case hexadecimal; more may follow.
  [[nodiscard]] std::string hex() const;
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
  std::uint64_t count_ = 0;
};

std::string sha256_hex(std::string_view text);

}  // namespace exastro::stream
