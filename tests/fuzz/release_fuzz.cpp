// Helm's record of a release: as the Secret holds it, or, behind a first byte that is even, its JSON, packed as Helm
// does it.
#include "exastro/encoding.h"
#include "exastro/release.h"
#include "fuzz/fuzz.h"
#include "stream/gzip.h"

using namespace exastro;

namespace {

std::string packed(std::string_view json) {
  fuzz::Collected gzip;
  stream::GzipCompressor compressor(gzip, 1);
  fuzz::feed(compressor, json, json.size());
  return base64_encode(base64_encode(gzip.text));
}

void read(std::string_view record) {
  fuzz::accepts([&] {
    const Release release = parse_release_record(record);
    static_cast<void>(release.component());
    static_cast<void>(platform_names(release));
    static_cast<void>(it_automation_names(release));
    static_cast<void>(keycloak_params_name(release) + keycloak_secret_name(release));
    fuzz::expect(!version_older(release.app_version, release.app_version), "a version is not older than itself");
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::as_text(data, size).substr(1);
  if (data[0] % 2 == 0) {
    read(packed(text));
  } else {
    read(text);
    fuzz::accepts([&] { fuzz::expect(base64_decode(base64_encode(text)) == text, "base64 goes both ways"); });
    static_cast<void>(fuzz::accepts([&] { static_cast<void>(base64_decode(text)); }));
  }
  return 0;
}
