# One place for the language level, the warnings and the sanitizers.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

option(EXASTRO_STATIC "One static, stripped program, the same bytes wherever it is built" OFF)
# Where the sources lie is no part of the program; and what nobody calls can be left out of it. In every build, so that
# ccache compiles once for all of them.
add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -ffunction-sections -fdata-sections)
if(EXASTRO_STATIC)
  add_link_options(-s -Wl,--build-id=none)
endif()

set(EXASTRO_SANITIZE "" CACHE STRING "Sanitizers to build with, as in -fsanitize=: address,undefined or thread")
option(EXASTRO_FUZZ "Build the fuzz targets with libFuzzer, which needs clang" OFF)

# Everything of ours links this; it carries the warnings, so that headers of libraries are not judged by them.
add_library(exastro_flags INTERFACE)
target_compile_options(exastro_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
target_include_directories(exastro_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overlaps in its own std::string (GCC bug 105651, mended in 13).
  target_compile_options(exastro_flags INTERFACE -Wno-restrict)
endif()
if(EXASTRO_SANITIZE)
  target_compile_options(exastro_flags INTERFACE -fsanitize=${EXASTRO_SANITIZE} -fno-omit-frame-pointer -g)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # With the sanitizers' code in it, GCC 12 takes its own <regex> for uninitialized. The other builds keep the warning.
    target_compile_options(exastro_flags INTERFACE -Wno-maybe-uninitialized)
    if(EXASTRO_SANITIZE MATCHES "thread")
      # Asio's fences, which this sanitizer does not follow: everything else it does.
      target_compile_options(exastro_flags INTERFACE -Wno-tsan)
    endif()
  endif()
  target_link_options(exastro_flags INTERFACE -fsanitize=${EXASTRO_SANITIZE})
endif()

if(EXASTRO_FUZZ)
  target_compile_options(exastro_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
