#include <skald/projection/dispatcher.hpp>

#ifdef REJECTED
#include <skald/actors/node.hpp>
#endif
