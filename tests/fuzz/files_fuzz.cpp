// The tar of the shared files: refused or accepted alike however it is cut.
#include "archive/files_check.h"
#include "fuzz/fuzz.h"

using namespace exastro;

namespace {

// The number of entries; -1 if the tar is refused.
std::int64_t entries_of(std::string_view tar, std::size_t piece) {
  std::int64_t entries = -1;
  std::string copy;
  fuzz::accepts([&] {
    entries = static_cast<std::int64_t>(archive::check_files([&] {
      copy = std::string(tar.substr(0, piece));
      tar.remove_prefix(copy.size());
      return stream::as_bytes(copy);
    }));
  });
  return entries;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view tar = fuzz::as_text(data, size).substr(1);
  const auto whole = entries_of(tar, size);
  fuzz::expect(whole == entries_of(tar, 1U + data[0]), "a cut does not change what is found");
  return 0;
}
