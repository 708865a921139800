// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/error.h"
#include "watchword/core/tokenset.h"
#include "watchword/link/export.h"

#include <QByteArray>
#include <QList>
#include <QObject>
#include <QPair>
#include <QStringList>
#include <QUrl>

#include <functional>
#include <memory>

namespace Watchword {

struct ConnectionOptions;

/*! Milestones of one attempt, in order. The last one reached says where an attempt failed. */
enum class AttemptPhase {
    Token, //!< Waiting for the access token.
    Dns, //!< Looking the host up.
    Tcp, //!< Connecting, to the server or the proxy.
    Tls, //!< TLS handshake and pins.
    Upgrade, //!< Request sent, waiting for the server's answer.
    Hello, //!< 101 received; waiting for "hello" on watchword.v1.
    Ready //!< In use.
};

/*! The server's HTTP answer to the upgrade, as far as it could be recovered. */
struct WATCHWORD_LINK_EXPORT HttpAnswer
{
    int status = 0; //!< 0: no answer was received.
    QList<QPair<QByteArray, QByteArray>> headers{}; //!< Names in lower case.
    QByteArray body{}; //!< At most the first 2 KiB.

    QByteArray header(QByteArrayView lowerCaseName) const;
};

/*! How an attempt or a connection ended: exactly one of an HTTP answer, a close code, or an error of the network. */
struct TransportEnd
{
    HttpAnswer http{}; //!< status is set if the upgrade was refused.
    //! What the server's close frame said; 1006 if there was none that could be read. 0 before the 101, and when this end found
    //! something wrong: then error has ProtocolViolation, MessageTooBig or Timeout, which are rows of their own in the policy.
    int closeCode = 0;
    QString closeReason{};
    QStringList tlsErrors{}; //!< If TLS failed: all that is wrong with the certificate.
    //! The refusal brought a nonce for the proof that was not known: the same once more, with it (RFC 9449 section 9).
    bool nonceGiven = false;
    Error error{ErrorCode::ConnectionLost}; //!< Always meaningful: what to tell people.
};

/*!
    One attempt to reach the server, and the open socket if it succeeds. Never reused.

    start() once; then phaseReached() any number of times, opened() at most once, and ended() exactly once unless the
    object is destroyed or abort() is called first. Nothing is emitted after ended() or from the destructor, and
    ended() is never emitted from inside a call.

    Threads: one. Ownership: by the Connection. Errors: in ended(); sending on a transport that is not open is ignored.
*/
class WATCHWORD_LINK_EXPORT Transport : public QObject
{
    Q_OBJECT

public:
    explicit Transport(QObject *parent = nullptr);
    ~Transport() override;

    //! \a token is empty for servers without authentication. One that is bound to a key gets a new proof for each request
    //! (RFC 9449), and is told the nonces of the answers.
    virtual void start(const AccessToken &token) = 0;
    //! The URL that is, or was, asked, behind redirects the last one. Empty if the request was redirected to another
    //! origin: the token did not follow, and must not on the live connection either.
    virtual QUrl authorizedUrl() const = 0;
    virtual void sendText(const QString &text) = 0;
    virtual void sendBinary(const QByteArray &bytes) = 0;
    virtual void ping(const QByteArray &payload) = 0; //!< At most 125 bytes; comes back in pongReceived().
    virtual void close(int code, const QString &reason) = 0; //!< Polite; the caller keeps the time and aborts.
    virtual void abort() = 0; //!< At once and silently.
    virtual qint64 bytesQueued() const = 0; //!< Plain and encrypted bytes that the system has not taken yet.

Q_SIGNALS:
    void phaseReached(Watchword::AttemptPhase phase);
    void opened(const QString &subprotocol); //!< The 101 was accepted.
    void textReceived(const QString &text);
    void binaryReceived(const QByteArray &bytes);
    void pongReceived(const QByteArray &payload);
    void activity(); //!< Bytes came in, whole message or not; of a burst its start, then a few times a second.
    void bytesWritten(); //!< bytesQueued() went down.
    void noticed(const Watchword::Error &problem); //!< Worth telling, and the attempt goes on.
    void ended(const Watchword::TransportEnd &end);
};

/*!
    What makes the frames of a connection.

    QtWebSockets is for WebAssembly, where it is used whatever is asked for, and for programs that want nothing else. It
    follows RFC 6455 less closely: a text that is split inside a character is refused, codes 1012 to 1014 of a close frame are
   told as 1006, header lines above 8 KiB are not read, a "Connection" header with several values and an interim answer are
   refused, an extension that nobody offered is taken, compression is not to be had, and what a peer that does not read makes it
   queue is not bounded.
*/
enum class Engine { Wire, QtWebSockets };

using TransportFactory = std::function<std::unique_ptr<Transport>(const ConnectionOptions &options)>;

//! The transport that Connection uses unless ConnectionOptions::transport is set.
WATCHWORD_LINK_EXPORT std::unique_ptr<Transport> makeWebSocketTransport(const ConnectionOptions &options);

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::TransportEnd)
Q_DECLARE_METATYPE(Watchword::AttemptPhase)
