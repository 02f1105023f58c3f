#include "cli/common.h"
#include "sequence/keys.h"
#include "version.h"

namespace exastro::cli {

Command add_keys(CLI::App& app) {
  Command command =
      add_command(app, "keys", "Show the encryption keys, or keep them in a file",
                  "  kubectl exastro keys                      fingerprints, to compare\n"
                  "  kubectl exastro keys -o exastro-keys.json the keys, in a file that you alone can read\n"
                  "  kubectl exastro keys --reveal             the keys, on the screen\n\n"
                  "Without its keys, no password that Exastro keeps in its databases can be read again. How to set "
                  "them by hand from\nthe file: " +
                      std::string(kDocuments) + "backup-format.md");
  const auto request = std::make_shared<KeysRequest>();
  command.app->add_flag("--reveal", request->reveal, "Show the keys themselves");
  command.app->add_option("-o,--file", request->file, "Write them into a new file, mode 0600")->type_name("FILE");
  command.run = [flags = command.flags, request](ui::Reporter& reporter) {
    kube::Kubectl cluster = make_cluster(*flags, reporter);
    show_keys(find(cluster, *flags, reporter), *request, reporter);
  };
  return command;
}

}  // namespace exastro::cli
