// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/secret.h"
#include "watchword/testing/export.h"
#include "watchword/testing/fakepeer.h"
#include "watchword/testing/throwawaytls.h"

#include <QMap>
#include <QObject>
#include <QSslCertificate>
#include <QUrl>

#include <chrono>
#include <functional>
#include <memory>

namespace Watchword {

/*!
    A WebSocket server with real TLS inside your test, for code that uses a Connection or a Client.

        Watchword::FakeGateway gateway;
        QVERIFY(gateway.listen());
        gateway.next(FakeGateway::refuse(429, {{"Retry-After", "1"}}));     // the first attempt; later ones succeed
        Connection connection(&tokens, {.url = gateway.url(), .additionalCertificateAuthorities = {gateway.tls().authority}});

    Without a script it accepts any request that carries a token, speaks watchword.v1 where the client offers it (hello,
    pong, ack, auth.ok), records everything and echoes application messages if asked to. next() queues how the coming
    upgrades are treated, one step each; afterwards the happy default holds again. To extend it, connect to
    accepted() and drive the FakePeer; onToken and onRenewal decide about tokens.

    Threads: one, with an event loop. Ownership: owns its peers. It listens on a free port of the loopback address only.
*/
class WATCHWORD_TESTING_EXPORT FakeGateway : public QObject
{
    Q_OBJECT

public:
    /*! One upgrade request, as it arrived. */
    struct Request
    {
        QByteArray line; //!< "GET /path HTTP/1.1"
        QMap<QByteArray, QByteArray> headers; //!< Names in lower case.
        QByteArray bearer() const; //!< The token of "Bearer" or "DPoP", or nothing.
        QString path() const; //!< Without the query.
    };
    /*! How one upgrade is treated. Use the functions below. */
    struct Step
    {
        enum class Kind { Accept, Answer, Hang, Drop, Reset };
        Kind kind = Kind::Accept;
        QByteArray
            answer{}; //!< Written as it is; "{accept}" becomes the value of Sec-WebSocket-Accept, "{proof}" the request's DPoP.
        std::chrono::milliseconds perByte{}; //!< Slow loris: the answer comes one byte at a time.
        bool keepOpen = false; //!< After an answer.
        bool withHello = true;
        int closeCode = 0; //!< Closes at once with it.
        QString closeReason{};
    };
    static Step accept() { return {}; }
    static Step refuse(int status, const QMap<QByteArray, QByteArray> &headers = {}, const QByteArray &body = {});
    static Step hang(); //!< Silent server: reads the request and never answers.
    static Step drop(); //!< Ends TCP instead of an answer.
    static Step reset(); //!< RST instead of an answer.
    static Step garbage(const QByteArray &bytes);
    static Step slow(const Step &step, std::chrono::milliseconds perByte); //!< Slow loris.
    static Step subprotocol(const QByteArray &name); //!< A 101 that chooses \a name, whatever was offered.
    static Step withoutHello(); //!< Accepts and stays silent.
    //! Accepts and closes before any "hello". (Servers that close before they accept answer refuse(403) instead.)
    static Step closeEarly(int code, const QString &reason = {});

    explicit FakeGateway(QObject *parent = nullptr);
    ~FakeGateway() override; //!< Drops all connections.

    //! For connections that come from now on, so that a certificate can be swapped; listen() makes one by itself.
    void setTls(const ThrowAwayTls &tls);
    void setClientAuthorities(const QList<QSslCertificate> &authorities); //!< Demands a client certificate of one of them.
    const ThrowAwayTls &tls() const;
    bool listen(); //!< wss:// on a free port; again after stop() on the same one.
    bool listenPlain(); //!< ws://
    void stop(); //!< As a crash: the port closes, all connections are reset.
    QUrl url(const QString &path = QStringLiteral("/")) const;

    void next(const Step &step); //!< Queued; one per upgrade.
    void setSubprotocols(const QStringList &names); //!< What it speaks; default "watchword.v1".
    void setEcho(bool echo); //!< Application messages come back to the sender.
    void setAcknowledging(bool acknowledge); //!< Default true.
    void setAnsweringPings(bool answer); //!< Control pings; default true.
    void setTokenLifetime(std::chrono::milliseconds lifetime); //!< "exp" of hello and auth.ok; default one hour.
    void setHelloMember(const QString &name, const QJsonValue &value); //!< Adds to, or replaces, members of "hello".

    /*!
        Takes only tokens that are bound to a key (RFC 9449): "Authorization: DPoP", and in "DPoP" a proof for this URL and
        token that never came before; \a thumbprint names the only key that is taken. "auth.refresh" needs the same in its
        member "dpop". Others get invalid_dpop_proof.
    */
    void requireProof(const QString &thumbprint = {});
    //! The nonce that proofs have to carry; others get use_dpop_nonce together with it. Empty, the default: none.
    void setProofNonce(const QByteArray &nonce);

    QSslCertificate clientCertificate() const; //!< Of the newest TLS connection; null if it showed none.

    //! Judges the token of an upgrade: 0 accepts, else the HTTP status. Default: 401 without a token.
    std::function<int(const QByteArray &token)> onToken;
    //! Judges a renewal: 0 accepts, -1 stays silent, else the code of "auth.fail". Default: accepts.
    std::function<int(const QByteArray &token)> onRenewal;

    QList<Request> requests() const; //!< Upgrade requests that arrived completely, refused ones too.
    int connectionsSeen() const; //!< TCP connections, whether or not a request came.
    QList<FakePeer *> peers() const; //!< Open ones.
    FakePeer *peer() const; //!< The newest open one, or null.

Q_SIGNALS:
    void requestReceived();
    void accepted(Watchword::FakePeer *peer);

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Watchword
