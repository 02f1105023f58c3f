// One HTTP request over a Unix socket, by Boost.Beast.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "error.h"

namespace exastro::kube {

struct HttpRequest {
  std::string method;
  std::string target;
  std::string body;  // JSON, of what kind `content_type` says; empty for none
  std::string content_type = "application/json";
  std::string accept = "application/json";
};

struct HttpResponse {
  int status = 0;
  std::string body;
  [[nodiscard]] bool good() const { return status >= 200 && status < 300; }
};

// No response, or not all of it.
class NoResponse : public Error {
 public:
  NoResponse(const std::string& message, bool sent, bool timed_out)
      : Error(message), sent_(sent), timed_out_(timed_out) {}
  [[nodiscard]] bool sent() const { return sent_; }  // the far side may have done what was asked
  [[nodiscard]] bool timed_out() const { return timed_out_; }

 private:
  bool sent_;
  bool timed_out_;
};

// Is given what has come of a good response's body since it was emptied, and takes out what it has understood. False
// ends the exchange.
using OnPart = std::function<bool(std::string& body)>;

// Throws NoResponse, and Interrupted as every wait does.
HttpResponse exchange(const std::filesystem::path& socket, const HttpRequest& request,
                      std::chrono::milliseconds timeout, const OnPart& on_part = {});

}  // namespace exastro::kube
