// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/requesthead.h"
#include "watchword/core/testexport.h"

#include <QHostAddress>
#include <QJsonObject>
#include <QUrl>

#include <optional>

namespace Watchword::Gateway {

/*!
    Name and value pairs of a query or a form, decoded ("+" and percent escapes, UTF-8).
    Threads: reentrant value.
*/
class WATCHWORD_TEST_EXPORT FormFields
{
public:
    static FormFields parse(QByteArrayView encoded);

    bool contains(const QString &name) const;
    QString value(const QString &name) const; //!< The first; empty if there is none.
    //! RFC 6749 section 3.1: "Request and response parameters MUST NOT be included more than once."
    bool hasRepeatedName() const;
    QStringList names() const;

private:
    QList<std::pair<QString, QString>> m_fields;
};

/*! One complete request. Threads: reentrant value. */
struct WATCHWORD_TEST_EXPORT HttpRequest
{
    RequestHead head;
    QByteArray body;
    QHostAddress peer;
    quint16 peerPort = 0;

    FormFields query() const { return FormFields::parse(head.query); }
    //! The body if it is application/x-www-form-urlencoded; else nothing.
    std::optional<FormFields> form() const;
};

/*!
    An answer. Content-Length, Date, Connection and the headers that every answer has (nosniff, no-referrer, HSTS) are
    added by the server; a header whose name or value holds a control character is dropped, so that no value can split
    the answer.
    Threads: reentrant value.
*/
struct WATCHWORD_TEST_EXPORT HttpResponse
{
    int status = 200;
    QList<RequestHead::Header> headers;
    QByteArray body;

    static HttpResponse json(int status, const QJsonObject &object); //!< With Cache-Control: no-store.
    //! A page without script: strict Content-Security-Policy, no-store, not to be framed.
    static HttpResponse page(int status, const QByteArray &html);
    static HttpResponse redirect(const QUrl &location); //!< 303, no-store.
    HttpResponse &with(const QByteArray &name, const QByteArray &value);

    //! The bytes on the wire. \a headOnly leaves the body out, as HEAD asks, but says its length.
    QByteArray toBytes(bool keepAlive, bool headOnly = false) const;
};

WATCHWORD_TEST_EXPORT QByteArray reasonPhrase(int status); //!< RFC 9110 section 15; "Unknown" for others.

} // namespace Watchword::Gateway
