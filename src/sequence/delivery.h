// What a restore needs, brought into the maintenance pods while everything still runs: a line that is slow or breaks
// then costs no outage, and leaves no database half loaded.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/manifest.h"
#include "kube/cluster.h"
#include "sequence/member_source.h"
#include "sequence/staging.h"
#include "ui/step.h"

namespace exastro {

// Given how many bytes went. May throw, which ends what it is told of.
using Passed = std::function<void(std::uint64_t bytes)>;
using Transfer = std::function<void(const Passed& passed)>;

// Makes all of them, so many at the same time as each_in_parallel() takes it, and shows in the step what went. Throws
// what one of them throws.
void make_all(const std::vector<Transfer>& transfers, ui::Step& step, unsigned threads);

struct Delivered {
  std::string name;                                       // of its file in the pod
  archive::Encoding encoding = archive::Encoding::kGzip;  // if it is compressed
  StagedForm form = StagedForm::kCompressed;
};

// Streams the source into a file in the pod: as it is, or if it is a dump that is to be `plain`, unpacked to where that
// says (0: to the end), as dump_functions() pass it on. If the stream breaks it is begun again from the source's
// beginning, until no byte has gone for some minutes or the pod is gone. Throws Error.
Delivered deliver(kube::Cluster& cluster, const kube::Pod& pod, const std::string& name, MemberSource& source,
                  const Passed& passed, std::optional<std::uint64_t> plain = {});

// For stage(), of what uses delivered files: nothing ends it half-way, however long it takes. `task` as there.
StagingRequest use_of_delivered(std::string group, std::string task);

// Shell functions for that script: `from_delivered NAME ENCODING …` decodes the file, with the script's `decode`, which
// finds a `decompress` for it, into its `consume …`. The status is that one's, or else the decoding's.
// `with_delivered NAME COMMAND …` runs the command with a plain one as its input, and removes it if that went well.
std::string delivered_functions();

// A shell function `sql END`, from standard input to standard output: a dump to byte END (0: to its end), without the
// first line of newer ones, which older clients take for a statement. The status is 0 if all of that was passed on;
// what is behind it is still to be read.
std::string dump_functions();

}  // namespace exastro
