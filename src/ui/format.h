// Figures as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace exastro::ui {

// "0 B", "512 B", "1.5 KiB", "23.4 GiB".
std::string bytes_text(std::uint64_t bytes);

// "0.4 s", "59.9 s", "2 min 5 s", "1 h 2 min".
std::string duration_text(std::chrono::duration<double> duration);

// " --flag VALUE" for a shell and for a line of JSON; empty without a value, or if it would need more than single
// quotes.
std::string flag_text(const std::string& flag, const std::string& value);

// How the person calls the programs, so that what our texts tell to type leads to the same system. Flags are "", or
// begin with a space: " --context prod".
struct CallForm {
  std::string name = "kubectl exastro";  // this one: "helm exastro", say
  std::string flags = "";                // of its commands
  std::string kubectl_flags = "";        // of kubectl's own
  std::string helm_flags = "";           // of helm's own
  std::string namespace_flag = "";       // of ours that name no namespace by themselves
  std::string release_flags = "";        // and no release

  void set_namespace(const std::string& namespace_);
};

// Every text of ours says `kubectl exastro COMMAND`: the text in the person's form.
std::string as_called(const std::string& text, const CallForm& form);

}  // namespace exastro::ui
