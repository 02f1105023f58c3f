// Kubernetes' way to write amounts: "500M", "1.5Gi", "2e9".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace exastro {

// In whole units, of a storage size bytes, rounded down. Absent if it is no quantity, or negative.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
std::optional<std::uint64_t> parse_quantity(std::string_view text);

}  // namespace exastro
