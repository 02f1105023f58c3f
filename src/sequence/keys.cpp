#include "sequence/keys.h"

#include <fmt/format.h>

#include "archive/final_name.h"
#include "exastro/encryption_key.h"
#include "ui/table.h"

namespace exastro {
namespace {

constexpr const char* kKey = "ENCRYPT_KEY";

}  // namespace

std::string keys_json_text(const System& system) {
  Json keys = Json::array();
  for (const Side* side : {&system.platform, &system.ita}) {
    keys.push_back({{"side", side->id},
                    {"namespace", side->namespace_},
                    {"secret", side->names.global_secret},
                    {"key", kKey},
                    {"value", side->encrypt_key}});
  }
  return Json({{"keys", std::move(keys)}}).dump(1) + "\n";
}

void show_keys(const System& system, const KeysRequest& request, ui::Reporter& reporter) {
  std::vector<ui::Table::Column> columns{{"SIDE"}, {"NAMESPACE"}, {"SECRET"}, {"KEY"}, {"FINGERPRINT"}};
  if (request.reveal) columns.push_back({"VALUE"});
  ui::Table table(columns);
  Json keys = Json::array();
  for (const Side* side : {&system.platform, &system.ita}) {
    const std::string fingerprint = key_fingerprint(side->encrypt_key);
    std::vector<std::string> cells{side->id, side->namespace_, side->names.global_secret, kKey, fingerprint};
    Json key = {{"side", side->id},
                {"namespace", side->namespace_},
                {"secret", side->names.global_secret},
                {"key", kKey},
                {"fingerprint", fingerprint}};
    if (request.reveal) {
      cells.push_back(side->encrypt_key);
      key["value"] = side->encrypt_key;
    }
    table.add(std::move(cells));
    keys.push_back(std::move(key));
  }
  Json machine = {{"keys", std::move(keys)}};
  std::string text = table.text();
  if (!request.file.empty()) {
    archive::PrivateFile file(request.file);
    file.write(stream::as_bytes(keys_json_text(system)));
    file.finish();
    machine["file"] = request.file;
    text +=
        fmt::format("\nWritten to {}, readable by you alone: keep it apart from the system, and safe.\n", request.file);
  }
  reporter.result(machine, text);
}

}  // namespace exastro
