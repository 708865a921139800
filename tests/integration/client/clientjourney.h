// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/await.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/auth/session.h"
#include "watchword/client/client.h"
#include "watchword/testing/fakegateway.h"
#include "watchword/testing/fakeissuer.h"
#include "watchword/testing/fakekeystore.h"

#include <QMetaEnum>
#include <QSignalSpy>
#include <QTemporaryDir>

/*! A Client, and everything it told, in the order in which it told it. */
class ToldClient
{
public:
    explicit ToldClient(const Watchword::ClientOptions &options)
        : client(options)
    {
        using Watchword::Client;
        using Watchword::Error;
        QObject::connect(&client, &Client::lastErrorChanged, &client,
                         [this] { m_told += QStringLiteral("lastError ") + codeOf(client.lastError()); });
        QObject::connect(&client, &Client::errorOccurred, &client,
                         [this](const Error &error) { m_told += QStringLiteral("errorOccurred ") + codeOf(error); });
        QObject::connect(&client, &Client::stateChanged, &client, [this](Client::State state) {
            m_told += QString::fromLatin1(QMetaEnum::fromType<Client::State>().valueToKey(int(state)));
        });
        QObject::connect(&client, &Client::signInNeeded, &client,
                         [this](const Error &reason) { m_told += QStringLiteral("signInNeeded ") + codeOf(reason); });
        QObject::connect(&client, &Client::ready, &client, [this] { m_told += QStringLiteral("ready"); });
    }

    //! What was told since the last call.
    QStringList taken() { return std::exchange(m_told, {}); }
    bool reaches(Watchword::Client::State state)
    {
        return Support::waitUntil([&] { return client.state() == state; }, std::chrono::seconds(20));
    }
    //! Signed in by a person, and Ready.
    bool signsIn()
    {
        client.start();
        if (!reaches(Watchword::Client::State::SignInNeeded))
            return false;
        client.signIn();
        return reaches(Watchword::Client::State::Ready)
            && Support::waitUntil([&] { return m_told.endsWith(QStringLiteral("ready")); });
    }

    Watchword::Client client;

private:
    static QString codeOf(const Watchword::Error &error)
    {
        return error.code() == Watchword::ErrorCode::Cancelled ? QStringLiteral("none") : error.codeName();
    }
    QStringList m_told;
};

/*! A provider, a server, a keychain and a person at a browser, for each test function. */
class ClientJourney : public WatchwordTest
{
    Q_OBJECT

public Q_SLOTS:
    void init() override
    {
        WatchwordTest::init();
        m_folder = std::make_unique<QTemporaryDir>();
        m_issuer = std::make_unique<Watchword::FakeIssuer>();
        QVERIFY(m_issuer->listen());
        m_gateway = std::make_unique<Watchword::FakeGateway>();
        QVERIFY(m_gateway->listen());
        m_keys = std::make_shared<Watchword::FakeKeyStore>();
        m_holdsBrowser = false;
    }
    void cleanup()
    {
        m_gateway.reset();
        m_issuer.reset();
        m_keys.reset();
    }

protected:
    Watchword::ClientOptions options()
    {
        Watchword::ClientOptions options;
        options.issuer = m_issuer->url();
        options.clientId = QStringLiteral("desk");
        options.server = m_gateway->url();
        options.storageFolder = m_folder->filePath(QStringLiteral("data"));
        options.keyStore = m_keys;
        options.additionalCertificateAuthorities = {m_gateway->tls().authority};
        options.openBrowser = [this](const QUrl &url) { return m_holdsBrowser || m_issuer->openBrowser(url); };
        options.allowLoopbackHttp = true;
        options.destructionGrace = {}; // the issuer lives in this thread, and could not answer meanwhile
        options.connection.budget = std::make_shared<Watchword::ConnectBudget>();
        options.connection.backoff.base = std::chrono::milliseconds(50);
        options.connection.backoff.floor = std::chrono::milliseconds(20);
        return options;
    }
    void signInOnce()
    {
        ToldClient told(options());
        QVERIFY(told.signsIn());
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Watchword::FakeIssuer> m_issuer;
    std::unique_ptr<Watchword::FakeGateway> m_gateway;
    std::shared_ptr<Watchword::FakeKeyStore> m_keys;
    bool m_holdsBrowser = false; //!< The person leaves the page open.
};
