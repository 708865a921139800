// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/secret.h"

#include <QByteArrayView>
#include <QList>
#include <QObject>
#include <QSslCertificate>
#include <QUrl>

#include <memory>

class QNetworkAccessManager;
class QNetworkReply;

namespace Monitor {

/*!
    Fills in the login page of a demo's throw-away issuer, as the person would: loads it, sends the form with its hidden
    fields, follows the redirect back to the session. Only for the demo: its password is printed by the gateway anyway.

    One sign-in per object. Threads: the one it lives in.
*/
class DemoLogin : public QObject
{
    Q_OBJECT

public:
    DemoLogin(QList<QSslCertificate> authorities, QString user, Watchword::Secret password, QObject *parent = nullptr);
    ~DemoLogin() override;

    void open(const QUrl &signInUrl);
    //! Names and values of the hidden inputs of \a page; empty if there is no form.
    static QList<std::pair<QString, QString>> hiddenFields(QByteArrayView page);

Q_SIGNALS:
    void failed(const QString &reason);

private:
    QNetworkReply *get(const QUrl &url);
    void send(const QUrl &base, const QByteArray &page);
    void follow(QNetworkReply *reply);

    QList<QSslCertificate> m_authorities;
    QString m_user;
    Watchword::Secret m_password;
    std::unique_ptr<QNetworkAccessManager> m_network;
    bool m_sent = false;
};

} // namespace Monitor
