#include <skald/projection/handler.hpp>

namespace skald::detail {

void throw_undecodable(const record& r, const error& why) {
  throw failure{why.code, "the data of event " + r.id.str() + " ('" + r.type + "', stream '" + r.stream.str() +
                            "', revision " + std::to_string(r.revision.value) +
                            ") does not fit its handler: " + why.message};
}

} // namespace skald::detail
