#pragma once

#include "request.hpp"
#include <skald/actors/node.hpp>

#include <string>

namespace tools {

/// Lets the node do it, and makes the members of the answer. The node outlives the task, which throws what the node
/// does. Resumes on the executor of whoever awaits it.
skald::task<std::string> perform(skald::node& node, operation what);

} // namespace tools
