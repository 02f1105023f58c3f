// Works that wait for something each, done at the same time.
#pragma once

#include <functional>
#include <vector>

namespace exastro {

// Calls each on a thread of its own and returns when all have ended. A shield of the caller shields them, too. What
// went wrong first is thrown then; that one was interrupted only if nothing else went wrong.
void side_by_side(const std::vector<std::function<void()>>& works);

}  // namespace exastro
