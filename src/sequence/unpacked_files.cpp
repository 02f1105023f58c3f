#include "sequence/unpacked_files.h"

#include <fmt/format.h>

#include "process/interrupt.h"
#include "sequence/backup_plan.h"
#include "sequence/maintenance_run.h"
#include "sequence/member_source.h"
#include "ui/step.h"

namespace exastro {

UnpackedFiles::~UnpackedFiles() {
  if (!unpacked_) return;
  const process::Interrupt::Shield shield;
  try {
    reached().discard_unpacked();
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
  // New files beside old databases would be worse than either.
  const process::Interrupt::Shield shield;
  ui::Step step(reporter_, "Putting the shared files in place");
  was_begun_ = true;
  to_its_end([&](SharedFiles& files, bool goes_on) { files.replace(run_id_, keep_extra, goes_on); });
  unpacked_ = false;
  step.done();
}

void UnpackedFiles::put_back(SharedFiles files) {
  again_.emplace(std::move(files));
  if (!was_begun_) return;
  to_its_end([&](SharedFiles& reached, bool) { reached.put_back(run_id_); });
  unpacked_ = true;
}

void UnpackedFiles::settle(bool keep_extra) {
  if (keep_extra && !merge_extra()) return;
  try {
    const auto trees = reached().discard_all(run_id_);
    if (!keep_extra && !trees.empty()) reporter_.warning(old_trees_text(trees));
  } catch (const Error& error) {
    reporter_.warning(fmt::format("The old shared files (.exastro-old-*) could not be removed: {}", error.what()));
  }
}

bool UnpackedFiles::merge_extra() {
  const process::Interrupt::Shield shield;
  try {
    std::vector<std::string> kept;
    to_its_end([&](SharedFiles& files, bool) { kept = files.merge_extra(run_id_); });
    if (!kept.empty()) {
      reporter_.warning(
          fmt::format("What the backup does not have could not be moved to its place everywhere; it was "
                      "kept here, among the old files: {}",
                      some_of(kept)));
    }
    return true;
  } catch (const Error& error) {
    reporter_.warning(
        fmt::format("What the backup does not have was not, or not all of it, moved to its place: {} It is still in "
                    ".exastro-old-{}, beside the shared files: do not remove that before you have moved it yourself.",
                    sentence(error), run_id_));
    return false;
  }
}

void UnpackedFiles::to_its_end(const std::function<void(SharedFiles& files, bool goes_on)>& work) {
  try {
    work(reached(), false);
    return;
  } catch (const kube::StreamCut& error) {
    reporter_.warning(fmt::format("{} It is brought to its end over another connection.", sentence(error)));
  }
  again_.emplace(reach_again_());
  work(*again_, true);
}

}  // namespace exastro
