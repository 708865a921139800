// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/rule.h"
#include "support/testmain.h"
#include "watchword/core/clock.h"
#include "watchword/doctor/check.h"
#include "watchword/jose/jwt.h"

namespace DoctorTest {

using namespace Watchword;
using namespace Watchword::Doctoring;
using namespace Qt::StringLiterals;
using Verdict = Finding::Verdict;

//! What \a answer, the bytes of a server, is in a recording.
inline Exchange recorded(const QString &probe, const QByteArray &answer)
{
    Exchange exchange;
    exchange.probe = probe;
    exchange.sent = "GET /v1/stream HTTP/1.1\r\nHost: orders.example.com\r\n\r\n";
    exchange.tls.protocol = u"TLSv1.3"_s;
    exchange.credential = probe == "bare"_L1 ? QString() : u"a token"_s;
    if (answer.isEmpty()) {
        exchange.end = Exchange::End::Silent;
        return exchange;
    }
    const qsizetype end = answer.indexOf("\r\n\r\n");
    exchange.head = answer.left(end + 4);
    exchange.body = answer.mid(end + 4);
    const QList<QByteArray> lines = answer.left(end).split('\n');
    exchange.status = lines.first().mid(9, 3).toInt();
    exchange.end = exchange.status == 101 ? Exchange::End::Opened : Exchange::End::Answered;
    exchange.toAnswer = Duration(5);
    for (const QByteArray &line : lines.mid(1)) {
        const qsizetype colon = line.indexOf(':');
        exchange.fields.append({line.left(colon), line.mid(colon + 1).trimmed()});
    }
    return exchange;
}

inline Exchange closed(const QString &probe, int code, int afterMs = 20, const QByteArray &reason = {})
{
    Exchange exchange = recorded(probe, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
    exchange.closeCode = code;
    exchange.closeReason = reason;
    exchange.isEnded = true;
    exchange.toEnd = Duration(afterMs);
    return exchange;
}

const QByteArray kSwitched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
const QByteArray kChallenged = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"orders\"\r\n\r\n";
const QByteArray kInvalid =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"orders\", error=\"invalid_token\"\r\n\r\n";

inline SigningKey issuerKey()
{
    static const SigningKey key = *SigningKey::generate(u"ES256"_s);
    return key;
}

inline QByteArray validToken(int seconds = 300)
{
    const qint64 now = toSecondsSinceEpoch(Clock::system().wallNow());
    const auto token = signJwt(issuerKey(), u"at+jwt"_s,
                               {{u"iss"_s, u"https://login.example.com"_s},
                                {u"aud"_s, u"wss://orders.example.com"_s},
                                {u"sub"_s, u"user-1"_s},
                                {u"scope"_s, u"orders:read"_s},
                                {u"iat"_s, now},
                                {u"exp"_s, now + seconds}});
    return *token;
}

inline DoctorOptions withToken(const QByteArray &token = validToken())
{
    DoctorOptions options;
    options.endpoint = QUrl(u"wss://orders.example.com/v1/stream"_s);
    options.token = Secret::copy(token);
    options.signingKey = issuerKey();
    return options;
}

} // namespace DoctorTest
