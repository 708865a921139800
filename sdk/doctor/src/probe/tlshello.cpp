// SPDX-License-Identifier: Apache-2.0
#include "probe/tlshello.h"

#include <QHostAddress>
#include <QtEndian>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

constexpr quint8 kHandshakeRecord = 22;
constexpr quint8 kAlertRecord = 21;
constexpr qsizetype kRandomSize = 32;

struct WeakSuite
{
    quint16 number;
    const char *name;
};

constexpr WeakSuite kWeakSuites[] = {
    {0x0001, "RSA_WITH_NULL_MD5"},
    {0x0002, "RSA_WITH_NULL_SHA"},
    {0x003b, "RSA_WITH_NULL_SHA256"},
    {0xc006, "ECDHE_ECDSA_WITH_NULL_SHA"},
    {0xc010, "ECDHE_RSA_WITH_NULL_SHA"},
    {0x0018, "DH_anon_WITH_RC4_128_MD5"},
    {0x0034, "DH_anon_WITH_AES_128_CBC_SHA"},
    {0xc018, "ECDH_anon_WITH_AES_128_CBC_SHA"},
    {0x0003, "RSA_EXPORT_WITH_RC4_40_MD5"},
    {0x0008, "RSA_EXPORT_WITH_DES40_CBC_SHA"},
    {0x0004, "RSA_WITH_RC4_128_MD5"},
    {0x0005, "RSA_WITH_RC4_128_SHA"},
    {0xc007, "ECDHE_ECDSA_WITH_RC4_128_SHA"},
    {0xc011, "ECDHE_RSA_WITH_RC4_128_SHA"},
    {0x0009, "RSA_WITH_DES_CBC_SHA"},
    {0x000a, "RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x0016, "DHE_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0xc008, "ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"},
    {0xc012, "ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
};

QByteArray be16(qsizetype number)
{
    QByteArray bytes(2, '\0');
    qToBigEndian(quint16(number), bytes.data());
    return bytes;
}

QByteArray sized16(const QByteArray &bytes)
{
    return be16(bytes.size()) + bytes;
}

QByteArray extension(quint16 type, const QByteArray &content)
{
    return be16(type) + sized16(content);
}

QByteArray numbers(const QList<quint16> &list)
{
    QByteArray bytes;
    for (const quint16 number : list)
        bytes += be16(number);
    return bytes;
}

} // namespace

QByteArray clientHello(TlsVersion version, const QList<quint16> &suites, const QString &host, const QByteArray &random)
{
    Q_ASSERT(random.size() == kRandomSize);
    QByteArray extensions;
    if (QHostAddress(host).isNull()) // RFC 6066 section 3: no addresses
        extensions += extension(0, sized16('\0' + sized16(host.toLatin1())));
    extensions += extension(10, sized16(numbers({29, 23, 24, 25}))); // x25519, P-256, P-384, P-521
    extensions += extension(11, QByteArray("\x01\x00", 2)); // uncompressed points
    if (version == TlsVersion::Tls12)
        extensions += extension(13, sized16(numbers({0x0403, 0x0503, 0x0804, 0x0805, 0x0401, 0x0501, 0x0203, 0x0201})));
    extensions += extension(0xff01, QByteArray(1, '\0')); // RFC 5746
    const QByteArray body =
        be16(quint16(version)) + random + '\0' + sized16(numbers(suites)) + QByteArray("\x01\x00", 2) + sized16(extensions);
    const QByteArray handshake = QByteArray("\x01\x00", 2) + be16(body.size()) + body;
    return QByteArray("\x16\x03\x01", 3) + sized16(handshake);
}

const QList<quint16> &oldSuites()
{
    static const QList<quint16> list{0xc00a, 0xc009, 0xc014, 0xc013, 0x0039, 0x0033, 0x0035, 0x002f, 0xc012, 0xc008, 0x000a};
    return list;
}

const QList<quint16> &weakSuites()
{
    static const QList<quint16> list = [] {
        QList<quint16> all;
        for (const WeakSuite &suite : kWeakSuites)
            all.append(suite.number);
        return all;
    }();
    return list;
}

HelloAnswer readHelloAnswer(QByteArrayView bytes)
{
    HelloAnswer answer;
    const auto at = [bytes](qsizetype place) { return quint8(bytes[place]); };
    if (bytes.size() >= 7 && at(0) == kAlertRecord && at(1) == 3) {
        answer.kind = HelloAnswer::Kind::Alert;
        answer.alert = at(6);
        return answer;
    }
    // Record header, type and length of the message, version, random, session id, suite.
    constexpr qsizetype kVersion = 5 + 4;
    constexpr qsizetype kSession = kVersion + 2 + kRandomSize;
    if (bytes.size() <= kSession || at(0) != kHandshakeRecord || at(1) != 3 || at(5) != 2)
        return answer;
    answer.kind = HelloAnswer::Kind::ServerHello;
    answer.version = quint16(at(kVersion) << 8 | at(kVersion + 1));
    const qsizetype suite = kSession + 1 + at(kSession);
    if (bytes.size() >= suite + 2)
        answer.suite = quint16(at(suite) << 8 | at(suite + 1));
    return answer;
}

QString nameOfSuite(quint16 suite)
{
    for (const WeakSuite &weak : kWeakSuites) {
        if (weak.number == suite)
            return QString::fromLatin1(weak.name);
    }
    return u"0x%1"_s.arg(suite, 4, 16, QChar(u'0'));
}

} // namespace Watchword::Doctoring
