// A folder of a test's own.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>

namespace exastro {

// Made with the name of its test, and removed with everything in it. What a test cut off may still clear up in there,
// as it would in a pod: removing waits for that, ten seconds at most.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const testing::TestSuite* const suite = testing::UnitTest::GetInstance()->current_test_suite();
    std::string pattern = (std::filesystem::temp_directory_path() / (std::string(suite->name()) + ".XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category(), pattern);
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code error;
    for (int tries = 0; tries < 100; ++tries) {
      std::filesystem::remove_all(path_, error);
      if (!error) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    ADD_FAILURE() << path_ << " stays: " << error.message();
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace exastro
