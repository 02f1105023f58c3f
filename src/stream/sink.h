// Bytes on their way: a chain of sinks, each passing on what it makes of them. Nothing here knows of Kubernetes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include "error.h"

namespace exastro::stream {

using Bytes = std::span<const std::byte>;

inline Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

// Takes bytes; the caller keeps them. Throws Error if they cannot be taken.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void write(Bytes bytes) = 0;
  virtual void finish() = 0;  // the end of the stream, called once
};

// Counts, and throws away.
class CountingSink : public Sink {
 public:
  void write(Bytes bytes) override { count_ += bytes.size(); }
  void finish() override {}
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::uint64_t count_ = 0;
};

class CallbackSink : public Sink {
 public:
  explicit CallbackSink(std::function<void(Bytes)> callback) : callback_(std::move(callback)) {}
  void write(Bytes bytes) override { callback_(bytes); }
  void finish() override {}

 private:
  std::function<void(Bytes)> callback_;
};

// The same bytes to two sinks, which it does not own.
class TeeSink : public Sink {
 public:
  TeeSink(Sink& first, Sink& second) : first_(first), second_(second) {}
  void write(Bytes bytes) override {
    first_.write(bytes);
    second_.write(bytes);
  }
  void finish() override {
    first_.finish();
    second_.finish();
  }

 private:
  Sink& first_;
  Sink& second_;
};

}  // namespace exastro::stream
