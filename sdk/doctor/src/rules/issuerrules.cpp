// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"
#include "watchword/jose/jwk.h"
#include "watchword/jose/jwt.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

const QString kMetadata = QStringLiteral("issuer:metadata");
const QString kOtherMetadata = QStringLiteral("issuer:metadata2"); // RFC 8414, for who does not speak OpenID Connect
const QString kKeys = QStringLiteral("issuer:keys");
const QString kRefresh = QStringLiteral("issuer:refresh");
const QString kReuse = QStringLiteral("issuer:reuse");
const QString kSuccessor = QStringLiteral("issuer:successor");
const QString kRevoke = QStringLiteral("issuer:revoke");
const QString kWatched = QStringLiteral("watched"); // the connection that has to end with its session
constexpr Duration kBeforeRevocation = 3s; // until everything is asked that comes before it
constexpr int kSession = Need::Trusted | Need::Issuer | Need::Refresh;

bool isAnsweredWell(const Exchange *exchange)
{
    return exchange && exchange->end == Exchange::End::Answered && exchange->status == 200;
}

QUrl metadataUrl(const QUrl &issuer, bool isOpenId)
{
    const QString path = issuer.path() == "/"_L1 ? QString() : issuer.path();
    QUrl url = issuer;
    url.setPath(isOpenId ? path + u"/.well-known/openid-configuration"_s : u"/.well-known/oauth-authorization-server"_s + path);
    return url;
}

QString metadataProbe(const Recording &seen)
{
    return isAnsweredWell(seen.find(kMetadata)) || !seen.find(kOtherMetadata) ? kMetadata : kOtherMetadata;
}

QJsonObject metadataOf(const Recording &seen)
{
    const Exchange *exchange = seen.find(metadataProbe(seen));
    return isAnsweredWell(exchange) ? QJsonDocument::fromJson(exchange->body).object() : QJsonObject();
}

//! Empty if the issuer does not name it, or not as https.
QUrl endpointOf(const Recording &seen, QLatin1StringView name)
{
    const QUrl url(metadataOf(seen).value(name).toString(), QUrl::StrictMode);
    return url.scheme() == "https"_L1 && !url.host().isEmpty() ? url : QUrl();
}

// What is neither yes nor no: a fault of the issuer, a limit, silence, a broken line.
QString undecidedBy(const Exchange &exchange)
{
    const Admission admission = admissionOf(exchange, DoctorOptions::TokenWay::Header);
    return admission.isRefused() ? QString() : admission.what;
}

QString saidBy(const Exchange &exchange)
{
    const QString error = QJsonDocument::fromJson(exchange.body).object().value("error"_L1).toString();
    return error.isEmpty() ? u"HTTP %1"_s.arg(exchange.status) : u"HTTP %1, %2"_s.arg(exchange.status).arg(error);
}

class MetadataRule final : public Rule
{
public:
    MetadataRule()
        : Rule(u"I1"_s, Stage::Token, Need::Trusted | Need::Issuer)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        std::vector<Probe> list{seen.requests().getFromIssuer(kMetadata, metadataUrl(seen.options().issuer, true))};
        list.push_back(seen.requests().getFromIssuer(kOtherMetadata, metadataUrl(seen.options().issuer, false)));
        return list;
    }
    Judgement judge(const Recording &seen) const override
    {
        const QString probe = metadataProbe(seen);
        const Exchange *exchange = seen.find(probe);
        if (exchange->end == Exchange::End::Untrusted || exchange->end == Exchange::End::Unreachable)
            return fail(u"the issuer cannot be reached: "_s + exchange->fault, {probe});
        for (const QString &either : {kMetadata, kOtherMetadata}) {
            const Exchange *one = seen.find(either);
            if (one && !isAnsweredWell(exchange) && !undecidedBy(*one).isEmpty())
                return undecided(u"the discovery document, "_s + undecidedBy(*one));
        }
        const QJsonObject metadata = metadataOf(seen);
        if (metadata.isEmpty())
            return fail(u"there is no discovery document: "_s + seen.admission(probe)->what, {probe});
        // RFC 8414 section 3.3: identical, not alike.
        if (metadata.value("issuer"_L1).toString() != seen.options().issuer.toString(QUrl::FullyEncoded))
            return fail(u"the document is of another issuer than the one asked for"_s, {probe});
        for (const char *name : {"token_endpoint", "jwks_uri", "authorization_endpoint"}) {
            if (endpointOf(seen, QLatin1StringView(name)).isEmpty())
                return fail(u"%1 is missing, or not https"_s.arg(QLatin1StringView(name)), {probe});
        }
        if (metadata.value("id_token_signing_alg_values_supported"_L1).toArray().contains(u"none"_s))
            return fail(u"ID tokens may be unsigned (none)"_s, {probe});
        if (!metadata.value("code_challenge_methods_supported"_L1).toArray().contains(u"S256"_s))
            return warn(u"PKCE with S256 is not announced (code_challenge_methods_supported)"_s, {probe});
        return pass(u"its own name, https, and PKCE with S256"_s);
    }
};

class KeysRule final : public Rule
{
public:
    KeysRule()
        : Rule(u"I2"_s, Stage::FollowUp, Need::Trusted | Need::Issuer)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        const QUrl url = endpointOf(seen, "jwks_uri"_L1);
        return url.isEmpty() ? std::vector<Probe>{} : std::vector<Probe>{seen.requests().getFromIssuer(kKeys, url)};
    }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(kKeys);
        if (!exchange)
            return moot(u"see I1, which is the cause"_s);
        if (const QString what = undecidedBy(*exchange); !what.isEmpty())
            return undecided(u"the keys, "_s + what);
        const QJsonArray keys = QJsonDocument::fromJson(exchange->body).object().value("keys"_L1).toArray();
        if (!isAnsweredWell(exchange) || keys.isEmpty())
            return fail(u"the keys cannot be had: "_s + seen.admission(kKeys)->what, {kKeys});
        QStringList usable;
        for (const auto &value : keys) {
            const QJsonObject key = value.toObject();
            if (key.contains("d"_L1) || key.contains("k"_L1) || key.value("kty"_L1) == "oct"_L1)
                return fail(u"a key that has to be secret is published: with it everybody can sign"_s,
                            {metadataProbe(seen)}); // the key itself is not to be shown
            if (const Result<Jwk> parsed = Jwk::fromJson(key))
                usable.append(parsed->keyId());
        }
        if (usable.isEmpty())
            return fail(u"none of the published keys can be used for signatures"_s, {kKeys});
        const Result<Jwt> token = Jwt::parse(seen.options().token.reveal());
        if (token && !token->keyId().isEmpty() && !usable.contains(token->keyId()))
            return warn(u"the key of the token is not among them"_s, {kKeys});
        return pass(u"%1 keys, all of them public"_s.arg(keys.size()));
    }
};

Probe refreshWith(const Recording &seen, const QString &id, const Secret &token)
{
    const QByteArray client = QUrl::toPercentEncoding(seen.options().clientId);
    return seen.requests().postToIssuer(id, endpointOf(seen, "token_endpoint"_L1), "grant_type=refresh_token&client_id=" + client,
                                        "refresh_token", token);
}

//! The one that the session has now.
Secret newestRefresh(const Recording &seen)
{
    for (const QString &probe : {kSuccessor, kReuse, kRefresh}) {
        if (const Secret token = seen.issuedRefresh(probe); !token.isEmpty())
            return token;
    }
    return seen.options().refreshToken;
}

bool isRotated(const Recording &seen)
{
    const Secret next = seen.issuedRefresh(kRefresh);
    return !next.isEmpty() && !next.equals(seen.options().refreshToken);
}

class RefreshRule final : public Rule
{
public:
    RefreshRule()
        : Rule(u"I3"_s, Stage::FollowUp, kSession)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        if (endpointOf(seen, "token_endpoint"_L1).isEmpty())
            return {};
        return {refreshWith(seen, kRefresh, seen.options().refreshToken)};
    }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(kRefresh);
        if (!exchange)
            return moot(u"see I1, which is the cause"_s);
        if (const QString what = undecidedBy(*exchange); !what.isEmpty())
            return undecided(what);
        if (!isAnsweredWell(exchange) || seen.issuedAccess(kRefresh).isEmpty())
            return fail(u"the refresh token is refused: "_s + saidBy(*exchange), {kRefresh});
        if (!exchange->value("Cache-Control").toLower().contains("no-store"))
            return warn(u"the answer with the tokens may be kept by caches (Cache-Control is not no-store)"_s, {kRefresh});
        return pass(isRotated(seen) ? u"a new access token and a new refresh token"_s : u"a new access token"_s);
    }
};

class ReuseRule final : public Rule
{
public:
    ReuseRule()
        : Rule(u"I4"_s, Stage::Ending, kSession)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        if (!seen.find(kReuse) || !isRotated(seen))
            return {};
        return {refreshWith(seen, kSuccessor, seen.issuedRefresh(kRefresh))};
    }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *reuse = seen.find(kReuse);
        if (!reuse)
            return moot(u"see I3, which is the cause"_s);
        if (const QString what = undecidedBy(*reuse); !what.isEmpty())
            return undecided(what);
        if (isAnsweredWell(reuse) && !isRotated(seen))
            return fail(u"a refresh token stays the same, and is good again and again"_s, {kReuse});
        if (isAnsweredWell(reuse))
            return fail(u"a refresh token that was used up is good once more"_s, {kReuse});
        if (isAnsweredWell(seen.find(kSuccessor)))
            return warn(u"a used refresh token is refused, but the session goes on: the thief may hold the newer one"_s,
                        {kReuse, kSuccessor});
        if (const Exchange *successor = seen.find(kSuccessor); successor && !undecidedBy(*successor).isEmpty())
            return undecided(u"whether the session is ended, "_s + undecidedBy(*successor));
        return pass(u"refused (%1), and the session is ended"_s.arg(saidBy(*reuse)));
    }
};

/*! The newest refresh token is revoked; the connection with the newest access token should end. */
class RevocationRule final : public Rule
{
public:
    RevocationRule()
        : Rule(u"I5"_s, Stage::Ending, kSession)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        const QUrl url = endpointOf(seen, "revocation_endpoint"_L1);
        if (url.isEmpty() || seen.issuedAccess(kRefresh).isEmpty())
            return {};
        const QByteArray client = QUrl::toPercentEncoding(seen.options().clientId);
        return {seen.requests().postToIssuer(kRevoke, url, "token_type_hint=refresh_token&client_id=" + client, "token",
                                             newestRefresh(seen))};
    }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(kRevoke);
        if (exchange && !undecidedBy(*exchange).isEmpty())
            return undecided(undecidedBy(*exchange));
        if (exchange)
            return isAnsweredWell(exchange) ? pass(u"a refresh token is revoked"_s)
                                            : fail(u"a refresh token cannot be revoked: "_s + saidBy(*exchange), {kRevoke});
        if (metadataOf(seen).isEmpty() || seen.issuedAccess(kRefresh).isEmpty())
            return moot(u"see I1 and I3, one of which is the cause"_s);
        return warn(u"the issuer names no revocation_endpoint: signing out leaves the tokens good"_s, {metadataProbe(seen)});
    }
};

bool isRefusedBy(const Exchange *exchange)
{
    return exchange && exchange->end == Exchange::End::Answered && exchange->status / 100 == 4
        && admissionOf(exchange->status).isRefused();
}

//! What ended the session: the reuse of a refresh token, or its revocation; null if nothing is known to have.
const Exchange *endedBy(const Recording &seen)
{
    const Exchange *reuse = seen.find(kReuse);
    if (isRotated(seen) && isRefusedBy(reuse) && isRefusedBy(seen.find(kSuccessor)))
        return reuse;
    const Exchange *revoke = seen.find(kRevoke);
    return isAnsweredWell(revoke) ? revoke : nullptr;
}

class SessionEndRule final : public Rule
{
public:
    SessionEndRule()
        : Rule(u"E3"_s, Stage::Session, kSession)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        const Secret access = seen.issuedAccess(kRefresh);
        if (access.isEmpty())
            return {};
        UpgradeShape shape;
        shape.token = access;
        shape.credential = u"the refreshed token"_s;
        shape.linger = seen.options().revocationDeadline + kBeforeRevocation;
        Probe watched = seen.requests().upgrade(kWatched, shape);
        watched.runsBeside = true;
        watched.isOpenFirst = true;
        return {watched, refreshWith(seen, kReuse, seen.options().refreshToken)};
    }
    bool isJudgedLast() const override { return true; } // the session may end by what I4 and I5 send
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *watched = seen.find(kWatched);
        if (!watched)
            return moot(u"see I3, which is the cause"_s);
        if (watched->end != Exchange::End::Opened)
            return undecided(u"the refreshed token is not admitted, "_s + seen.admission(kWatched)->what);
        const Exchange *ended = endedBy(seen);
        if (!watched->isEnded && watched->closeCode == 0) {
            return ended ? fail(u"the connection lives on %1 s after its session ended"_s.arg(
                                    seen.options().revocationDeadline.count() / 1000),
                                {kWatched})
                         : undecided(u"the session could not be ended, see I5"_s);
        }
        if (!ended)
            return undecided(u"the connection ended by itself, close %1"_s.arg(watched->closeCode));
        const Duration latency = watched->sentAt + watched->toEnd - (ended->sentAt + ended->toAnswer);
        return pass(
            u"closed with %1, %2 ms after the session ended"_s.arg(watched->closeCode).arg(std::max<qint64>(0, latency.count())));
    }
};

} // namespace

Jwk publishedKey(const Recording &seen)
{
    const Exchange *exchange = seen.find(kKeys);
    const QJsonArray keys = exchange ? QJsonDocument::fromJson(exchange->body).object().value("keys"_L1).toArray() : QJsonArray();
    const Result<Jwt> token = Jwt::parse(seen.options().token.reveal());
    Jwk found;
    for (const auto &value : keys) {
        const Result<Jwk> key = Jwk::fromJson(value.toObject());
        if (key && token && key->keyId() == token->keyId())
            return *key;
        if (key && found.isNull())
            found = *key;
    }
    return found;
}

void addIssuerRules(Rules &rules)
{
    rules.push_back(std::make_unique<MetadataRule>());
    rules.push_back(std::make_unique<KeysRule>());
    rules.push_back(std::make_unique<RefreshRule>());
    rules.push_back(std::make_unique<SessionEndRule>());
    rules.push_back(std::make_unique<ReuseRule>());
    rules.push_back(std::make_unique<RevocationRule>());
}

} // namespace Watchword::Doctoring
