// What a maintenance pod keeps for another run: JSON that this program wrote, and that may have been damaged since.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "archive/damaged.h"
#include "stream/json_text.h"

namespace exastro {

// Gives read(JSON of `text`). Throws Error (kDamaged) if it is none, or not what `read` expects.
template <typename Read>
auto read_kept(std::string_view text, Read read) {
  const auto unreadable = [](const char* why) {
    return archive::damaged(fmt::format("What the maintenance pod keeps cannot be read: {}", why));
  };
  try {
    return read(stream::parse_json(text));
  } catch (const nlohmann::json::exception& error) {
    throw unreadable(error.what());
  } catch (const stream::JsonError& error) {
    throw unreadable(error.what());
  }
}

}  // namespace exastro
