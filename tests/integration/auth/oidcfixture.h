// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sessionprobe.h"
#include "support/browser.h"
#include "support/process.h"
#include "support/testmain.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QUrlQuery>

/*! A certified provider that no one here wrote (npm oidc-provider), and a browser without a person. */
class OidcFixture : public WatchwordTest
{
    Q_OBJECT

public Q_SLOTS:
    void initTestCase()
    {
        m_peers = Support::peersFolder();
        REQUIRE_COMPONENT(!m_peers.isEmpty(), "npm packages of tests/peers");
    }
    void init() override
    {
        WatchwordTest::init();
        m_folder = std::make_unique<QTemporaryDir>();
        m_keys = std::make_shared<Watchword::MemoryKeyStore>();
        QVERIFY(startProvider());
    }
    void cleanup() { m_provider.reset(); }

protected:
    //! A new provider, which knows nothing of an earlier one; \a name=\a value are added to its environment.
    bool startProvider(const QString &name, const QString &value) { return startProvider({{name, value}}); }
    bool startProvider(const QList<std::pair<QString, QString>> &environment = {})
    {
        m_provider = std::make_unique<Support::ReadyProcess>();
        m_provider->setEnvironment(QStringLiteral("AT_TTL"), QStringLiteral("5"));
        m_provider->setEnvironment(QStringLiteral("DEFAULT_RESOURCE"), QStringLiteral("1"));
        for (const auto &[name, value] : environment)
            m_provider->setEnvironment(name, value);
        m_provider->setWorkingDirectory(m_peers);
        const auto url = m_provider->start(QStringLiteral("node"), {QStringLiteral("op.mjs")}, QStringLiteral("READY"), 40'000);
        m_issuer = QUrl(url.value_or(QString()));
        m_browser.forget();
        return url.has_value();
    }
    Watchword::SessionOptions options()
    {
        Watchword::SessionOptions options;
        options.issuer = m_issuer;
        options.clientId = QStringLiteral("native");
        options.scopes = {QStringLiteral("openid"), QStringLiteral("offline_access"), QStringLiteral("api:read")};
        options.storageFolder = m_folder->path();
        options.keyStore = m_keys;
        options.loginHint = QStringLiteral("bob");
        options.allowLoopbackHttp = true;
        options.openBrowser = [this](const QUrl &url) { return m_browser.open(url); };
        return options;
    }
    QByteArray ask(const QString &path) { return m_browser.visit(QUrl(m_issuer.toString() + path)); }
    QJsonObject stats() { return QJsonDocument::fromJson(ask(QStringLiteral("/ctl/stats"))).object(); }
    int refreshes() { return granted(QStringLiteral("refresh_token")); }
    int granted(const QString &kind) { return stats().value(QStringLiteral("token")).toObject().value(kind).toInt(); }
    //! Starts and signs in, the usual way.
    bool signedIn(SessionProbe &probe)
    {
        probe.session.start();
        probe.session.signIn();
        return probe.reaches(Watchword::Session::State::Active);
    }

    QString m_peers;
    std::unique_ptr<Support::ReadyProcess> m_provider;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::shared_ptr<Watchword::KeyStore> m_keys;
    Support::Browser m_browser;
    QUrl m_issuer;
};
