# The libraries, all from Debian 12.
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(LibArchive REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
# Boost.Process v2 and Asio are headers; filesystem is what v2 passes paths in.
find_package(Boost 1.81 REQUIRED COMPONENTS filesystem system)
