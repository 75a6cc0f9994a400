#pragma once

#include "events.hpp"
#include <skald/projection/handler.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace fines {

/// A folder of notices, one file each.
class notices {
public:
  /// Makes the folder where it is missing. Throws `std::runtime_error`.
  explicit notices(std::filesystem::path folder);

  /// Writes the notice about an event, durably. Its file is named after the event, so that one that is written again
  /// after a crash takes the place of the first, and nobody ever sees a part of one. Blocks; safe to use from several
  /// threads. Throws `std::runtime_error`.
  void write(const skald::event_id& about, const std::string& text);

  /// How many were written so far.
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }

private:
  std::filesystem::path folder_;
  std::atomic<std::uint64_t> written_{0};
};

/// Handlers. The disk is waited for on `threads`; they resume on the executor of the awaiting coroutine.
skald::task<void> notify(std::shared_ptr<notices> out, boost::asio::any_io_executor threads,
                         skald::record_of<penalty_added> r);
skald::task<void> notify(std::shared_ptr<notices> out, boost::asio::any_io_executor threads,
                         skald::record_of<sent_to_collection> r);

} // namespace fines
