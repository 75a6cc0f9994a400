#include <skald/store/checksum.hpp>

#include <skald/store/values/flags.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <string_view>

namespace skald {

namespace {

static_assert(XXH_VERSION_NUMBER >= 800, "XXH3 has given the same values only since xxHash 0.8.0");

/// Hashes numbers and texts. A number is eight bytes, the lowest first. A text follows its length.
class hasher {
public:
  hasher() noexcept { XXH3_64bits_reset(&state_); }

  void put(std::uint64_t number) noexcept {
    std::array<std::uint8_t, 8> bytes{};
    for (auto& byte : bytes) {
      byte = static_cast<std::uint8_t>(number);
      number >>= 8;
    }
    add(bytes.data(), bytes.size());
  }
  void put(std::string_view text) noexcept {
    put(std::uint64_t{text.size()});
    add(text.data(), text.size());
  }
  void put(const event_id& id) noexcept { add(id.bytes().data(), id.bytes().size()); }

  [[nodiscard]] std::uint64_t result() const noexcept { return XXH3_64bits_digest(&state_); }

private:
  void add(const void* bytes, std::size_t size) noexcept { XXH3_64bits_update(&state_, bytes, size); }

  XXH3_state_t state_;
};

} // namespace

std::uint64_t checksum_of(const record& r) { return checksum_of(r, r.data, r.meta); }

std::uint64_t checksum_of(const record& r, std::string_view data, std::string_view meta) {
  hasher hash;
  hash.put(r.position.value);
  hash.put(r.id);
  hash.put(r.stream.str());
  hash.put(r.revision.value);
  hash.put(r.type);
  hash.put(std::uint64_t{r.schema_version});
  hash.put(r.created.ticks());
  hash.put(r.recorded.ticks());
  hash.put(detail::flags_of(r));
  hash.put(data);
  hash.put(meta);
  hash.put(r.batch.str());
  return hash.result();
}

std::uint64_t checksum_of(const command_id& command, const receipt& given, timestamp kept) {
  hasher hash;
  hash.put(command.str());
  hash.put(kept.ticks());
  hash.put(given.first.value);
  hash.put(given.last.value);
  hash.put(std::uint64_t{given.revisions.size()});
  for (const auto number : given.revisions) hash.put(number.value);
  hash.put(given.answer);
  return hash.result();
}

} // namespace skald
