// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/process.h"
#include "watchword/auth/session.h"
#include "watchword/client/client.h"

#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QSslCertificate>
#include <QTemporaryDir>

#include <memory>

/*!
    The world around the test, with no part of Watchword at either end: npm oidc-provider signs people in, npm ws echoes.
    Between them stands watchword-gateway as its own process, with a configuration file.
*/
class Stage
{
public:
    enum class Tokens { Bearer, Bound };
    //! Starts everything; a text says what failed. Bound: only tokens that are bound to a key are taken, and provider and
    //! gateway both want their nonces in the proofs.
    QString build(Tokens tokens = Tokens::Bearer);

    bool startGateway(); //!< Again on the same port after stopGateway().
    void stopGateway();
    QByteArray gatewayLog() const { return m_gatewayLog + (m_gateway ? m_gateway->log() : QByteArray()); }

    QJsonObject providerStats();
    bool control(const QString &path); //!< A switch of the provider, for example "outage?ms=3000".

    //! Follows redirects as a browser would; the provider signs people in without asking.
    std::function<bool(const QUrl &)> browser();
    Watchword::ClientOptions clientOptions();
    Watchword::SessionOptions operatorOptions();
    QUrl gatewayUrl() const { return m_gatewayUrl; }
    QUrl apiUrl() const { return QUrl(QStringLiteral("https://127.0.0.1:%1").arg(m_apiPort)); }
    QList<QSslCertificate> authorities() const { return m_authorities; }
    QString authorityFile() const { return m_folder.filePath(QStringLiteral("ca.pem")); }

private:
    QString writeConfiguration(Tokens tokens);
    std::optional<QByteArray> get(const QUrl &url);

    QTemporaryDir m_folder;
    QList<QSslCertificate> m_authorities;
    QUrl m_issuer;
    QUrl m_upstream;
    QUrl m_gatewayUrl;
    quint16 m_port = 0;
    quint16 m_apiPort = 0;
    QByteArray m_gatewayLog;
    QNetworkAccessManager m_network;
    Support::ReadyProcess m_provider;
    Support::ReadyProcess m_echo;
    std::unique_ptr<Support::ReadyProcess> m_gateway;
};
