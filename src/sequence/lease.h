// One run at a time per release: a Lease in the cluster that is held, and renewed, while a run changes things.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "kube/cluster.h"

namespace exastro {

struct LeaseHolder {
  std::string name;    // "operation by person, begun time"
  bool alive = false;  // it was renewed while it was watched
};

// Who holds a lease, for whoever finds it held.
std::string holder_text(const std::string& operation, const std::string& person, const std::string& begun);

class Lease {
 public:
  struct Options {
    std::chrono::milliseconds duration{15'000};  // not renewed for so long, it is free
    std::chrono::milliseconds renewal{3'000};    // by who holds it, so often
  };

  // Takes it. If it is another's, watches whether that one renews it: for `duration` by this machine's clock, since two
  // machines' clocks cannot be compared. Throws Error (kBusy) that names the holder if it does. `on_wait` is called
  // once, with the holder, before the watching begins.
  Lease(kube::Cluster& cluster, std::string in_namespace, std::string release, std::string holder, Options options,
        const std::function<void(const std::string& holder)>& on_wait);
  // Gives it back, unless it is another's by now.
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  // Renews it now. Throws Error (kBusy) if another has taken it meanwhile: a laptop that slept has lost it.
  void confirm();

  // The object that it is in the cluster.
  static kube::ObjectName object(const std::string& release);
  // Who holds a lease that was read, and, watching for `duration`, whether it lives.
  static LeaseHolder look(kube::Cluster& cluster, const kube::Json& lease, std::chrono::milliseconds duration);
  // What to tell a person before another's lease is watched.
  static std::string watching_text(const std::string& holder, const Options& options);

 private:
  void acquire(const std::function<void(const std::string&)>& on_wait);
  void renew();
  void renew_while_held();

  kube::Cluster& cluster_;
  std::string namespace_;
  std::string name_;
  std::string holder_;
  Options options_;
  std::mutex mutex_;  // of all below
  std::condition_variable wake_;
  kube::Json object_;  // as the server has it
  // By the clock that goes on while a laptop sleeps.
  std::chrono::system_clock::time_point renewed_ = std::chrono::system_clock::now();
  bool lost_ = false;
  bool released_ = false;
  std::thread renewer_;
};

}  // namespace exastro
