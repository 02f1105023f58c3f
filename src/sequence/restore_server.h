// Putting back what one server had: accounts, databases, grants, in this order.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "sequence/connection_records.h"
#include "sequence/member_source.h"
#include "sequence/restore.h"
#include "sequence/restore_check.h"

namespace exastro {

// Where it is written down that a server's max_allowed_packet is raised, before it is, and that it is put back.
struct PacketNotes {
  std::function<void(const std::string& server, std::uint64_t bytes_before)> raising;
  std::function<void(const std::string& server)> put_back;
};

class ServerRestore {
 public:
  // All of these must outlive it. The inventory is of the server as it is now. `understood` is
  // what the pods can unpack, as best_encoding() gives it.
  ServerRestore(const ProvedBackup& backup, const System& system, StockedServer& stocked, const RestoreRequest& request,
                archive::Encoding understood, ui::Reporter& reporter, PacketNotes notes = {});
  // Puts the server's packet size back.
  ~ServerRestore();
  ServerRestore(const ServerRestore&) = delete;
  ServerRestore& operator=(const ServerRestore&) = delete;

  // Whose pod reaches this server.
  [[nodiscard]] const Side& side() const { return *stocked_.server.sides.front(); }
  [[nodiscard]] const ServerFacts& facts() const { return stocked_.inventory.server; }
  // Of the accounts that it brings.
  [[nodiscard]] std::vector<std::string> users() const;

  // While nothing is changed yet: raises max_allowed_packet if the data needs it, and finds out whether DEFINER clauses
  // can be kept. Throws Error if the server cannot take this backup.
  void prepare();

  // After prepare(): what is to be loaded, as the backup keeps it and as SQL, in bytes, and the deliveries that bring
  // it into the pod of the server, plain or as it is compressed. They must all be made before anything is replaced, or
  // none. `slots` loads then run at the same time.
  [[nodiscard]] std::uint64_t stored_bytes() const;
  [[nodiscard]] std::uint64_t plain_bytes() const;
  std::vector<Transfer> deliveries(kube::Cluster& cluster, const kube::Pod& pod, StagedForm form, unsigned slots);

  // The steps that replace, in this order, each on all servers before the next: what the backup does not have is
  // dropped while the records still name it; grants need tables and routines, and the names of views, which a dump
  // makes before the views themselves; a view needs its definer's grants, and may need tables of any database.
  void end_sessions();
  void drop_extra();
  void create_accounts();
  // `before_drop` is called before the databases are dropped, and may throw.
  void load_databases(const std::function<void()>& before_drop);
  void grant();
  void load_views();
  // As the destructor does, but while the pod that reaches the server is still there.
  void put_back_packet();
  // The server is reached no more through its pod: who follows the record puts it back.
  void leave_packet_to_record() { packet_before_ = 0; }
  // What the application logs in with is brought to this server.
  void move_records(const KeyOf& key_of);
  // Tells of that, of databases that nothing names, and of DEFINER clauses that were taken out.
  void look_back();

 private:
  struct DatabaseMember {
    std::string name;
    std::string member;
  };
  // One load, of many at the same time.
  struct Load {
    const DatabaseMember* database = nullptr;
    DumpCut cut;
    std::uint64_t plain_end = 0;  // as Database::load() takes it
    std::optional<Delivered> delivered;
  };
  void plan_loads();
  // All of them, so many at the same time (0: as many as this machine has processors). `group` as of stage().
  void load_all(const std::string& what, const char* group, const std::vector<Load>& loads, unsigned jobs);
  void load_delivered(const std::string& what, const char* group, const std::vector<Load>& loads, unsigned slots);
  void count_removed(const std::map<std::string, std::uint64_t>& removed);
  void load(const Load& load, const Passed& passed);
  [[nodiscard]] std::map<std::string, std::string> secret_passwords() const;
  void set_packet(std::uint64_t bytes);

  const ProvedBackup& backup_;
  const System& system_;
  StockedServer& stocked_;
  const RestoreRequest& request_;
  archive::Encoding understood_;
  ui::Reporter& reporter_;
  PacketNotes notes_;
  std::vector<DatabaseMember> databases_;
  std::vector<Account> accounts_;
  std::vector<std::string> left_accounts_;  // that the server uses for others, too
  bool has_accounts_ = false;
  bool strip_definers_ = false;
  std::vector<Load> dumps_;  // the largest first
  std::vector<Load> views_;
  unsigned slots_ = 0;               // of delivered ones; 0: nothing was delivered
  const std::string id_;             // in the names of what is kept in the pod, where other restores may have been
  std::uint64_t packet_before_ = 0;  // 0: not changed
  std::uint64_t packet_ = 0;         // that the data needs, if it was changed
  std::mutex mutex_;
  std::map<std::string, std::uint64_t> removed_definers_;  // with the mutex
  RecordChanges records_;
  std::vector<std::string> unclaimed_;
};

}  // namespace exastro
