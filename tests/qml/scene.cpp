// SPDX-License-Identifier: Apache-2.0
#include "scene.h"

#include "support/process.h"

#include <QFile>
#include <QQmlComponent>
#include <QQmlContext>
#include <QQmlEngine>
#include <QQmlExpression>

#include <cstdio>

using namespace Qt::StringLiterals;
using namespace Watchword;

namespace {

QTemporaryDir &folder()
{
    static QTemporaryDir dir;
    return dir;
}

} // namespace

bool Scene::prepare()
{
    if (!Support::makeCertificates(folder().path()))
        return false;
    QFile opener(folder().filePath(u"xdg-open"_s));
    if (!opener.open(QIODevice::WriteOnly) || opener.write("#!/bin/sh\nexit 0\n") < 0
        || !opener.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner))
        return false;
    qputenv("PATH", folder().path().toLocal8Bit() + ':' + qgetenv("PATH"));
    qputenv("DISPLAY", ":0");
    qunsetenv("SSH_CONNECTION");
    return true;
}

Scene::Scene(std::chrono::seconds deviceLifetime)
    : m_issuer(FakeIssuer::Options{.deviceInterval = std::chrono::seconds(1),
                                   .deviceLifetime = deviceLifetime,
                                   .certificateFile = folder().filePath(u"server.pem"_s),
                                   .keyFile = folder().filePath(u"server.key"_s)})
{
    m_gateway.setEcho(true);
}

Scene::~Scene() = default;

QString Scene::authorityFile() const
{
    return folder().filePath(u"authorities.pem"_s);
}

QString Scene::load(const QByteArray &qml, const QSize &size)
{
    if (!m_issuer.listen() || !m_gateway.listen())
        return u"a server does not listen"_s;
    QFile authorities(authorityFile());
    QFile authority(folder().filePath(u"ca.pem"_s));
    if (!authority.open(QIODevice::ReadOnly) || !authorities.open(QIODevice::WriteOnly))
        return u"no certificates"_s;
    const QByteArray own = authority.readAll();
    authorities.write(own + '\n' + m_gateway.tls().authority.toPem());
    authorities.close();
    m_issuer.setBrowserAuthorities(QSslCertificate::fromData(own));

    m_view.engine()->addImportPath(QStringLiteral(WATCHWORD_QML_FOLDER));
    QQmlComponent component(m_view.engine());
    component.setData(qml, QUrl(u"qrc:/scene.qml"_s));
    m_root = qobject_cast<QQuickItem *>(component.create());
    if (!m_root)
        return component.errorString();
    m_view.setContent({}, nullptr, m_root);
    m_view.resize(size);
    m_view.show();
    client()->setProperty("issuer", m_issuer.url());
    client()->setProperty("server", m_gateway.url());
    client()->setProperty("additionalCertificateAuthorities", QUrl::fromLocalFile(authorityFile()));
    return {};
}

QVariant Scene::eval(const QString &script)
{
    QQmlExpression expression(qmlContext(m_root), m_root, script);
    QVariant value = expression.evaluate();
    if (expression.hasError())
        std::fprintf(stderr, "%s\n", qPrintable(expression.error().toString()));
    if (value.userType() == qMetaTypeId<QJSValue>())
        value = value.value<QJSValue>().toVariant();
    return value;
}

bool Scene::waitFor(const QString &condition)
{
    return Support::waitUntil([&] { return holds(condition); }, std::chrono::seconds(30));
}

bool Scene::click(const char *name)
{
    auto *item = qobject_cast<QQuickItem *>(find(name));
    return item && item->isVisible() && item->isEnabled() && QMetaObject::invokeMethod(item, "clicked");
}

bool Scene::answerBrowsers()
{
    // By name: the module has its own copy of the SDK, so its Session is another type than the one linked here.
    return session() && connect(session(), SIGNAL(browserRequested(QUrl)), this, SLOT(answerBrowser(QUrl)), Qt::UniqueConnection);
}

bool Scene::signIn()
{
    eval(u"client.start()"_s);
    if (!answerBrowsers() || !waitFor(u"client.state === Client.SignInNeeded"_s))
        return false;
    eval(u"client.signIn()"_s);
    return waitFor(u"client.state === Client.Ready"_s);
}
