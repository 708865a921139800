// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QList>
#include <QString>

#include <optional>
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
    QByteArray target; //!< Origin form: "/path?query".
    QByteArray path; //!< Starts with "/".
    QByteArray query; //!< Behind the first "?"; empty if there is none.
    int minorVersion = 1; //!< HTTP/1.minorVersion
    QList<Header> headers; //!< In the order they came in.
    qsizetype size = 0; //!< Bytes of the head with its empty line; the body starts there.

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

enum class HeadState {
    Complete,
    Incomplete, //!< Valid so far; call again with more bytes.
    TooLarge, //!< Longer than the limit: answer 431.
    Invalid //!< Answer 400 and close.
};

struct WATCHWORD_TEST_EXPORT ParsedHead
{
    HeadState state = HeadState::Incomplete;
    RequestHead head; //!< Only filled when Complete.
    QString problem; //!< English, for logs and the audit; repeats nothing that the peer sent.
};

inline constexpr qsizetype kDefaultHeadLimit = 16 * 1024;

/*!
    Parses the request head at the start of \a bytes, which may hold more than it. Touches nothing, so it can run on
    peeked bytes again and again.

    Strict where tolerance is a smuggling risk (RFC 9112 sections 3.2, 5.1, 6.3 and 11.2). Refused are: HTTP versions
    other than 1.0 and 1.1; a target that is not in origin form; control characters and NUL; bad field names; folded
    fields; white space before the colon; bare LF; HTTP/1.1 without Host; more than one Host; Transfer-Encoding together
    with Content-Length; more than one Content-Length; more than 100 fields.
*/
WATCHWORD_TEST_EXPORT ParsedHead parseRequestHead(QByteArrayView bytes, qsizetype limit = kDefaultHeadLimit);

} // namespace Watchword::Gateway
