#include "archive/parallel.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "process/interrupt.h"

namespace exastro::archive {
namespace {

// More bring nothing where the disk is the limit, and each holds some MiB of buffers.
constexpr std::size_t kMostThreads = 8;
constexpr std::chrono::milliseconds kBetweenLooks{100};

class Crew {
 public:
  Crew(std::size_t count, const std::function<void(std::size_t, const std::atomic<bool>&)>& work, std::size_t threads)
      : count_(count), work_(work), wanted_(threads) {}

  void run(const std::function<void()>& watch) {
    if (wanted_ == 0) wanted_ = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
    std::vector<std::thread> threads;
    working_ = std::min(wanted_, count_);
    try {
      for (std::size_t i = working_; i > 0; --i) threads.emplace_back([this] { take_turns(); });
    } catch (const std::system_error&) {
      // The system gives no more threads: those that there are do it, or this one.
      const std::unique_lock lock(mutex_);
      working_ -= std::min(wanted_, count_) - threads.size();
    }
    if (threads.empty() && count_ > 0) {
      working_ = 1;
      take_turns();
    }
    try {
      std::unique_lock lock(mutex_);
      // Once more when all is done, however soon that is: the last figures are to be seen.
      for (bool done = false; !done;) {
        done = ended_.wait_for(lock, kBetweenLooks, [this] { return working_ == 0; });
        lock.unlock();
        watch();
        lock.lock();
      }
    } catch (...) {
      fail(std::current_exception());
    }
    for (auto& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void take_turns() {
    std::optional<process::Interrupt::Shield> shield;
    if (shielded_) shield.emplace();
    try {
      for (std::size_t number = next_++; number < count_ && !stop_; number = next_++) work_(number, stop_);
    } catch (const Stopped&) {
    } catch (...) {
      fail(std::current_exception());
    }
    const std::scoped_lock lock(mutex_);
    --working_;
    ended_.notify_all();
  }

  void fail(std::exception_ptr failure) {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    stop_ = true;
  }

  std::size_t count_;
  const bool shielded_ = process::Interrupt::shielded();
  const std::function<void(std::size_t, const std::atomic<bool>&)>& work_;
  std::size_t wanted_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // of all below
  std::condition_variable ended_;
  std::size_t working_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

void each_in_parallel(std::size_t count, const std::function<void(std::size_t, const std::atomic<bool>&)>& work,
                      const std::function<void()>& watch, unsigned threads) {
  Crew(count, work, threads).run(watch);
}

}  // namespace exastro::archive
