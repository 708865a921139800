// SPDX-License-Identifier: Apache-2.0
#include "relay/assertionsigner.h"

#include "watchword/core/log.h"
#include "watchword/jose/jwt.h"

#include <QJsonObject>
#include <QUuid>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

Result<std::unique_ptr<AssertionSigner>> AssertionSigner::open(const QString &file, const QString &issuer, Clock &clock)
{
    Result<KeyRing> keys = KeyRing::open(file, kKeyLifetime, kKeepOld, clock.wallNow());
    if (!keys)
        return keys.error();
    return std::unique_ptr<AssertionSigner>(new AssertionSigner(std::move(keys).value(), issuer, clock));
}

AssertionSigner::AssertionSigner(KeyRing keys, QString issuer, Clock &clock)
    : m_keys(std::move(keys))
    , m_issuer(std::move(issuer))
    , m_clock(clock)
{
}

void AssertionSigner::rotate()
{
    const Instant now = m_clock.now();
    if (m_lookedAt && now - *m_lookedAt < std::chrono::minutes(1))
        return;
    m_lookedAt = now;
    if (const Result<bool> rotated = m_keys.rotate(m_clock.wallNow()); !rotated)
        qCWarning(logGateway).noquote() << "the keys of assertions stay as they are:" << rotated.error().toString();
}

QByteArray AssertionSigner::sign(const QString &audience, const Admission &admission, const QString &connectionId)
{
    rotate();
    const Identity &identity = admission.identity;
    const qint64 now = toSecondsSinceEpoch(m_clock.wallNow());
    QJsonObject claims{{u"iss"_s, m_issuer},
                       {u"aud"_s, audience},
                       {u"sub"_s, identity.subject},
                       {u"sub_iss"_s, identity.issuer},
                       {u"iat"_s, now},
                       {u"exp"_s, now + qint64(kLifetime.count())},
                       {u"jti"_s, QUuid::createUuid().toString(QUuid::WithoutBraces)},
                       {u"scope"_s, identity.scopes.join(u' ')},
                       {u"sid"_s, identity.sessionId},
                       {u"connection"_s, connectionId},
                       {u"address"_s, admission.peer.address.toString()}};
    if (!identity.name.isEmpty())
        claims.insert("name"_L1, identity.name);
    if (!identity.clientId.isEmpty())
        claims.insert("client_id"_L1, identity.clientId);
    if (!identity.acr.isEmpty())
        claims.insert("acr"_L1, identity.acr);
    if (identity.authTime)
        claims.insert("auth_time"_L1, toSecondsSinceEpoch(*identity.authTime));
    const Result<QByteArray> assertion = signJwt(m_keys.current(), u"watchword-assertion+jwt"_s, claims);
    if (!assertion)
        qCCritical(logGateway).noquote() << "an assertion could not be signed:" << assertion.error().toString();
    return assertion.valueOr({});
}

QByteArray AssertionSigner::publicKeys()
{
    rotate();
    return m_keys.publicKeys().toBytes();
}

} // namespace Watchword::Gateway
