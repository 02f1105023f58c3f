#include "sequence/unpacked_files.h"

#include <fmt/format.h>

#include "process/interrupt.h"
#include "sequence/backup_plan.h"
#include "sequence/member_source.h"
#include "ui/step.h"

namespace exastro {

UnpackedFiles::~UnpackedFiles() {
  if (!unpacked_) return;
  const process::Interrupt::Shield shield;
  try {
    (again_ ? *again_ : files_).discard_unpacked();
    return;
  } catch (const Error&) {
    // Its pod may be what went wrong.
  }
  try {
    reach_again_().discard_unpacked();
  } catch (const Error& error) {
    reporter_.warning(
        fmt::format("What was unpacked beside the shared files (.exastro-restore-*) is left there: {}", error.what()));
  }
}

void UnpackedFiles::unpack(const archive::BackupReader& reader, const std::string& member, archive::Encoding understood,
                           const std::optional<Delivered>& delivered) {
  files_.discard_unpacked();
  unpacked_ = true;
  if (delivered) {
    ui::Step step(reporter_, "Unpacking the shared files beside the present ones");
    files_.unpack_delivered(run_id_, *delivered);
    return step.done();
  }
  MemberSource source(reader, member, {}, understood);
  const std::uint64_t size = source.size();
  ui::Step step(reporter_, "Unpacking the shared files beside the present ones", size);
  files_.unpack_beside(
      run_id_, source.encoding(), size,
      [&](std::span<std::byte> room) {
        const std::size_t count = source.read(room);
        step.add(count);
        return count;
      },
      [&] { return source.digest(); });
  step.done();
}

void UnpackedFiles::take_their_place(bool keep_extra) {
  ui::Step step(reporter_, "Putting the shared files in place");
  was_begun_ = true;
  replace(keep_extra);
  unpacked_ = false;
  step.done();
}

void UnpackedFiles::put_back(SharedFiles files) {
  if (!was_begun_) return;
  again_.emplace(std::move(files));
  again_->put_back(run_id_);
  unpacked_ = true;
}

void UnpackedFiles::settle(bool keep_extra) {
  SharedFiles& files = again_ ? *again_ : files_;
  try {
    std::vector<std::string> kept;
    if (keep_extra) {
      kept = files.merge_extra(run_id_);
      if (!kept.empty()) {
        reporter_.warning(
            fmt::format("What the backup does not have could not be moved to its place everywhere; it was "
                        "kept here, among the old files: {}",
                        some_of(kept)));
      }
    }
    const auto trees = files.discard_all(run_id_);
    if (!trees.empty() && kept.empty()) {
      reporter_.warning(
          fmt::format("A restore with --keep-extra has left old shared files, which are still there: {}. "
                      "Another one moves them over; if you do not want them, remove them.",
                      some_of(trees)));
    }
  } catch (const Error& error) {
    reporter_.warning(fmt::format("The old shared files (.exastro-old-*) could not be removed: {}", error.what()));
  }
}

void UnpackedFiles::replace(bool keep_extra) {
  // New files beside old databases would be worse than either.
  const process::Interrupt::Shield shield;
  try {
    files_.replace(run_id_, keep_extra);
    return;
  } catch (const kube::StreamCut& error) {
    reporter_.warning(fmt::format("{} It is brought to its end over another connection.", error.what()));
  }
  again_.emplace(reach_again_());
  again_->replace(run_id_, keep_extra, true);
}

}  // namespace exastro
