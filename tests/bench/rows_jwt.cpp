// SPDX-License-Identifier: Apache-2.0
#include "peers.h"
#include "rows.h"

#include "watchword/jose/jwt.h"

#include <QProcess>

#include <cstdio>
#include <ctime>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

constexpr int kSeconds = 1;
constexpr int kBatch = 100;

/*! The last column of the last line of `openssl speed` is verifications a second. */
std::optional<Figure> opensslVerifications(const QString &algorithm)
{
    QProcess process;
    process.start(u"openssl"_s, {u"speed"_s, u"-seconds"_s, QString::number(kSeconds), algorithm});
    if (!process.waitForFinished(60'000) || process.exitCode() != 0) {
        std::fprintf(stderr, "openssl speed %s failed\n", qPrintable(algorithm));
        return std::nullopt;
    }
    const QList<QByteArray> lines = process.readAllStandardOutput().trimmed().split('\n');
    return Figure{lines.last().simplified().split(' ').last().toDouble(), 0};
}

Row row(const QString &id, const QString &jose, const QString &openssl)
{
    return {id, u"%1 verification of a JWT"_s.arg(jose), u"openssl speed "_s + openssl, 0.9, false, [jose, openssl] {
                return ratioInTurns(
                    [jose] {
                        const auto figure = runPeer({u"verify-jwt"_s, jose, QString::number(kSeconds)});
                        return figure ? std::optional(Figure{figure->value, 0}) : figure; // it is of processor time
                    },
                    [openssl] { return opensslVerifications(openssl); });
            }};
}

} // namespace

int verifyJwt(const QStringList &arguments)
{
    using namespace Watchword;
    const auto key = SigningKey::generate(arguments.value(0));
    if (!key) {
        std::fprintf(stderr, "%s\n", qPrintable(key.error().toString()));
        return 1;
    }
    const WallTime now = Clock::system().wallNow();
    const qint64 seconds = toSecondsSinceEpoch(now);
    const auto token = signJwt(*key, u"at+jwt"_s,
                               {{u"iss"_s, u"https://login.example.com"_s},
                                {u"aud"_s, u"wss://orders.example.com"_s},
                                {u"sub"_s, u"alice"_s},
                                {u"scope"_s, u"orders:read orders:write"_s},
                                {u"jti"_s, u"8a1c3f60"_s},
                                {u"iat"_s, seconds},
                                {u"exp"_s, seconds + 300}});
    if (!token)
        return 1;
    JwkSet keys;
    keys.insert(key->publicKey());
    JwtPolicy policy;
    policy.types = {u"at+jwt"_s};
    policy.issuer = u"https://login.example.com"_s;
    policy.audiences = {u"wss://orders.example.com"_s};
    // Processor time, as openssl speed counts it.
    const double limit = arguments.value(1).toDouble() * CLOCKS_PER_SEC;
    const std::clock_t start = std::clock();
    qint64 count = 0;
    double used = 0;
    while (used < limit) {
        // The processor's clock is asked of the kernel, at several percent of the price of a verification.
        for (int i = 0; i < kBatch; ++i, ++count) {
            if (!Jwt::verify(*token, keys, policy, now))
                return 1;
        }
        used = double(std::clock() - start);
    }
    std::printf("%.6f\n", double(count) * CLOCKS_PER_SEC / used);
    return 0;
}

QList<Row> jwtRows()
{
    return {row(u"jwt-es256"_s, u"ES256"_s, u"ecdsap256"_s), row(u"jwt-rs256"_s, u"RS256"_s, u"rsa2048"_s)};
}

} // namespace Bench
