#include "sequence/member_source.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "archive/decoding.h"
#include "stream/definer_filter.h"
#include "stream/digest.h"
#include "stream/gzip.h"

namespace exastro {
namespace {

using archive::Encoding;

// Unpacked, a piece may be some thousand times as large, but it goes on at once to what compresses it again.
constexpr std::size_t kFilteredPiece = std::size_t{4} << 10;
constexpr std::size_t kWholePiece = std::size_t{256} << 10;
constexpr std::size_t kKept = std::size_t{1} << 20;
constexpr int kLevel = 1;

}  // namespace

// One way through the member.
class MemberSource::Pass {
 public:
  Pass(const archive::BackupReader& reader, const std::string& member, const DumpCut& cut, bool changed)
      : stored_(reader.stream(member, changed ? kFilteredPiece : kWholePiece)),
        out_([this](std::span<const std::byte> bytes) { ready_.insert(ready_.end(), bytes.begin(), bytes.end()); }) {
    first_ = &out_;
    if (!changed) return;
    compress_.emplace(out_, kLevel);
    first_ = &*compress_;
    if (cut.strip_definers) first_ = &strip_.emplace(*first_);
    if (!cut.ranges.empty()) first_ = &ranges_.emplace(*first_, cut.ranges);
    unpack_ = archive::make_decoder(reader.member(member).encoding, *first_);
    if (unpack_) first_ = unpack_.get();
  }

  std::size_t read(std::span<std::byte> room) {
    while (taken_ == ready_.size() && !ended_) advance();
    const std::size_t count = std::min(room.size(), ready_.size() - taken_);
    if (count > 0) std::memcpy(room.data(), ready_.data() + taken_, count);
    digest_.update(room.first(count));
    taken_ += count;
    return count;
  }

  // To the end, without giving anything out. Little, such as the views of a large dump, is kept.
  std::uint64_t measure() {
    std::uint64_t size = 0;
    std::vector<std::byte> kept;
    while (!ended_) {
      advance();
      size += ready_.size();
      if (size <= kKept) kept.insert(kept.end(), ready_.begin(), ready_.end());
    }
    keeps_all_ = size <= kKept;
    ready_ = std::move(kept);
    return size;
  }
  // Whether it can still be read from its beginning, measured as it is.
  [[nodiscard]] bool keeps_all() const { return keeps_all_; }

  std::string digest() { return digest_.hex(); }
  [[nodiscard]] std::map<std::string, std::uint64_t> removed() const {
    return strip_ ? strip_->removed() : std::map<std::string, std::uint64_t>{};
  }

 private:
  void advance() {
    ready_.clear();
    taken_ = 0;
    const auto piece = stored_.next();
    ended_ = piece.empty();
    if (ended_) {
      first_->finish();
    } else {
      first_->write(piece);
    }
  }

  archive::BackupReader::MemberStream stored_;
  std::vector<std::byte> ready_;
  std::size_t taken_ = 0;
  bool ended_ = false;
  bool keeps_all_ = false;
  stream::Digest digest_;
  stream::CallbackSink out_;
  std::optional<stream::GzipCompressor> compress_;
  std::optional<stream::DefinerFilter> strip_;
  std::optional<stream::RangeFilter> ranges_;
  std::unique_ptr<stream::Sink> unpack_;
  stream::Sink* first_ = nullptr;
};

MemberSource::MemberSource(const archive::BackupReader& reader, std::string member, DumpCut cut, Encoding understood)
    : reader_(reader),
      member_(std::move(member)),
      cut_(std::move(cut)),
      changed_(!cut_.ranges.empty() || cut_.strip_definers ||
               (reader.member(member_).encoding == Encoding::kZstd && understood != Encoding::kZstd)) {}
MemberSource::~MemberSource() = default;

Encoding MemberSource::encoding() const { return changed_ ? Encoding::kGzip : reader_.member(member_).encoding; }

std::uint64_t MemberSource::size() {
  if (!changed_) return reader_.member(member_).size;
  auto pass = std::make_unique<Pass>(reader_, member_, cut_, changed_);
  const std::uint64_t size = pass->measure();
  if (pass->keeps_all()) pass_ = std::move(pass);
  return size;
}

void MemberSource::rewind() { pass_.reset(); }

std::size_t MemberSource::read(std::span<std::byte> room) {
  if (!pass_) pass_ = std::make_unique<Pass>(reader_, member_, cut_, changed_);
  const std::size_t count = pass_->read(room);
  if (count == 0) removed_ = pass_->removed();
  return count;
}

std::string MemberSource::digest() {
  if (!pass_) pass_ = std::make_unique<Pass>(reader_, member_, cut_, changed_);
  // Past the last byte lies the proof that the member is the one that was verified.
  std::byte extra{};
  if (pass_->read({&extra, 1}) != 0) throw Error("The dump " + member_ + " is longer than it was measured to be.");
  removed_ = pass_->removed();
  return pass_->digest();
}

}  // namespace exastro
