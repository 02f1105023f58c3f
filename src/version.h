// The program's version, from CMake's project(), and where it lives.
#pragma once

namespace exastro {

inline constexpr const char* kVersion = EXASTRO_VERSION;
inline constexpr const char* kDocuments = "https://github.com/exastro-suite/kubectl-exastro/blob/main/docs/";

}  // namespace exastro
