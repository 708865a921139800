// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"
#include "watchword/wire/httphead.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QList>
#include <QString>

#include <utility>

namespace Watchword::Gateway {

/*!
    The head of one HTTP/1.x request: request line and fields, without the body.

    Names keep the case they came with; lookup ignores it. Values come without surrounding white space. path and query
    are as sent, percent-encoded: nothing here decodes, so that a path is compared byte for byte.

    Threads: reentrant value.
*/
struct WATCHWORD_TEST_EXPORT RequestHead
{
    using Header = std::pair<QByteArray, QByteArray>;

    QByteArray method;
    QByteArray target; //!< Origin form: "/path?query". The host of an absolute form is the field Host here.
    QByteArray path; //!< Starts with "/".
    QByteArray query; //!< Behind the first "?"; empty if there is none.
    int minorVersion = 1; //!< HTTP/1.minorVersion
    QList<Header> headers; //!< In the order they came in.

    bool contains(QByteArrayView name) const;
    //! The first value of \a name; empty if there is none.
    QByteArray value(QByteArrayView name) const;
    QList<QByteArray> values(QByteArrayView name) const;
    //! True if a comma-separated list in any \a name field has \a token, without regard to case (RFC 9110 section 5.6.1).
    bool hasToken(QByteArrayView name, QByteArrayView token) const;
    //! Content-Length; 0 if there is none. Bad ones never get here.
    qint64 contentLength() const;
    bool isChunked() const { return contains("Transfer-Encoding"); }
    //! RFC 9112 section 9.3.
    bool keepsAlive() const;
};

/*! A head, or why none came out of what the peer sent. Threads: reentrant value. */
struct WATCHWORD_TEST_EXPORT ParsedHead
{
    int status = 0; //!< 0: the head is good. Else the answer: 400, 408, 414, 431 or 505.
    RequestHead head; //!< Empty unless it is good.
    QString problem; //!< English, for logs and the audit; repeats nothing that the peer sent.

    bool isGood() const { return status == 0; }
};

//! What the gateway lets a request head be. Tokens of some identity providers carry all groups of a person in one line.
inline constexpr Wire::HeadLimits kHeadLimits{16 * 1024, 64 * 1024, 100};

/*!
    A request head as Wire::HeadReader read it, which refuses what could be read in two ways. Refused here are: a target that
    is neither in origin form nor in absolute form, or has a character that must be percent-encoded (RFC 9112 section 3.2);
    HTTP/1.1 without Host; more than one Host; a Transfer-Encoding that is not
    "chunked" alone; a Host that is no host with or without a port; a Content-Length that does not
    fit qint64.
*/
WATCHWORD_TEST_EXPORT ParsedHead requestHeadOf(const Wire::HttpHead &head);
//! Of a head that could not be read.
WATCHWORD_TEST_EXPORT ParsedHead problemOf(Wire::HeadFault fault);
//! Of a head that did not come in time: 408.
WATCHWORD_TEST_EXPORT ParsedHead lateHead();

} // namespace Watchword::Gateway
