// SPDX-License-Identifier: Apache-2.0
#include "net/socketend.h"

#include "net/streamsocket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <openssl/bio.h>

namespace Watchword::Gateway::Net {

namespace {

SocketEnd &endOf(BIO *bio)
{
    return *static_cast<SocketEnd *>(BIO_get_data(bio));
}

int bioRead(BIO *bio, char *to, int size)
{
    BIO_clear_retry_flags(bio);
    SocketEnd &end = endOf(bio);
    const std::ptrdiff_t count = end.read(to, std::size_t(size));
    if (count < 0 && end.isBlocked())
        BIO_set_retry_read(bio);
    return int(count);
}

int bioWrite(BIO *bio, const char *from, int size)
{
    BIO_clear_retry_flags(bio);
    SocketEnd &end = endOf(bio);
    const std::ptrdiff_t count = end.write(from, std::size_t(size));
    if (count < 0 && end.isBlocked())
        BIO_set_retry_write(bio);
    return int(count);
}

long bioControl(BIO *bio, int command, long, void *)
{
    if (command == BIO_CTRL_EOF)
        return endOf(bio).isAtEnd() ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *bioMethod()
{
    static BIO_METHOD *const method = [] {
        BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "watchword socket");
        BIO_meth_set_read(made, &bioRead);
        BIO_meth_set_write(made, &bioWrite);
        BIO_meth_set_ctrl(made, &bioControl);
        return made;
    }();
    return method;
}

} // namespace

BIO *SocketEnd::makeBio(SocketEnd &end)
{
    BIO *bio = BIO_new(bioMethod());
    if (bio) {
        BIO_set_data(bio, &end);
        BIO_set_init(bio, 1);
    }
    return bio;
}

void SocketEnd::setPrefix(std::span<const std::uint8_t> bytes)
{
    if (!bytes.empty())
        m_prefix = std::make_unique<std::string>(bytes.begin(), bytes.end());
}

void SocketEnd::beginTurn()
{
    m_isDrained = false;
    m_left = kMostOfATurn;
}

std::ptrdiff_t SocketEnd::read(void *to, std::size_t size)
{
    m_isBlocked = false;
    if (m_prefix) {
        const std::size_t count = std::min(size, m_prefix->size());
        std::memcpy(to, m_prefix->data(), count);
        m_prefix->erase(0, count);
        if (m_prefix->empty())
            m_prefix.reset();
        return std::ptrdiff_t(count);
    }
    if (m_isDrained || m_left == 0) {
        m_isBlocked = true;
        return -1;
    }
    ssize_t count = 0;
    do {
        count = ::recv(m_descriptor, to, size, 0);
    } while (count < 0 && errno == EINTR);
    if (count > 0) {
        m_isDrained = std::size_t(count) < size;
        m_left -= std::min(m_left, std::size_t(count));
    } else if (count == 0) {
        m_isAtEnd = true;
    } else {
        m_isBlocked = errno == EAGAIN || errno == EWOULDBLOCK;
        m_isDrained = m_isBlocked;
        if (!m_isBlocked && m_error == 0)
            m_error = errno;
    }
    return count;
}

std::ptrdiff_t SocketEnd::write(const void *from, std::size_t size)
{
    m_isBlocked = false;
    ssize_t count = 0;
    do {
        count = sendQuietly(m_descriptor, from, size);
    } while (count < 0 && errno == EINTR);
    if (count >= 0) {
        m_written += std::uint64_t(count);
    } else {
        m_isBlocked = errno == EAGAIN || errno == EWOULDBLOCK;
        if (!m_isBlocked && m_error == 0)
            m_error = errno;
    }
    return count;
}

} // namespace Watchword::Gateway::Net
