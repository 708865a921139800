// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditlog.h"
#include "issuer/issuer.h"
#include "issuer/keyring.h"
#include "support/process.h"
#include "support/testmain.h"
#include "watchword/jose/jwt.h"
#include "watchword/testing/manualclock.h"

#include <QFile>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QSignalSpy>
#include <QTemporaryDir>

using Fields = QMap<QString, QString>;

QString encoded(const Fields &fields);

/*! What a server answered. */
struct Answer
{
    int status = 0; //!< 0: none came.
    QList<std::pair<QByteArray, QByteArray>> headers;
    QByteArray body;

    QByteArray header(const QByteArray &name) const;
    QJsonObject json() const;
    QString text(const QString &member) const { return json().value(member).toString(); }
    QString redirectValue(const QString &name) const; //!< Of the query in Location.
};

//! The hidden fields of the form in \a page.
Fields hiddenFields(const Answer &page);

/*! A running issuer with its audit log, and a browser and an app that talk to it. */
class IssuerPeer
{
public:
    explicit IssuerPeer(const QString &certificates);
    ~IssuerPeer(); //!< Judges what was audited by the schema.

    bool start(); //!< Also again: what was in files is read back.

    Answer get(const QString &pathAndQuery);
    Answer post(const QString &path, const Fields &fields, const QList<std::pair<QByteArray, QByteArray>> &headers = {});
    Answer postBytes(const QString &path, const QByteArray &body, const QByteArray &type,
                     const QList<std::pair<QByteArray, QByteArray>> &headers = {});

    //! All at once, each from a browser of its own.
    QList<Answer> postAtOnce(const QString &path, const QList<Fields> &forms);
    QByteArray exchange(const QByteArray &bytes); //!< Sends them as they are; what comes until the server closes.
    void forgetCookies(); //!< Another browser from now on.

    Fields authorizeFields() const;
    Fields redeemFields(const QString &code) const;
    Fields refreshFields(const QString &token) const;
    Answer openLogin(const Fields &authorize); //!< Follows /authorize to the page.
    Answer login(const Answer &page, const QString &name, const QString &password);
    QString code(); //!< A fresh one of alice.
    Answer redeem(const QString &code) { return post(QStringLiteral("/token"), redeemFields(code)); }
    Answer refresh(const QString &token) { return post(QStringLiteral("/token"), refreshFields(token)); }
    Answer signIn() { return redeem(code()); }
    Watchword::Result<Watchword::Jwt> verified(const Answer &answer, const QString &member, const QString &type,
                                               const QString &audience);

    QList<Watchword::AuditEvent> audit() const;
    QStringList auditTypes() const;
    Watchword::AuditEvent lastAudit() const { return audit().last(); }
    Watchword::AuditEvent firstAudit(const QString &type) const;

    QTemporaryDir folder;
    Watchword::ManualClock clock;
    Watchword::Gateway::IssuerOptions options;
    std::unique_ptr<Watchword::Gateway::AuditLog> log;
    std::unique_ptr<Watchword::Gateway::Issuer> issuer;

private:
    Answer finished(QNetworkReply *reply);
    QNetworkRequest formRequest(const QString &path, const QByteArray &type) const;

    QSslConfiguration m_server;
    QSslConfiguration m_client;
    QUrl m_base;
    QNetworkAccessManager m_network;
};
