#include <skald/store/record.hpp>

namespace skald {

std::string expected_revision::str() const {
  switch (kind_) {
    case kind::any: return "any";
    case kind::no_stream: return "no_stream";
    case kind::stream_exists: return "stream_exists";
    case kind::exactly: break;
  }
  return std::to_string(number_.value);
}

} // namespace skald
