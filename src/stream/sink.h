// Where bytes go: the one interface that the filters of this layer have on both sides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

namespace exastro::stream {

// The next stage of a stream. Used by one thread at a time. A sink that passes bytes on holds a reference to its next
// sink and does not own it: the next one must live longer.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  // Takes the next bytes of the stream. They belong to the caller again when it returns. Throws exastro::Error if they
  // cannot be taken or are not what the sink accepts; after that the stream is of no use.
  virtual void write(std::span<const std::byte> bytes) = 0;

  // The stream has ended. Called once, with no `write` after it; a filter hands on what it still holds and finishes its
  // next sink. Throws exastro::Error if the stream must not end here.
  virtual void finish() = 0;
};

// Drops everything.
class NullSink : public Sink {
 public:
  void write(std::span<const std::byte>) override {}
  void finish() override {}
};

// Counts, and passes on if it is given a next sink.
class CountingSink : public Sink {
 public:
  explicit CountingSink(Sink* next = nullptr) : next_(next) {}

  void write(std::span<const std::byte> bytes) override {
    bytes_ += bytes.size();
    if (next_ != nullptr) next_->write(bytes);
  }
  void finish() override {
    if (next_ != nullptr) next_->finish();
  }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  Sink* next_;
  std::uint64_t bytes_ = 0;
};

// Gives the same bytes to both, to `first` before `second`. An error of the first keeps the bytes from the second.
class TeeSink : public Sink {
 public:
  TeeSink(Sink& first, Sink& second) : first_(first), second_(second) {}

  void write(std::span<const std::byte> bytes) override {
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

// Calls a function with the bytes, and, if there is one, another at the end.
class CallbackSink : public Sink {
 public:
  using WriteFunction = std::function<void(std::span<const std::byte>)>;
  using FinishFunction = std::function<void()>;

  explicit CallbackSink(WriteFunction on_write, FinishFunction on_finish = {})
      : on_write_(std::move(on_write)), on_finish_(std::move(on_finish)) {}

  void write(std::span<const std::byte> bytes) override { on_write_(bytes); }
  void finish() override {
    if (on_finish_) on_finish_();
  }

 private:
  WriteFunction on_write_;
  FinishFunction on_finish_;
};

// Text as bytes and back; the storage stays the caller's.
inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace exastro::stream
