// From a member as it is stored to what it holds.
#pragma once

#include <memory>

#include "archive/manifest.h"
#include "stream/sink.h"

namespace exastro::archive {

// A sink that unpacks into `next`, which must outlive it; none for what is stored as it is.
std::unique_ptr<stream::Sink> make_decoder(Encoding encoding, stream::Sink& next);

}  // namespace exastro::archive
