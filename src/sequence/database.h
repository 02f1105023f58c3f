// One MariaDB server, worked on by the client programs in a pod. No password is ever in an argument list, an
// environment or a file: the option file of the client is a here-document of the script, fed from standard input.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "exastro/account.h"
#include "kube/cluster.h"
#include "sequence/delivery.h"
#include "sequence/staging.h"

namespace exastro {

struct Login {
  std::string host;
  std::string port;
  std::string user;
  std::string password;
};

// The [client] group of an option file.
std::string option_file(const Login& login);

using Row = std::vector<std::string>;

// What `mariadb --batch` prints, one row a line: tabs between, and \t \n \0 \\ for what would break that.
std::vector<Row> parse_rows(const std::string& batch_output);

// Without passwords and their hashes: an error text may quote the statement that failed.
std::string without_hashes(std::string text);

class Database {
 public:
  // `confidential` are texts that no error may show. The cluster must outlive this.
  Database(kube::Cluster& cluster, kube::Pod pod, const Login& login, std::vector<std::string> confidential = {});

  // Runs statements, separated by semicolons; gives the rows of all of them. Throws Error with the server's words.
  std::vector<Row> query(const std::string& sql);

  // Questions of one or more statements each, and what takes the rows of each. Turns are asked one after the other, so
  // that one may follow from what an earlier one was answered. All in one session: starting a program in a pod takes
  // longer than most answers. Throws Error with the server's words.
  struct Turn {
    std::function<std::vector<std::string>()> questions;  // none: the turn is left out
    std::function<void(const std::vector<std::vector<Row>>&)> take;
  };
  void ask(const std::vector<Turn>& turns);

  // Dumps one database with its routines, events, triggers and sequences, as compressed SQL. Throws Error if
  // any program of the pipeline failed. That the dump is complete is the caller's to check, in what it got.
  void dump(const std::string& database, archive::Encoding encoding, const kube::ByteHandler& sink,
            const kube::DigestOf& digest);

  // Dumps several, in the pod, into files that are kept there: one each, in their order. All see one state: a session
  // holds FLUSH TABLES WITH READ LOCK until the last has ended, so that what still runs waits with its writes, for
  // tables outside transactions, too. The note says why, if that lock was not given. Throws Error, and StagingFull.
  Staged stage_dumps(const StagingRequest& request);

  // Loads `size` bytes of compressed SQL, byte for byte: without --binary-mode the client would drop CR from
  // routine bodies and obey `\!` in data, and without --comments it would drop the comments in those bodies. The first
  // line that newer dumps have, and older clients stop on, is taken off. If `plain_end` is not 0, only that many bytes
  // of the SQL are loaded.
  void load(archive::Encoding encoding, std::uint64_t size, const kube::ByteSource& source,
            const kube::DigestOf& digest, std::uint64_t plain_end = 0);

  // The same for several that were delivered into this one's pod, so many at the same time, in their order. They run
  // detached there: a connection that breaks does not end them. `group` as of stage(). Throws Error.
  struct DeliveredDump {
    std::string database;
    Delivered file;
    std::uint64_t plain_end = 0;
  };
  void load_delivered(const std::string& group, const std::vector<DeliveredDump>& dumps, unsigned slots);

  // Holds a lock of this name on this server while it asks the other for it: whether both are one server, whatever
  // their names.
  bool is_same_server(Database& other, const std::string& lock_name);

  // Whether objects can be created that run as another account: SUPER, or SET USER since MariaDB 10.5. Managed servers
  // give neither.
  bool may_set_definers();

  // What each account is and may do. Throws Error if there is no such account.
  std::vector<Account> accounts(const std::vector<AccountName>& names);

 private:
  [[nodiscard]] kube::Script script(const std::string& text, std::vector<std::string> arguments = {}) const;
  [[nodiscard]] std::string redacted(std::string text) const;
  // Calls `work`; what it throws shows nothing confidential.
  template <typename Work>
  auto speaking_safely(Work work);

  kube::Cluster& cluster_;
  kube::Pod pod_;
  std::string options_;
  std::vector<std::string> confidential_;
};

}  // namespace exastro
