// The ENCRYPT_KEYs of a backup, set in the Secrets of the system that it is restored into.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "archive/backup_reader.h"
#include "sequence/system.h"

namespace exastro {

class KeyAdoption {
 public:
  // Both must outlive it.
  KeyAdoption(kube::Cluster& cluster, const System& system) : cluster_(cluster), system_(system) {}

  // Finds the keys that differ, by fingerprint. Throws Error (kDamaged) if the backup does not hold a key that it
  // names.
  void compare(const archive::BackupReader& backup);

  // Whether any key differs: then what the backup's databases keep encrypted could not be read under the present ones.
  [[nodiscard]] bool is_needed() const { return !adopted_.empty(); }
  // "Secret NAME in namespace NS, and …" of those that differ.
  [[nodiscard]] std::string secrets_text() const;
  // The key of a side as it is after apply().
  [[nodiscard]] const std::string& key_of(const Side& side) const;
  // What a person needs to be allowed.
  [[nodiscard]] std::vector<kube::Access> accesses() const;
  // Whether the keys are the ones that a restore which was cut off has replaced: putting them back needs no flag.
  [[nodiscard]] bool puts_back();

  // Throws Error if a Secret cannot be changed.
  void require_possible();
  // Keeps the present keys in a Secret of our own, then sets the others. No key is in an argument or an annotation.
  // `finishes_another`: a restore that was cut off may have kept those from before it, which are the ones to go back
  // to; whatever is kept otherwise has been left by one that nobody finished, and is of no use any more.
  void apply(bool finishes_another);
  // Sets the kept keys again, if apply() has replaced any.
  void undo();
  // What was kept is not needed any more.
  void settle();
  // Sentences about what would put the former keys back one day.
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  [[nodiscard]] std::string kept_name() const;
  [[nodiscard]] std::map<std::string, std::string> kept_keys();  // by side; empty: nothing is kept
  void keep_present(bool finishes_another);
  void set_key(const std::string& namespace_, const std::string& secret, const std::string& value);

  kube::Cluster& cluster_;
  const System& system_;
  std::map<std::string, std::string> adopted_;  // by side
  bool was_applied_ = false;                    // or tried
};

}  // namespace exastro
