// SPDX-License-Identifier: Apache-2.0
#include "net/streamsocket.h"

#include <cstddef>

#include <fcntl.h>

namespace Watchword::Gateway::Net {

namespace {

// The system's calls take all families by this one.
sockaddr *anyFamily(sockaddr_storage &address)
{
    return reinterpret_cast<sockaddr *>(&address);
}

#ifndef __linux__
UniqueDescriptor prepared(UniqueDescriptor socket)
{
    if (socket.get() < 0)
        return socket;
    if (::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) | O_NONBLOCK) != 0
        || ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0)
        return {};
#ifdef SO_NOSIGPIPE
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    return socket;
}
#endif

} // namespace

UniqueDescriptor streamSocket(int family)
{
#ifdef __linux__
    return UniqueDescriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
#else
    return prepared(UniqueDescriptor(::socket(family, SOCK_STREAM, 0)));
#endif
}

UniqueDescriptor acceptedSocket(int listening, sockaddr_storage &peer)
{
    socklen_t size = sizeof peer;
#ifdef __linux__
    return UniqueDescriptor(::accept4(listening, anyFamily(peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
#else
    return prepared(UniqueDescriptor(::accept(listening, anyFamily(peer), &size)));
#endif
}

ssize_t sendQuietly(int descriptor, const void *from, std::size_t size)
{
#ifdef MSG_NOSIGNAL
    return ::send(descriptor, from, size, MSG_NOSIGNAL);
#else
    return ::send(descriptor, from, size, 0);
#endif
}

} // namespace Watchword::Gateway::Net
