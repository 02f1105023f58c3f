// How fast DefinerFilter goes through dumps of several shapes, beside GNU sed with the expression of the vendor's page,
// on the same files; and what the machine itself allows. Not a test; run it by hand: definer_filter_perf [MiB of each
// dump] [folder for the files] [rounds].
//
// Everything is one thread and the best of the rounds, in which all take their turns. Files are in the page cache and
// output goes to /dev/null. A rate is that of wall time, in 10^6 bytes per second. The last line is all of it as JSON.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stream/definer_filter.h"
#include "stream/dump_check.h"

namespace {

using exastro::stream::Sink;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::size_t kChunk = 256 * 1024;
constexpr const char* kSedExpression = R"(s/DEFINER[ ]*=[ ]*[^*]*\*/\*/)";

struct Shape {
  const char* name;
  const char* what;
  std::function<std::string(std::mt19937&)> piece;  // whole statements, about 1 MB
};

// A row as the sample's history tables have it: numbers, short and long strings, JSON with escaped quotes.
std::string row(std::mt19937& random, std::string_view in_json) {
  const std::string number = std::to_string(random());
  return "(" + number + ",'2026-11-23 02:51:53.123456',-" + number.substr(0, 3) + ",'it\\'s','" +
         std::string(random() % 200, 'x') + R"(','{\"host\": \"h)" + number + R"(\", \"note\": \")" +
         std::string(in_json) + R"(\"}',NULL))";
}

std::string insert(std::mt19937& random, std::size_t size, std::string_view in_json) {
  std::string line = "INSERT INTO `T_HISTORY` VALUES " + row(random, in_json);
  while (line.size() < size) line += "," + row(random, in_json);
  return line + ";\n";
}

std::string view() {
  return "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`root`@`%` SQL SECURITY DEFINER */\n"
         "/*!50001 VIEW `v` AS select 1 */;\n";
}

std::string routine(std::mt19937& random) {
  std::string text =
      "/*!50003 DROP PROCEDURE IF EXISTS `p` */;\n/*!50003 SET sql_mode              = 'STRICT_TRANS_TABLES' */ ;\n"
      "DELIMITER ;;\nCREATE DEFINER=`root`@`%` PROCEDURE `p`(IN a INT)\nBEGIN\n  -- the caller's rows\n";
  for (std::size_t lines = 5 + random() % 40; lines > 0; --lines) {
    text += "  UPDATE `T_HISTORY` SET `NOTE` = CONCAT('it''s ', a) WHERE `ID` = " + std::to_string(random()) + ";\n";
  }
  return text + "END ;;\nDELIMITER ;\n/*!50003 SET sql_mode              = @saved_sql_mode */ ;\n";
}

std::string repeated(const std::function<std::string()>& part) {
  std::string text;
  while (text.size() < kMiB) text += part();
  return text;
}

const std::array kShapes{
    Shape{"long_lines", "INSERT lines of 1 MB, as mariadb-dump writes them, and views",
          [](auto& random) { return insert(random, kMiB, "all is well") + view(); }},
    // sed takes the first match of a line only, and need not search the rest of it.
    Shape{"long_lines_of_look_alikes", "the same, with DEFINER in each row, which sed takes for a clause",
          [](auto& random) { return insert(random, kMiB, "DEFINER=`root`@`%` */") + view(); }},
    Shape{"short_lines", "one row to an INSERT line, as --skip-extended-insert writes them",
          [](auto& random) { return repeated([&] { return insert(random, 1, "all is well"); }); }},
    Shape{"routines", "procedures of 5 to 44 lines, each with a DEFINER",
          [](auto& random) { return repeated([&] { return routine(random); }); }},
};

void write_dump(const Shape& shape, const std::string& path, std::size_t size) {
  std::mt19937 random(1);
  std::vector<std::string> pieces;
  for (int i = 0; i < 16; ++i) pieces.push_back(shape.piece(random));
  std::ofstream file(path, std::ios::binary);
  file << "-- MariaDB dump 10.19\n";
  std::size_t written = 0;
  for (std::size_t i = 0; written < size; ++i) {
    file << pieces[i % pieces.size()];
    written += pieces[i % pieces.size()].size();
  }
}

std::string read_dump(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class FileSink : public Sink {
 public:
  FileSink() : file_(open("/dev/null", O_WRONLY | O_CLOEXEC)) {}
  ~FileSink() override { close(file_); }
  void write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_, bytes.data(), bytes.size());
      if (count <= 0) throw std::runtime_error("cannot write");
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }
  void finish() override {}

 private:
  int file_;
};

// Copies what comes, into the same room again and again.
class MemorySink : public Sink {
 public:
  void write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      if (at_ == room_.size()) at_ = 0;
      const std::size_t count = std::min(bytes.size(), room_.size() - at_);
      std::memcpy(room_.data() + at_, bytes.data(), count);
      at_ += count;
      bytes = bytes.subspan(count);
    }
  }
  void finish() override {}

 private:
  std::vector<std::byte> room_ = std::vector<std::byte>(kChunk);
  std::size_t at_ = 0;
};

void stream_file(const std::string& path, Sink& sink) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw std::runtime_error("cannot open " + path);
  std::vector<std::byte> buffer(kChunk);
  for (ssize_t count = 0; (count = read(file, buffer.data(), buffer.size())) > 0;) {
    sink.write(std::span(buffer).first(static_cast<std::size_t>(count)));
  }
  close(file);
  sink.finish();
}

void stream_memory(std::string_view text, Sink& sink) {
  for (; !text.empty(); text.remove_prefix(std::min(kChunk, text.size()))) {
    sink.write(exastro::stream::as_bytes(text.substr(0, kChunk)));
  }
  sink.finish();
}

// As the shell would start it: LC_ALL=C sed -e … file > /dev/null.
void run_sed(const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    const int null = open("/dev/null", O_WRONLY);
    if (null < 0 || dup2(null, 1) < 0 || setenv("LC_ALL", "C", 1) != 0) _exit(1);
    execlp("sed", "sed", "-e", kSedExpression, path.c_str(), nullptr);
    _exit(1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) throw std::runtime_error("sed failed");
}

// Shortest time of each measurement so far, in seconds.
class Times {
 public:
  void take(const std::string& what, const std::function<void()>& work) {
    const auto start = Clock::now();
    work();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const auto [found, is_new] = best_.try_emplace(what, seconds);
    if (is_new) order_.push_back(what);
    found->second = std::min(found->second, seconds);
  }
  [[nodiscard]] double seconds(const std::string& what) const { return best_.at(what); }
  [[nodiscard]] const std::vector<std::string>& order() const { return order_; }

 private:
  std::map<std::string, double> best_;
  std::vector<std::string> order_;
};

volatile std::size_t kept = 0;  // so that a measured loop is not left out

// Measures one shape; gives its part of the JSON.
std::string measure(const Shape& shape, const std::string& path, std::size_t size, int rounds) {
  using namespace exastro::stream;
  write_dump(shape, path, size);
  const std::string dump = read_dump(path);
  Times times;
  for (int round = 0; round < rounds; ++round) {
    times.take("memchr", [&] { kept = std::memchr(dump.data(), 0, dump.size()) != nullptr ? 1 : 0; });
    times.take("memcpy", [&] {
      MemorySink memory;
      stream_memory(dump, memory);
    });
    times.take("read_alone", [&] {
      FileSink null;
      stream_file(path, null);
    });
    times.take("filter_in_memory", [&] {
      NullSink null;
      DefinerFilter filter(null);
      stream_memory(dump, filter);
    });
    times.take("filter_memory_to_memory", [&] {
      MemorySink memory;
      DefinerFilter filter(memory);
      stream_memory(dump, filter);
    });
    times.take("filter", [&] {
      FileSink null;
      DefinerFilter filter(null);
      stream_file(path, filter);
    });
    times.take("check", [&] {
      FileSink null;
      DumpCheck check(&null);
      stream_file(path, check);
    });
    times.take("sed", [&] { run_sed(path); });
  }
  std::remove(path.c_str());

  std::printf("%s: %s\n", shape.name, shape.what);
  std::string json = "\"" + std::string(shape.name) + "\": {\"bytes\": " + std::to_string(dump.size());
  const auto add = [&](const std::string& what, double value, const char* format) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, value);
    json += ", \"" + what + "\": " + text.data();
    std::printf("  %-28s %s\n", what.c_str(), text.data());
  };
  for (const std::string& what : times.order()) {
    add(what, static_cast<double>(dump.size()) / 1e6 / times.seconds(what), "%.0f");
  }
  add("filter_to_sed", times.seconds("sed") / times.seconds("filter"), "%.2f");
  add("filter_in_memory_to_sed", times.seconds("sed") / times.seconds("filter_in_memory"), "%.2f");
  std::fflush(stdout);
  return json + "}";
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t size = (argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 256) * kMiB;
  const std::string path = std::string(argc > 2 ? argv[2] : "/tmp") + "/definer_filter_perf.sql";
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  if (size == 0 || rounds < 1) {
    std::fputs("usage: definer_filter_perf [MiB of each dump] [folder for the files] [rounds]\n", stderr);
    return 2;
  }
  std::string json;
  for (const Shape& shape : kShapes) json += (json.empty() ? "" : ", ") + measure(shape, path, size, rounds);
  std::printf("{\"unit\": \"MB/s\", \"rounds\": %d, \"shapes\": {%s}}\n", rounds, json.c_str());
}
