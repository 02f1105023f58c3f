#include "archive/parallel.h"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <thread>

namespace exastro::archive {
namespace {

TEST(Parallel, DoesEveryNumberOnceAndIsWatchedFromTheCallersThread) {
  std::array<std::atomic<int>, 100> done{};
  const auto caller = std::this_thread::get_id();
  int looks = 0;
  each_in_parallel(
      done.size(), [&](std::size_t number, const std::atomic<bool>&) { ++done.at(number); },
      [&] {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        ++looks;
      });
  for (const auto& count : done) EXPECT_EQ(count, 1);
  EXPECT_GE(looks, 1);
}

TEST(Parallel, OfNothingEndsAtOnce) {
  each_in_parallel(
      0, [](std::size_t, const std::atomic<bool>&) { FAIL(); }, [] {});
}

TEST(Parallel, OneFailureStopsTheOthersAndIsThrown) {
  const auto work = [](std::size_t number, const std::atomic<bool>& stop) {
    if (number == 0) throw std::runtime_error("damaged");
    while (!stop) std::this_thread::yield();
    throw Stopped();
  };
  try {
    each_in_parallel(50, work, [] {});
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "damaged");
  }
}

TEST(Parallel, WhatTheWatcherThrowsStopsTheWork) {
  const auto work = [](std::size_t, const std::atomic<bool>& stop) {
    while (!stop) std::this_thread::yield();
    throw Stopped();
  };
  EXPECT_THROW(each_in_parallel(3, work, [] { throw std::runtime_error("interrupted"); }), std::runtime_error);
}

}  // namespace
}  // namespace exastro::archive
