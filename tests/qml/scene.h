// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/await.h"
#include "watchword/testing/fakegateway.h"
#include "watchword/testing/fakeissuer.h"

#include <QObject>
#include <QQuickItem>
#include <QQuickView>
#include <QTemporaryDir>

#include <memory>

/*!
    A QML scene with the module as an application sees it, an issuer and a server.

    The scene's root has a property `client`; it gets the addresses of both. The system's browser is a program that does
    nothing, and the person at it is the FakeIssuer, from answerBrowsers() on.
*/
class Scene : public QObject
{
    Q_OBJECT

public:
    explicit Scene(std::chrono::seconds deviceLifetime = std::chrono::minutes(10));
    ~Scene() override;

    //! Once per program: certificates, and a desktop with a browser, whatever the machine of the test is.
    static bool prepare();
    //! Empty, or what is wrong with \a qml.
    QString load(const QByteArray &qml, const QSize &size = {640, 200});

    Watchword::FakeIssuer &issuer() { return m_issuer; }
    Watchword::FakeGateway &gateway() { return m_gateway; }
    QQuickView &view() { return m_view; }
    QQuickItem *root() const { return m_root; }
    QObject *client() const { return m_root->property("client").value<QObject *>(); }
    QObject *session() const { return client()->property("session").value<QObject *>(); }
    QObject *find(const char *name) const { return m_root->findChild<QObject *>(QLatin1StringView(name)); }
    QString authorityFile() const; //!< PEM of both servers' authorities.

    QVariant eval(const QString &script); //!< In the scope of the scene's root.
    bool holds(const QString &condition) { return eval(condition).toBool(); }
    bool waitFor(const QString &condition); //!< Until the JavaScript \a condition holds.
    bool click(const char *name); //!< False for a button that is not there, not shown, or disabled.
    bool answerBrowsers(); //!< From now on; start() was called.
    bool signIn(); //!< start(), signed in by the browser, Ready.

public Q_SLOTS:
    void answerBrowser(const QUrl &url) { m_issuer.openBrowser(url); }

Q_SIGNALS:
    void browserWanted(const QUrl &url); //!< For sessions that somebody else answers; connect it by name.

private:
    Watchword::FakeIssuer m_issuer;
    Watchword::FakeGateway m_gateway;
    QQuickView m_view; // before the servers go
    QQuickItem *m_root = nullptr;
};
