// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/socketend.h"
#include "net/tlscontext.h"

namespace Watchword::Gateway::Net {

enum class IoStatus {
    Done,
    WantsRead, //!< Call again when the descriptor is readable.
    WantsWrite, //!< Call again when it is writable; a write with the same bytes at its start.
    Ended, //!< The peer has sent its last byte.
    Failed
};

struct IoResult
{
    IoStatus status = IoStatus::Failed;
    std::size_t count = 0;
};

/*!
    TLS of one connection, straight on its descriptor; which side it is, its context knows. An idle one owns OpenSSL's SSL object
   and no buffers.

    OpenSSL keeps its errors in a queue of the thread, not of the connection: it is cleared before each call, or the fault of
    one connection would end its neighbour.
    Threads: one. Ownership: borrows \a end; holds its context.
*/
class TlsSession
{
public:
    //! isValid() is false without memory. A client has to say whose certificate it expects: a DNS name or an IP address.
    TlsSession(std::shared_ptr<const TlsContext> context, SocketEnd &end, const std::string &serverName = {});
    ~TlsSession();
    TlsSession(const TlsSession &) = delete;
    TlsSession &operator=(const TlsSession &) = delete;

    bool isValid() const { return m_session != nullptr; }
    IoStatus handshake();
    IoResult read(std::span<std::uint8_t> to);
    IoResult write(std::span<const std::uint8_t> from); //!< At most one record.
    IoStatus sendClose(); //!< close_notify; Done also if it was sent before.

    const char *protocol() const; //!< "TLSv1.3"
    const char *cipher() const; //!< "TLS_AES_256_GCM_SHA384"
    bool isResumed() const;
    std::string verifyProblem() const; //!< Of a client: what is wrong with the server's certificate. Empty if nothing is.

private:
    bool expect(const std::string &serverName);
    IoStatus statusOf(int result);

    std::shared_ptr<const TlsContext> m_context;
    ssl_st *m_session;
    bool m_isBroken = false; //!< After such an error OpenSSL must not be called again, not even to say goodbye.
};

} // namespace Watchword::Gateway::Net
