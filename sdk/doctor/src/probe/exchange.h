// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/testexport.h"

#include <QByteArray>
#include <QDateTime>
#include <QList>
#include <QString>
#include <QStringList>

namespace Watchword::Doctoring {

/*! What is known of a server's TLS after a connection, also after one that was not trusted. */
struct TlsFacts
{
    QString protocol; //!< As in "TLSv1.3"; empty if there is no session.
    QString cipher;
    QStringList errors; //!< What is wrong with the certificate.
    bool isPlainProblem = false; //!< The handshake failed for another reason than the certificate.
    QString failure; //!< Then: which.
    QString subject; //!< Of the server's certificate.
    QDateTime effective; //!< UTC
    QDateTime expires; //!< UTC
    QString keyType;
    int keyBits = 0;
};

/*!
    What went over one connection, as it came. A verdict is a pure function of exchanges. What was sent is kept with a mark
    (kTokenMark) in place of each token.
*/
struct WATCHWORD_TEST_EXPORT Exchange
{
    enum class End {
        Unreachable, //!< No TCP connection.
        Untrusted, //!< TLS failed or the certificate is not trusted; nothing was sent.
        Answered, //!< An HTTP answer that is no 101.
        Opened, //!< 101
        Raw, //!< Bytes came, and the probe asked for no more than that.
        Cut, //!< The peer closed without an answer.
        Silent, //!< Nothing came in time.
        Malformed //!< What came is no HTTP, or breaks our bounds.
    };
    struct Message
    {
        bool isText = false;
        QByteArray payload; //!< Its beginning.
    };

    QString probe;
    End end = End::Silent;
    QByteArray sent; //!< The request's head; empty if it came to none.
    QStringList behind; //!< What was sent behind the head, or never will be, in words.
    QString credential; //!< What the token in it is, as in "token with algorithm none"; empty without.
    int status = 0;
    QByteArray head; //!< Of the answer; for Raw and Malformed the beginning of what came.
    QList<std::pair<QByteArray, QByteArray>> fields; //!< Of the answer.
    QByteArray body; //!< Its beginning.
    QString fault; //!< For Malformed and for frames against the rules: what is wrong. For Unreachable: why.
    bool isHostUnknown = false; //!< For Unreachable: its name has no address.
    QList<Message> messages; //!< After a 101, the first ones.
    int pongs = 0;
    static constexpr int kNoSuchCode = 1006;
    int closeCode = 0; //!< Of a close frame; 1005 if it is empty; kNoSuchCode if nobody may send it; 0 if none came.
    QByteArray closeReason;
    bool isEnded = false; //!< The peer ended the connection before we did.
    QDateTime answeredAt; //!< UTC, when the head was there.
    Duration sentAt{-1}; //!< By a clock that only goes on, to compare exchanges with each other.
    Duration toAnswer{-1}; //!< From the request to its answer's head.
    Duration toEnd{-1}; //!< From the request to the end, if the peer ended it.
    TlsFacts tls;

    QByteArray value(QByteArrayView name) const; //!< The first field of the answer with this name, in any case.
    bool has(QByteArrayView name) const;
};

constexpr char kTokenMark = '\0';

} // namespace Watchword::Doctoring
