// The same work on many things by several threads, watched by the one that wants it done.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

namespace exastro::archive {

// Thrown by work that sees `stop`: it is not what went wrong.
struct Stopped {};

// Calls `work` once with each number below `count`, the lower ones first, on so many threads (0: as many as the machine
// has processors, eight at most), shielded from interrupts if this one is, and `watch` on this thread several times a
// second until all is done. What one of them throws sets `stop` and is thrown here when every thread has ended. Work
// that takes long must look at `stop` and throw Stopped.
void each_in_parallel(std::size_t count,
                      const std::function<void(std::size_t number, const std::atomic<bool>& stop)>& work,
                      const std::function<void()>& watch, unsigned threads = 0);

}  // namespace exastro::archive
