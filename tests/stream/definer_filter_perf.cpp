// How fast DefinerFilter goes through a dump, beside GNU sed with the filter of the vendor's page, on the same file.
// Not a test; run it by hand: definer_filter_perf [MiB] [folder for the file].

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "stream/definer_filter.h"
#include "stream/dump_check.h"

namespace {

using exastro::stream::Sink;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::size_t kChunk = 256 * 1024;

// INSERT lines of about 1 MB, as mariadb-dump writes them: numbers, short and long strings, JSON with escaped quotes.
void write_dump(const std::string& path, std::size_t size) {
  std::mt19937 random(1);
  std::vector<std::string> lines;
  for (int i = 0; i < 16; ++i) {
    std::string line = "INSERT INTO `T_HISTORY` VALUES (";
    while (line.size() < kMiB) {
      const std::string number = std::to_string(random());
      line += number + ",'2026-11-23 02:51:53.123456',-" + number.substr(0, 3) + ",'it\\'s','" +
              std::string(random() % 200, 'x') + R"(','{\"host\": \"h)" + number +
              R"(\", \"DEFINER\": \"DEFINER=`root`@`%` */\"}',NULL),()";
    }
    line.resize(line.size() - 2);
    lines.push_back(line + ";\n");
  }
  std::ofstream file(path, std::ios::binary);
  file << "-- MariaDB dump 10.19\n";
  std::size_t written = 0;
  for (std::size_t i = 0; written < size; ++i) {
    file << lines[i % lines.size()] << "/*!50001 CREATE ALGORITHM=UNDEFINED */\n"
         << "/*!50013 DEFINER=`root`@`%` SQL SECURITY DEFINER */\n/*!50001 VIEW `v` AS select 1 */;\n";
    written += lines[i % lines.size()].size();
  }
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void report(const char* what, std::size_t bytes, double seconds) {
  std::printf("%-44s %8.0f MB/s\n", what, static_cast<double>(bytes) / 1e6 / seconds);
}

// Reads the file through the sink, the reading included in the time as it is in sed's. Gives bytes.
std::size_t stream_file(const std::string& path, Sink& sink) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw std::runtime_error("cannot open " + path);
  std::vector<std::byte> buffer(kChunk);
  std::size_t total = 0;
  for (ssize_t count = 0; (count = read(file, buffer.data(), buffer.size())) > 0;) {
    sink.write(std::span(buffer).first(static_cast<std::size_t>(count)));
    total += static_cast<std::size_t>(count);
  }
  close(file);
  sink.finish();
  return total;
}

void measure(const char* what, const std::string& path, Sink& sink) {
  const auto start = Clock::now();
  const std::size_t bytes = stream_file(path, sink);
  report(what, bytes, seconds_since(start));
}

// The bytes in memory, over and over: the filter without the kernel's copying.
void measure_in_memory(const char* what, const std::string& path, Sink& sink, std::size_t size) {
  std::string sample(16 * kMiB, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(sample.data(), static_cast<std::streamsize>(sample.size()));
  sample.resize(sample.rfind(";\n") + 2);  // whole statements
  const auto start = Clock::now();
  std::size_t done = 0;
  for (; done < size; done += sample.size()) {
    for (std::size_t at = 0; at < sample.size(); at += kChunk) {
      sink.write(exastro::stream::as_bytes(std::string_view(sample).substr(at, kChunk)));
    }
  }
  report(what, done, seconds_since(start));
}

double run(const std::string& command) {
  const auto start = Clock::now();
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr || pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
  return seconds_since(start);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace exastro::stream;
  const std::size_t size = (argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 512) * kMiB;
  const std::string path = std::string(argc > 2 ? argv[2] : "/tmp") + "/definer_filter_perf.sql";
  write_dump(path, size);
  NullSink warm;
  const std::size_t bytes = stream_file(path, warm);

  NullSink null;
  measure("reading the file, nothing else", path, null);
  for (int round = 0; round < 2; ++round) {
    DefinerFilter filter(null);
    measure("DefinerFilter, with reading", path, filter);
  }
  DefinerFilter in_memory(null);
  measure_in_memory("DefinerFilter, in memory", path, in_memory, size);
  DumpCheck check;
  measure("DumpCheck, with reading", path, check);
  const std::string sed = R"(sed 's/DEFINER[ ]*=[ ]*[^*]*\*/\*/' ')" + path + "' > /dev/null";
  report("sed, C locale", bytes, run("LC_ALL=C " + sed));
  report("sed, C.UTF-8 locale", bytes, run("LC_ALL=C.UTF-8 " + sed));
  std::remove(path.c_str());
}
