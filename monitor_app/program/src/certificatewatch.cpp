// SPDX-License-Identifier: Apache-2.0
#include "monitor/program/certificatewatch.h"

#include <QCryptographicHash>
#include <QSettings>
#include <QSslConfiguration>
#include <QSslSocket>
#include <QTimer>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int lookTimeoutMs = 5000;
constexpr int defaultPort = 443;

} // namespace

CertificateWatch::CertificateWatch(QUrl gateway, QList<QSslCertificate> additionalAuthorities, bool isKept, QObject *parent)
    : QObject(parent)
    , m_gateway(std::move(gateway))
    , m_authorities(std::move(additionalAuthorities))
    , m_isKept(isKept)
{
    if (m_isKept)
        m_facts.known = QSettings().value(key()).toString();
}

CertificateWatch::~CertificateWatch()
{
    if (m_socket)
        m_socket->disconnect(this);
}

QString CertificateWatch::key() const
{
    return u"certificates/%1-%2"_s.arg(m_gateway.host()).arg(m_gateway.port(defaultPort));
}

void CertificateWatch::note(const QSslCertificate &certificate, bool isTrusted)
{
    const CertificateFacts before = m_facts;
    if (!certificate.isNull()) {
        m_facts.shown = QString::fromLatin1(certificate.digest(QCryptographicHash::Sha256).toHex());
        if (isTrusted)
            m_facts.known = m_facts.shown;
    }
    if (m_isKept && m_facts.known != before.known)
        QSettings().setValue(key(), m_facts.known);
    if (m_facts != before)
        Q_EMIT changed();
}

void CertificateWatch::look()
{
    if (m_socket)
        return;
    auto *socket = new QSslSocket(this);
    m_socket = socket;
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.addCaCertificates(m_authorities);
    socket->setSslConfiguration(tls);
    connect(socket, &QSslSocket::encrypted, this, [this, socket] {
        note(socket->peerCertificate(), true);
        socket->disconnectFromHost();
    });
    // Not ignored: the handshake fails by itself then.
    connect(socket, &QSslSocket::sslErrors, this, [this, socket] { note(socket->peerCertificate(), false); });
    connect(socket, &QAbstractSocket::disconnected, socket, &QObject::deleteLater);
    connect(socket, &QAbstractSocket::errorOccurred, socket, &QObject::deleteLater);
    QTimer::singleShot(lookTimeoutMs, socket, &QSslSocket::abort);
    QTimer::singleShot(2 * lookTimeoutMs, socket, &QObject::deleteLater);
    socket->connectToHostEncrypted(m_gateway.host(), quint16(m_gateway.port(defaultPort)));
}

} // namespace Monitor
