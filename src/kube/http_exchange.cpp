#include "kube/http_exchange.h"

#include <unistd.h>

#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <limits>

#include "process/interrupt.h"

namespace exastro::kube {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using process::Interrupt;

constexpr std::uint64_t kMostBody = 256ULL * 1024 * 1024;
constexpr unsigned kHttp11 = 11;

class Exchange {
 public:
  Exchange(const HttpRequest& request, const OnPart& on_part)
      : on_part_(on_part), socket_(context_), interrupt_(context_), deadline_(context_) {
    request_.version(kHttp11);
    request_.method_string(request.method);
    request_.target(request.target);
    request_.set(http::field::host, "localhost");  // what `kubectl proxy` lets in
    // Not the name of a browser or of curl: those are answered in indented lines.
    request_.set(http::field::user_agent, "kubectl-exastro");
    request_.set(http::field::accept, request.accept);
    if (!request.body.empty()) request_.set(http::field::content_type, request.content_type);
    request_.body() = request.body;
    request_.prepare_payload();
    request_.keep_alive(false);
    parser_.body_limit(on_part ? std::numeric_limits<std::uint64_t>::max() : kMostBody);
  }

  HttpResponse run(const std::filesystem::path& path, std::chrono::milliseconds timeout) {
    watch_interrupt();
    deadline_.expires_after(timeout);
    deadline_.async_wait([this](error_code error) {
      if (error) return;
      timed_out_ = true;
      end({});
    });
    socket_.async_connect(asio::local::stream_protocol::endpoint(path.string()), [this](error_code error) {
      if (error) return end(error);
      http::async_write(socket_, request_, [this](error_code write_error, std::size_t) {
        sent_ = true;
        if (write_error) return end(write_error);
        http::async_read_header(socket_, buffer_, parser_,
                                [this](error_code read_error, std::size_t) { took(read_error); });
      });
    });
    context_.run();
    if (thrown_) std::rethrow_exception(thrown_);
    if (interrupted_) throw process::Interrupted();
    if (timed_out_) throw NoResponse("no answer in time", sent_, true);
    if (error_) throw NoResponse(error_.message(), sent_, false);
    return {static_cast<int>(parser_.get().result_int()), std::move(parser_.get().body())};
  }

 private:
  // After the header, and after every part of the body.
  void took(error_code error) {
    if (error) return end(error);
    if (on_part_ && parser_.get().result_int() < 300 && !goes_on()) return end({});
    if (parser_.is_done()) return end({});
    http::async_read_some(socket_, buffer_, parser_, [this](error_code read_error, std::size_t) { took(read_error); });
  }

  bool goes_on() {
    try {
      return on_part_(parser_.get().body());
    } catch (...) {
      thrown_ = std::current_exception();
      return false;
    }
  }

  void watch_interrupt() {
    if (Interrupt::descriptor() < 0 || Interrupt::shielded()) return;
    interrupt_.assign(::dup(Interrupt::descriptor()));
    interrupt_.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
      if (error) return;
      interrupted_ = true;
      end({});
    });
  }

  void end(error_code error) {
    if (ended_) return;
    ended_ = true;
    error_ = error;
    error_code ignored;
    socket_.close(ignored);
    interrupt_.close(ignored);
    deadline_.cancel();
  }

  const OnPart& on_part_;
  asio::io_context context_;
  asio::local::stream_protocol::socket socket_;
  asio::posix::stream_descriptor interrupt_;
  asio::steady_timer deadline_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> parser_;
  std::exception_ptr thrown_;
  error_code error_;
  bool sent_ = false;
  bool timed_out_ = false;
  bool interrupted_ = false;
  bool ended_ = false;
};

}  // namespace

HttpResponse exchange(const std::filesystem::path& socket, const HttpRequest& request,
                      std::chrono::milliseconds timeout, const OnPart& on_part) {
  Interrupt::throw_if_requested();
  return Exchange(request, on_part).run(socket, timeout);
}

}  // namespace exastro::kube
