// SPDX-License-Identifier: Apache-2.0
#include "net/tlssession.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <utility>

namespace Watchword::Gateway::Net {

namespace {

// Whatever lies in the queue would be taken for an error of the call that follows. Emptying it costs much more than looking.
void clearErrors()
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

} // namespace

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, SocketEnd &end, const std::string &serverName)
    : m_context(std::move(context))
    , m_session(m_context->makeSession())
{
    if (!m_session)
        return;
    BIO *bio = SocketEnd::makeBio(end);
    if (!bio) {
        SSL_free(std::exchange(m_session, nullptr));
        return;
    }
    SSL_set_bio(m_session, bio, bio);
    if (!m_context->isClient())
        SSL_set_accept_state(m_session);
    else if (!expect(serverName))
        SSL_free(std::exchange(m_session, nullptr));
}

bool TlsSession::expect(const std::string &serverName)
{
    SSL_set_connect_state(m_session);
    if (serverName.empty())
        return false; // no certificate is good for nobody
    // RFC 6066 section 3: an address is no server name.
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(m_session), serverName.c_str()) == 1)
        return true;
    clearErrors();
    SSL_set_hostflags(m_session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(m_session, serverName.c_str()) == 1 && SSL_set1_host(m_session, serverName.c_str()) == 1;
}

std::string TlsSession::verifyProblem() const
{
    const long result = m_session ? SSL_get_verify_result(m_session) : X509_V_OK;
    return result == X509_V_OK ? std::string() : std::string(X509_verify_cert_error_string(result));
}

TlsSession::~TlsSession()
{
    SSL_free(m_session);
    clearErrors();
}

IoStatus TlsSession::statusOf(int result)
{
    switch (SSL_get_error(m_session, result)) {
    case SSL_ERROR_NONE:
        return IoStatus::Done;
    case SSL_ERROR_WANT_READ:
        return IoStatus::WantsRead;
    case SSL_ERROR_WANT_WRITE:
        return IoStatus::WantsWrite;
    case SSL_ERROR_ZERO_RETURN:
        return IoStatus::Ended;
    case SSL_ERROR_SYSCALL:
        m_isBroken = true;
        return IoStatus::Failed;
    case SSL_ERROR_SSL:
        m_isBroken = true;
        // An end of TCP without close_notify. What was inside is complete or not by its own framing.
        return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? IoStatus::Ended : IoStatus::Failed;
    default:
        m_isBroken = true;
        return IoStatus::Failed;
    }
}

IoStatus TlsSession::handshake()
{
    clearErrors();
    const IoStatus status = statusOf(SSL_do_handshake(m_session));
    return status == IoStatus::Ended ? IoStatus::Failed : status;
}

IoResult TlsSession::read(std::span<std::uint8_t> to)
{
    if (m_isBroken)
        return {};
    clearErrors();
    std::size_t count = 0;
    const int result = SSL_read_ex(m_session, to.data(), to.size(), &count);
    return {result == 1 ? IoStatus::Done : statusOf(result), count};
}

IoResult TlsSession::write(std::span<const std::uint8_t> from)
{
    if (m_isBroken)
        return {};
    clearErrors();
    std::size_t count = 0;
    const int result = SSL_write_ex(m_session, from.data(), from.size(), &count);
    return {result == 1 ? IoStatus::Done : statusOf(result), count};
}

IoStatus TlsSession::sendClose()
{
    if (m_isBroken)
        return IoStatus::Failed;
    if (SSL_in_init(m_session) || (SSL_get_shutdown(m_session) & SSL_SENT_SHUTDOWN))
        return IoStatus::Done;
    clearErrors();
    const int result = SSL_shutdown(m_session);
    return result >= 0 ? IoStatus::Done : statusOf(result);
}

const char *TlsSession::protocol() const
{
    return SSL_get_version(m_session);
}

const char *TlsSession::cipher() const
{
    return SSL_get_cipher_name(m_session);
}

bool TlsSession::isResumed() const
{
    return SSL_session_reused(m_session) == 1;
}

} // namespace Watchword::Gateway::Net
