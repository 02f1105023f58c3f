# The libraries, all from Debian 12. EXASTRO_STATIC takes their archives, for one program that needs nothing of the machine
# it runs on.
if(EXASTRO_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(OPENSSL_USE_STATIC_LIBS ON)
  # Of libarchive's formats we use tar alone. What the others need, some of it not to be had as an archive, is referred to
  # from functions that nobody calls: they are left out before the linker asks for it.
  # Not warned: libcrypto can look up hosts and load modules, with libraries of the machine's; we let it do neither.
  add_link_options(-static -Wl,--gc-sections,--no-warnings)
endif()

find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(nlohmann_json REQUIRED)
find_package(LibArchive REQUIRED)
find_package(CLI11 REQUIRED)

# Boost.Process v2 and Asio are headers; filesystem is what v2 passes paths in. Its archive goes into every build, so that
# they all compile with the same flags, and ccache compiles for one what it has for the other.
set(Boost_USE_STATIC_LIBS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS filesystem system)

find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
add_library(exastro_fmt INTERFACE)
add_library(exastro_yaml INTERFACE)
if(EXASTRO_STATIC)
  # Debian has no archive of fmt; all its code is in its headers.
  add_library(exastro_fmt_archive STATIC cmake/fmt.cpp)
  target_compile_definitions(exastro_fmt_archive PUBLIC FMT_SHARED)  # as fmt::fmt has it
  target_link_libraries(exastro_fmt INTERFACE exastro_fmt_archive)
  find_library(EXASTRO_YAML_ARCHIVE yaml-cpp REQUIRED)
  target_link_libraries(exastro_yaml INTERFACE ${EXASTRO_YAML_ARCHIVE})
else()
  target_link_libraries(exastro_fmt INTERFACE fmt::fmt)
  target_link_libraries(exastro_yaml INTERFACE yaml-cpp)
endif()
