// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/await.h"
#include "support/testmain.h"
#include "watchword/link/connection.h"
#include "watchword/testing/fakegateway.h"

#include <QSignalSpy>

#include <memory>

namespace LinkTest {

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using State = Connection::State;
using Support::waitUntil;

/*! Hands out canary tokens, a new one whenever the last was refused or a longer one is wanted. */
class CanaryTokens final : public TokenProvider
{
public:
    Duration lifetime{3'600'000};
    int number = 0;
    QList<TokenRequest> requests;
    std::optional<Error> failure;
    std::shared_ptr<TokenProof> proof; //!< Binds the tokens that come from now on (RFC 9449).
    const Clock *clock = &Clock::system();
    bool silent = false;

    static QByteArray value(int n) { return "canary-0123456789-" + QByteArray::number(n); }

    QFuture<Result<AccessToken>> requestToken(const TokenRequest &request) override
    {
        requests.append(request);
        auto promise = std::make_shared<QPromise<Result<AccessToken>>>();
        promise->start();
        if (silent) {
            m_open.append(promise);
            return promise->future();
        }
        if (failure) {
            promise->addResult(*failure);
            promise->finish();
            return promise->future();
        }
        const WallTime now = clock->wallNow();
        const bool isRefused = request.rejectedFingerprint == m_token.value.fingerprint();
        if (!m_token.isValidAt(now, request.minimumValidity) || isRefused) {
            m_token.value = Secret::copy(value(++number));
            m_token.expiresAt = now + lifetime;
            m_token.generation = quint64(number);
            m_token.proof = proof;
            m_token.type = proof ? u"DPoP"_s : u"Bearer"_s;
        }
        promise->addResult(m_token);
        promise->finish();
        return promise->future();
    }

private:
    AccessToken m_token;
    QList<std::shared_ptr<QPromise<Result<AccessToken>>>> m_open;
};

/*! Everything that any log category says, to be searched for secrets. */
class LogCapture
{
public:
    LogCapture()
    {
        text().clear();
        QLoggingCategory::setFilterRules(u"watchword.*=true"_s);
        previous() = qInstallMessageHandler(&LogCapture::handle);
    }
    ~LogCapture()
    {
        qInstallMessageHandler(previous());
        QLoggingCategory::setFilterRules({});
    }
    static QString &text()
    {
        static QString all;
        return all;
    }

private:
    static QtMessageHandler &previous()
    {
        static QtMessageHandler handler = nullptr;
        return handler;
    }
    static void handle(QtMsgType type, const QMessageLogContext &context, const QString &message)
    {
        text() += message + u'\n';
        if (type != QtDebugMsg && type != QtInfoMsg)
            previous()(type, context, message);
    }
};

//! The engine that the environment names: these tests run with both.
inline Engine engineUnderTest()
{
    return qEnvironmentVariable("WATCHWORD_TEST_ENGINE") == "QtWebSockets"_L1 ? Engine::QtWebSockets : Engine::Wire;
}

inline ConnectionOptions plainOptions()
{
    ConnectionOptions options;
    options.engine = engineUnderTest();
    return options;
}

//! Tries again quickly, and gives up slowly: who waits for a deadline sets it, so that a busy machine is not taken for one.
inline ConnectionOptions quickOptions(const FakeGateway &gateway)
{
    ConnectionOptions options = plainOptions();
    options.url = gateway.url(u"/stream"_s);
    if (options.url.scheme() == "wss"_L1)
        options.additionalCertificateAuthorities = {gateway.tls().authority};
    else
        options.allowLoopbackPlain = true;
    options.connectTimeout = 30s;
    options.readyTimeout = 30s;
    options.pongTimeout = 30s;
    options.probeTimeout = 30s;
    options.closeTimeout = 30s;
    options.backoff.base = 10ms;
    options.backoff.floor = 5ms;
    options.backoff.cap = 50ms;
    options.backoff.slowCap = 100s;
    options.budgetAttempts = 1000;
    options.planned = 20ms;
    return options;
}

} // namespace LinkTest
