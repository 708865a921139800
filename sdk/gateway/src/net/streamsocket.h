// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/descriptor.h"

#include <sys/socket.h>

namespace Watchword::Gateway::Net {

/*
    Sockets of streams that never block, that no child inherits, and that give an error instead of a signal when their peer is
   gone. Linux says so in the call that makes them; other systems need further calls.
*/

//! Empty with errno set if there is none.
UniqueDescriptor streamSocket(int family);
//! The same of a connection that waits at \a listening; empty with errno set if none does.
UniqueDescriptor acceptedSocket(int listening, sockaddr_storage &peer);
//! Sends what fits. As send(2), and it raises no SIGPIPE for a socket of the calls above.
ssize_t sendQuietly(int descriptor, const void *from, std::size_t size);

} // namespace Watchword::Gateway::Net
