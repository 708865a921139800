// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <QByteArray>
#include <QList>
#include <QString>

namespace Watchword::Doctoring {

enum class TlsVersion : quint16 { Tls10 = 0x0301, Tls11 = 0x0302, Tls12 = 0x0303 };

/*!
    A ClientHello (RFC 5246 section 7.4.1.2) that offers \a version at most and only \a suites. Our TLS library rightly refuses to
    offer what is tested with it, and no handshake follows: the server's first record says all.
*/
WATCHWORD_TEST_EXPORT QByteArray clientHello(TlsVersion version, const QList<quint16> &suites, const QString &host,
                                             const QByteArray &random);

const QList<quint16> &oldSuites(); //!< What servers of TLS 1.0 and 1.1 know.
const QList<quint16> &weakSuites(); //!< NULL, anonymous, EXPORT, RC4, DES and 3DES.

/*! A server's first record. */
struct HelloAnswer
{
    enum class Kind { ServerHello, Alert, Other };
    Kind kind = Kind::Other;
    quint16 version = 0; //!< Of a ServerHello.
    quint16 suite = 0;
    int alert = -1;
};
WATCHWORD_TEST_EXPORT HelloAnswer readHelloAnswer(QByteArrayView bytes);
WATCHWORD_TEST_EXPORT QString nameOfSuite(quint16 suite); //!< Of the weak ones; else the number.

} // namespace Watchword::Doctoring
