#include "sequence/side_by_side.h"

#include <exception>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "process/interrupt.h"

namespace exastro {

void side_by_side(const std::vector<std::function<void()>>& works) {
  const bool shielded = process::Interrupt::shielded();
  std::mutex mutex;
  std::exception_ptr failure;
  std::exception_ptr interruption;
  const auto attempt = [&](const std::function<void()>& work) {
    std::optional<process::Interrupt::Shield> shield;
    if (shielded) shield.emplace();
    try {
      work();
    } catch (const process::Interrupted&) {
      const std::scoped_lock lock(mutex);
      interruption = std::current_exception();
    } catch (...) {
      const std::scoped_lock lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(works.size());
  std::size_t begun = 1;
  try {
    for (; begun < works.size(); ++begun) threads.emplace_back(attempt, std::cref(works[begun]));
  } catch (const std::system_error&) {
    // The system gives no more threads: what is left is done here, one after the other.
  }
  if (!works.empty()) attempt(works.front());
  for (; begun < works.size(); ++begun) attempt(works[begun]);
  for (auto& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
  if (interruption) std::rethrow_exception(interruption);
}

}  // namespace exastro
