// What a restore needs, brought into the maintenance pods while everything still runs: a line that is slow or breaks
// then costs no outage, and leaves no database half loaded.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "archive/manifest.h"
#include "kube/cluster.h"
#include "sequence/member_source.h"

namespace exastro {

struct Delivered {
  std::string name;  // of its file in the pod
  archive::Encoding encoding = archive::Encoding::kGzip;
  std::map<std::string, std::uint64_t> removed_definers;  // on the way, by account
};

// Given how many bytes went. May throw, which ends what it is told of.
using Passed = std::function<void(std::uint64_t bytes)>;
using Delivery = std::function<void(const Passed& passed)>;

// Streams what `make_source` makes into a file in the pod. If the stream breaks it is begun again, with another source,
// until no byte has gone for some minutes or the pod is gone. Throws Error.
Delivered deliver(kube::Cluster& cluster, const kube::Pod& pod, const std::string& name,
                  const std::function<std::unique_ptr<MemberSource>()>& make_source, const Passed& passed);

// Shell functions for a script of stage(): `from_delivered NAME ENCODING …` unpacks the file into the script's function
// `consume …`. Its status is that function's, or else the unpacking's.
std::string delivered_functions();

}  // namespace exastro
