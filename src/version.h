// The program's version, from CMake's project().
#pragma once

namespace exastro {

inline constexpr const char* kVersion = EXASTRO_VERSION;

}  // namespace exastro
