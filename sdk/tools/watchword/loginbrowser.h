// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/secret.h"

#include <QNetworkAccessManager>
#include <QObject>
#include <QSslCertificate>
#include <QUrl>

namespace Watchword::Tool {

/*!
    Drives the login page of the embedded issuer as a person with a browser would: opens the address, fills the one form,
    follows the redirects up to the application's loopback address. Owns no token; the password goes only to the issuer.
*/
class LoginBrowser : public QObject
{
    Q_OBJECT

public:
    LoginBrowser(QString user, Secret password, QList<QSslCertificate> authorities, QObject *parent = nullptr);

    void open(const QUrl &url); //!< A page that is still open is left.

Q_SIGNALS:
    void refused(); //!< The issuer did not accept the password.
    void failed(const QString &why);

private:
    QNetworkRequest requestTo(const QUrl &url) const;
    void get(const QUrl &url);
    void post(const QUrl &url, const QByteArray &form);
    void follow(class QNetworkReply *reply);
    void fill(const QUrl &page, const QByteArray &html);

    const QString m_user;
    const Secret m_password;
    const QList<QSslCertificate> m_authorities;
    std::unique_ptr<QNetworkAccessManager> m_network;
    QString m_issuer;
    int m_hops = 0;
    bool m_filled = false;
};

} // namespace Watchword::Tool
