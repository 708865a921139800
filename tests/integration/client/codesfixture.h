// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/await.h"
#include "support/gatewayprocess.h"
#include "watchword/link/connection.h"

#include <QPromise>
#include <QSignalSpy>
#include <QSslCertificate>

#include <algorithm>
#include <functional>
#include <memory>

namespace Codes {

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using Support::waitUntil;

inline AccessToken accessToken(const QByteArray &value)
{
    AccessToken token;
    token.value = Secret::copy(value);
    return token;
}

/*! What an application with a session would do: the same token until it is refused or has to be renewed, then another one. */
class Tokens final : public TokenProvider
{
public:
    std::function<QByteArray()> make; //!< The next token.
    std::shared_ptr<TokenProof> proof; //!< Of the key that the tokens are bound to; null: they are not.
    QList<TokenRequest> requests;
    int made = 0;

    QFuture<Result<AccessToken>> requestToken(const TokenRequest &request) override
    {
        requests.append(request);
        const bool isRefused = request.rejectedFingerprint == m_token.value.fingerprint();
        if (made == 0 || isRefused || request.reason == TokenRequest::Reason::Renew) {
            m_token = accessToken(make());
            m_token.generation = quint64(++made);
            m_token.proof = proof;
            if (proof)
                m_token.type = u"DPoP"_s;
        }
        QPromise<Result<AccessToken>> promise;
        promise.start();
        promise.addResult(m_token);
        promise.finish();
        return promise.future();
    }
    //! Has the connection send a new token now.
    void renew() { Q_EMIT tokenChanged(quint64(made + 1)); }
    int count(TokenRequest::Reason reason) const
    {
        return int(std::count_if(requests.begin(), requests.end(), [reason](const auto &r) { return r.reason == reason; }));
    }

private:
    AccessToken m_token;
};

/*! One program that is connected, and everything that it was told. */
class Program
{
public:
    Program(const Support::GatewayProcess &gateway, const QString &path, std::function<QByteArray()> make,
            std::shared_ptr<TokenProof> proof = {}, const std::function<void(ConnectionOptions &)> &change = {})
    {
        tokens.make = std::move(make);
        tokens.proof = std::move(proof);
        ConnectionOptions options;
        options.url = gateway.url(path);
        options.additionalCertificateAuthorities = QSslCertificate::fromPath(gateway.file(u"ca.pem"_s));
        options.budget = std::make_shared<ConnectBudget>();
        options.backoff.base = 50ms;
        options.backoff.floor = 20ms;
        options.backoff.cap = 200ms;
        options.planned = 100ms;
        if (change)
            change(options);
        connection = std::make_unique<Connection>(&tokens, options);
        byes = std::make_unique<QSignalSpy>(connection.get(), &Connection::byeReceived);
        readies = std::make_unique<QSignalSpy>(connection.get(), &Connection::ready);
        closes = std::make_unique<QSignalSpy>(connection.get(), &Connection::closed);
        signIns = std::make_unique<QSignalSpy>(connection.get(), &Connection::authenticationRequired);
        errors = std::make_unique<QSignalSpy>(connection.get(), &Connection::errorOccurred);
        failures = std::make_unique<QSignalSpy>(connection.get(), &Connection::attemptFailed);
        renewals = std::make_unique<QSignalSpy>(connection.get(), &Connection::tokenRenewed);
        connection->open();
    }
    bool awaitReady(int times = 1) const
    {
        return waitUntil([&] { return readies->size() >= times; }, 20s);
    }
    bool awaitClosed() const
    {
        return waitUntil([&] { return !closes->isEmpty(); }, 20s);
    }
    bool awaitBye() const
    {
        return waitUntil([&] { return !byes->isEmpty(); }, 20s);
    }
    Bye bye() const { return byes->value(0).value(0).value<Bye>(); }
    Error closedWith() const { return closes->value(0).value(0).value<Error>(); }
    ConnectError failure(int number = 0) const { return failures->value(number).value(0).value<ConnectError>(); }
    bool isReady() const { return connection->state() == Connection::State::Ready; }
    bool isWaiting() const { return connection->state() == Connection::State::Waiting; }
    //! Milliseconds until the next attempt.
    qint64 waits() const { return QDateTime::currentDateTimeUtc().msecsTo(connection->nextRetryAt()); }

    Tokens tokens;
    std::unique_ptr<Connection> connection;
    std::unique_ptr<QSignalSpy> byes;
    std::unique_ptr<QSignalSpy> readies;
    std::unique_ptr<QSignalSpy> closes;
    std::unique_ptr<QSignalSpy> signIns;
    std::unique_ptr<QSignalSpy> errors;
    std::unique_ptr<QSignalSpy> failures;
    std::unique_ptr<QSignalSpy> renewals;
};

} // namespace Codes
