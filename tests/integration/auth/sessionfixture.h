// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sessionprobe.h"
#include "support/testmain.h"
#include "watchword/testing/fakeissuer.h"

#include <QTemporaryDir>

Q_DECLARE_METATYPE(Watchword::ErrorCode)

/*! A fresh issuer, folder and key for each test function. */
class SessionFixture : public WatchwordTest
{
    Q_OBJECT

public Q_SLOTS:
    void init() override
    {
        WatchwordTest::init();
        m_folder = std::make_unique<QTemporaryDir>();
        m_issuer = std::make_unique<Watchword::FakeIssuer>();
        QVERIFY(m_issuer->listen());
        m_keys = std::make_shared<Watchword::MemoryKeyStore>();
    }
    void cleanup()
    {
        m_issuer.reset();
        m_keys.reset();
    }

protected:
    Watchword::SessionOptions options()
    {
        Watchword::SessionOptions options;
        options.issuer = m_issuer->url();
        options.clientId = QStringLiteral("app");
        options.storageFolder = m_folder->path() + QStringLiteral("/data");
        options.keyStore = m_keys;
        options.allowLoopbackHttp = true;
        options.destructionGrace = {}; // the issuer lives in this thread, and could not answer meanwhile
        options.openBrowser = [issuer = m_issuer.get()](const QUrl &url) { return issuer->openBrowser(url); };
        return options;
    }
    bool signedIn(SessionProbe &probe)
    {
        probe.session.start();
        probe.session.signIn();
        return probe.reaches(Watchword::Session::State::Active);
    }

    //! Somebody signs in and closes the program.
    void signInOnce()
    {
        SessionProbe probe(options());
        QVERIFY(signedIn(probe));
        QVERIFY(Support::waitUntil([&] { return probe.signedIn.size() == 1; }));
    }
    //! Options with a browser that opens nothing, but keeps its address in m_page.
    Watchword::SessionOptions withHeldBrowser()
    {
        m_page.clear();
        Watchword::SessionOptions all = options();
        all.openBrowser = [this](const QUrl &page) {
            m_page = page;
            return true;
        };
        return all;
    }
    //! What the next start finds.
    bool isSignedOutForGood()
    {
        SessionProbe probe(options());
        probe.session.start();
        return Support::waitUntil([&] { return probe.needed.size() == 1; })
            && probe.session.state() == Watchword::Session::State::SignedOut
            && Support::waitUntil([&] { return m_issuer->activeFamilies() == 0; });
    }
    bool isStored(const QString &subject)
    {
        SessionProbe probe(options());
        probe.session.start();
        return probe.reaches(Watchword::Session::State::Active) && probe.session.subject() == subject;
    }

    QUrl m_page;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Watchword::FakeIssuer> m_issuer;
    std::shared_ptr<Watchword::KeyStore> m_keys;
};
