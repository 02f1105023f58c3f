// Names as Kubernetes and MariaDB compare them where case does not matter.
#pragma once

#include <boost/algorithm/string/case_conv.hpp>
#include <locale>
#include <string>
#include <string_view>

namespace exastro {

// With A to Z as a to z, and every other byte as it is, whatever the person's language.
inline std::string lower_case(std::string_view text) {
  return boost::algorithm::to_lower_copy(std::string(text), std::locale::classic());
}

}  // namespace exastro
