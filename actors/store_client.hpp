#pragma once

#include <skald/actors/interfaces.hpp>
#include <skald/actors/link.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace skald::actors {

/// Sends work to the store actor and the reader actors of a node. Thread-safe. After `end`, every answer is
/// `broken_promise`.
class store_client {
public:
  store_client(store_actor writer, std::vector<reader_actor> readers, gate& append_bytes);

  /// Appends with the next group commit. Errors: `overloaded` if too many bytes wait, those of `event_store::append`.
  void append(append_request request, promise<receipt> answer) const;

  /// Saves a snapshot after the next group commit. Errors: those of `event_store::save_snapshots`.
  void save(snapshot s, promise<void> answer) const;

  /// Hydrates records. Errors: `overloaded` if too many bytes wait, those of `event_store::hydrate`.
  void hydrate(std::vector<record> records, promise<hydrate_report> answer) const;

  /// Runs `work(event_store&)`, which returns a `result<T>`, on the store's thread, after the appends sent before.
  template <class T, class Work>
  void write(Work work, promise<T> answer) const {
    auto run = [work = std::move(work), answer = std::move(answer)](event_store& s) mutable {
      answer.deliver(work(s));
    };
    writer_.send(write_work{std::make_shared<std::function<void(event_store&)>>(std::move(run))});
  }

  /// Runs `work(const event_store&)`, which returns a `result<T>`, on the thread of one of the readers.
  template <class T, class Work>
  void read(Work work, promise<T> answer) const {
    auto run = [work = std::move(work), answer = std::move(answer)](const event_store& s) mutable {
      answer.deliver(work(s));
    };
    readers_[next_reader_++ % readers_.size()]->send(
      read_work{std::make_shared<std::function<void(const event_store&)>>(std::move(run))});
  }

  /// Ends the actors and drops their handles. Their threads last as long as a handle does.
  void end();

private:
  link<store_actor> writer_;
  std::vector<std::unique_ptr<link<reader_actor>>> readers_;
  gate& append_bytes_;
  mutable std::atomic<std::size_t> next_reader_{0};
};

} // namespace skald::actors
