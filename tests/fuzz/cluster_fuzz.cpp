// What kubectl and the pods print: objects, the maintenance record, rows of the client, reports of the scripts; and the
// accounts that a backup holds.
#include "exastro/account.h"
#include "exastro/maintenance_record.h"
#include "exastro/workload.h"
#include "fuzz/fuzz.h"
#include "kube/pod_shell.h"
#include "kube/remote_script.h"
#include "sequence/database.h"

using namespace exastro;

namespace {

void read_workloads(const Json& object) {
  const Json items = object.is_array() ? object : Json::array({object});
  fuzz::accepts([&] {
    for (const auto& workload : parse_workloads(items.get<std::vector<Json>>())) {
      static_cast<void>(workload.reference());
      for (const auto& item : items) static_cast<void>(owns_pod(workload, item));
      static_cast<void>(claims_of(workload.pod_template));
    }
  });
  for (const auto& item : items) {
    fuzz::accepts([&] { static_cast<void>(is_live(item)); });
    fuzz::accepts([&] { static_cast<void>(claims_of(item)); });
    fuzz::accepts([&] { static_cast<void>(last_set_by(item)); });
  }
}

void read_record(const Json& object) {
  fuzz::accepts([&] {
    const Json text = to_config_map(parse_config_map(object));
    fuzz::expect(to_config_map(parse_config_map(text)) == text, "a record is read as written");
  });
}

void read_texts(const std::string& text) {
  const auto plain = kube::parse_plain(text, "mark");
  fuzz::expect(!plain || text.starts_with(plain->text), "what a script printed is what it printed");
  static_cast<void>(kube::parse_report(text));
  static_cast<void>(kube::is_heartbeat(text));
  for (const auto& row : parse_rows(text)) fuzz::expect(!row.empty(), "a row has a column");
  static_cast<void>(without_hashes(text));
  fuzz::accepts([&] {
    for (const auto& account : parse_accounts(text)) {
      for (const auto& grant : account.grants) static_cast<void>(grant_without_authentication(grant));
      static_cast<void>(create_or_replace(account.create));
    }
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::as_text(data, size));
  read_texts(text);
  const Json object = Json::parse(text, nullptr, false);
  if (object.is_discarded()) return 0;
  read_workloads(object);
  read_record(object);
  // A ConfigMap holds the record as text, which a fuzzer would have to escape.
  read_record({{"metadata", {{"name", "r"}, {"namespace", "n"}}}, {"data", {{"record.json", text}}}});
  return 0;
}
