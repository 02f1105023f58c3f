// manifest.json: refused or read, and what is read is written so that it reads the same.
#include "archive/manifest.h"
#include "fuzz/fuzz.h"

using namespace exastro;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::accepts([&] {
    const archive::Manifest manifest = archive::parse_manifest(fuzz::as_text(data, size));
    const std::string text = archive::format_manifest(manifest);
    fuzz::expect(archive::format_manifest(archive::parse_manifest(text)) == text, "a manifest is read as written");
  });
  return 0;
}
