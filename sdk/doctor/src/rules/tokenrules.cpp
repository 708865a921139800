// SPDX-License-Identifier: Apache-2.0
#include "rules/rule.h"

#include "watchword/core/clock.h"
#include "watchword/jose/base64url.h"

#include <QJsonArray>

#include <cmath>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

constexpr qint64 kHour = 3600;
constexpr qint64 kDay = 24 * kHour;
constexpr int kShortLife = 3; // seconds of the token whose end is waited for, and up to one more: "exp" has whole seconds
constexpr double kSoonest = 1.2; // after that a connection may end because of its token: less a second of rounding and the way
const QString kCanary = QStringLiteral("base64url.bearer.authorization.k8s.io.d2F0Y2h3b3JkLWRvY3Rvcg"); // "watchword-doctor"

qint64 nowSeconds()
{
    return toSecondsSinceEpoch(Clock::system().wallNow());
}

UpgradeShape with(const Secret &token, const QString &credential)
{
    UpgradeShape shape;
    shape.token = token;
    shape.credential = credential;
    return shape;
}

RefusedRule::Request minted(const QString &probe, const QString &credential, const BadTokens::Change &change)
{
    return {probe, [credential, change](const Recording &seen) { return with(seen.badTokens().minted(change), credential); }};
}

QUrl trapAddress(const Recording &seen)
{
    return seen.trap() ? QUrl(u"https://127.0.0.1:%1/watchword-doctor.json"_s.arg(seen.trap())) : QUrl();
}

Probe validProbe(const Recording &seen)
{
    UpgradeShape shape = with(seen.options().token, u"the valid token"_s);
    shape.frames.append(pingFrame());
    shape.linger = kPongTime;
    return seen.requests().upgrade(u"valid"_s, shape);
}

class NoTokenRule final : public Rule
{
public:
    NoTokenRule()
        : Rule(u"H1"_s, Stage::Upgrade, Need::Trusted | Need::Anyway)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        // Two more without a token, that X1, X3, X4 and X5 begin with.
        std::vector<Probe> list{seen.requests().upgrade(u"bare"_s, {}), seen.requests().upgrade(kLegalScout, legalScout())};
        if (!seen.waitsForMessage())
            list.push_back(seen.requests().upgrade(kProxyScout, proxyScout()));
        // What a 404 means is known when it is known whether there is something for those who may.
        if (!seen.options().token.isEmpty())
            list.push_back(validProbe(seen));
        return list;
    }
    Judgement judge(const Recording &seen) const override
    {
        const QStringList bare{u"bare"_s};
        const Exchange *exchange = seen.find(bare.first());
        const Admission admission = *seen.admission(bare.first());
        if (seen.waitsForMessage() && exchange->end == Exchange::End::Opened)
            return moot(u"the server takes the token in a message, see S3"_s);
        if (admission.isAdmitted())
            return fail(u"a connection is opened without a token (if the token comes in a message, say so by --token-in)"_s,
                        bare);
        if (admission.kind == Admission::Kind::Limited)
            return undecided(u"the server limited the doctor: "_s + admission.what);
        if (admission.kind == Admission::Kind::Failed || admission.kind == Admission::Kind::NoAnswer)
            return unanswered(admission);
        if (exchange->end == Exchange::End::Opened)
            return pass(u"accepted and closed: "_s + admission.what);
        return judgeRefusal(seen, *exchange, admission.what);
    }

private:
    // So that a pipeline does not take it for good.
    static Judgement unanswered(const Admission &admission)
    {
        Judgement judgement =
            warn(u"could not be examined: %1 instead of 401"_s.arg(admission.what), {u"bare"_s}, Severity::Medium);
        judgement.gap = Finding::Gap::NotDecided;
        return judgement;
    }
    // Nobody is let in: what is left is whether a client is told how to sign in.
    static Judgement judgeRefusal(const Recording &seen, const Exchange &answer, const QString &what)
    {
        const QStringList bare{u"bare"_s};
        const Exchange *exchange = &answer;
        if (exchange->status / 100 == 3)
            return warn(u"a client without a token is sent elsewhere (HTTP %1) instead of being told 401"_s.arg(exchange->status),
                        bare, Severity::Low);
        if (exchange->status == 404 && seen.isTokenAccepted())
            return moot(u"the endpoint hides from strangers (HTTP 404)"_s);
        if (exchange->end == Exchange::End::Answered && !seen.notMet().isEmpty())
            return warn(u"%1 instead of 401: the path is wrong, or the endpoint does not say that one has to sign in"_s.arg(what),
                        bare, Severity::Medium);
        if (exchange->status != 401)
            return warn(u"%1 instead of 401: a client cannot know that it has to sign in"_s.arg(what), bare, Severity::Low);
        const QByteArray challenge = exchange->value("WWW-Authenticate");
        if (challenge.isEmpty())
            return warn(u"401 without WWW-Authenticate: a client cannot know how to sign in"_s, bare, Severity::Low);
        if (challenge.contains("error="))
            return warn(u"the challenge names an error although there was no token (RFC 6750 section 3.1)"_s, bare,
                        Severity::Low);
        return pass(u"HTTP 401, "_s + seen.redactor().clean(challenge, 60));
    }
};

/*! The baseline of everything that is done with a token. */
class ValidRule final : public Rule
{
public:
    ValidRule()
        : Rule(u"H0"_s, Stage::Upgrade, Need::Trusted | Need::Anyway)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        if (seen.options().token.isEmpty())
            return {};
        return {validProbe(seen)};
    }
    Judgement judge(const Recording &seen) const override
    {
        const auto admission = seen.admission(u"valid"_s);
        if (!admission)
            return skip(u"no token was given: what is done with tokens is not examined"_s);
        if (admission->isAdmitted())
            return pass(u"admitted: "_s + admission->what);
        const qint64 end = seen.badTokens().claims().value("exp"_L1).toInteger();
        if (end > 0 && end <= nowSeconds())
            return warn(u"the token that was given ended %1 s ago, and is refused (%2): get a new one"_s.arg(nowSeconds() - end)
                            .arg(admission->what),
                        {u"valid"_s});
        if (!admission->isRefused())
            return warn(u"the request with the valid token is not answered (%1): what is done with tokens is not examined"_s.arg(
                            admission->what),
                        {u"valid"_s});
        return warn(u"the token that was given is refused (%1): what is done with tokens is not examined"_s.arg(admission->what),
                    {u"valid"_s});
    }
};

class SubprotocolEchoRule final : public Rule
{
public:
    SubprotocolEchoRule()
        : Rule(u"P1"_s, Stage::Token, Need::Trusted | Need::Entry)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        UpgradeShape shape = seen.entry();
        // Where an entry is the token, that one is the canary.
        if (seen.options().tokenWay != DoctorOptions::TokenWay::Subprotocol)
            shape.subprotocols.append(kCanary.toLatin1());
        shape.subprotocols.append("watchword.v1");
        shape.fields.append(compressionOffer());
        shape.frames = {halfCharacter(), pingFrame()};
        shape.linger = kPongTime;
        return {seen.requests().upgrade(kEcho, shape)};
    }
    Judgement judge(const Recording &seen) const override
    {
        for (const QString &probe : {kEcho, u"valid"_s}) {
            const Exchange *exchange = seen.find(probe);
            const QByteArray chosen = exchange ? exchange->value("Sec-WebSocket-Protocol") : QByteArray();
            if (chosen.contains(kCanary.toLatin1()) || seen.redactor().finds(chosen))
                return fail(u"the server chooses the entry that carries a token, and so repeats it"_s, {probe});
        }
        const auto echo = seen.admission(kEcho);
        if (echo && !echo->isAdmitted() && !echo->isRefused())
            return undecided(echo->what);
        return pass(u"an entry with a token is not chosen"_s);
    }
};

/*! "jku" and "x5u" (RFC 8725 section 3.10) of H9's token: seen only where the server can come to this machine. */
class FetchRule final : public Rule
{
public:
    FetchRule()
        : Rule(u"H17"_s, Stage::FollowUp, Need::Trusted | Need::Token | Need::Jwt)
    {
    }
    Judgement judge(const Recording &seen) const override
    {
        if (seen.trap() == 0 || !seen.find(u"embedded"_s))
            return moot(u"only of a server on this machine the doctor could see it"_s);
        const Admission embedded = *seen.admission(u"embedded"_s);
        if (!seen.isFetched() && !embedded.isAdmitted() && !embedded.isRefused())
            return undecided(embedded.what);
        return seen.isFetched() ? fail(u"the server went to an address that stood in a token"_s, {u"embedded"_s})
                                : pass(u"nobody came to the address in the token"_s);
    }
};

/*! RFC 9470, where the operator says that the endpoint asks for it. */
class StepUpRule final : public Rule
{
public:
    StepUpRule()
        : Rule(u"A2"_s, Stage::Token, Need::Trusted | Need::Token | Need::Jwt | Need::Key)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        if (!seen.options().asksForStepUp)
            return {};
        const Secret token = seen.badTokens().minted([](QJsonObject &, QJsonObject &claims) {
            claims.remove("acr"_L1);
            claims.remove("amr"_L1);
            claims.insert("auth_time"_L1, nowSeconds() - 10 * kDay);
        });
        UpgradeShape shape = with(token, u"a token of a weak sign-in ten days ago"_s);
        shape.linger = kRefusalTime;
        return {seen.requests().upgrade(u"weak"_s, shape)};
    }
    Judgement judge(const Recording &seen) const override
    {
        const auto admission = seen.admission(u"weak"_s);
        if (!admission)
            return moot(u"needs --step-up, if the endpoint asks for a strong or fresh sign-in"_s);
        if (admission->isAdmitted())
            return fail(u"a weak sign-in of ten days ago is enough"_s, {u"weak"_s});
        if (admission->kind == Admission::Kind::Failed)
            return broken(seen, id(), u"weak"_s, *admission);
        if (!admission->isRefused())
            return undecided(admission->what);
        const QByteArray challenge = seen.find(u"weak"_s)->value("WWW-Authenticate");
        if (!seen.waitsForMessage() && !challenge.contains("insufficient_user_authentication"))
            return warn(u"refused (%1), but a client cannot know that another sign-in helps"_s.arg(admission->what), {u"weak"_s});
        return pass(u"refused: "_s + admission->what);
    }
};

QString endOf(const Exchange &exchange)
{
    return exchange.closeCode > 0 ? u"close %1"_s.arg(exchange.closeCode) : u"no close frame"_s;
}

class ExpiryRule final : public Rule
{
public:
    ExpiryRule()
        : Rule(u"E1"_s, Stage::Token, Need::Trusted | Need::Token | Need::Jwt | Need::Key)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        const Secret token = seen.badTokens().minted([](QJsonObject &, QJsonObject &claims) {
            claims.insert("iat"_L1, nowSeconds());
            claims.insert("exp"_L1, nowSeconds() + 1 + kShortLife);
        });
        UpgradeShape shape = with(token, u"a token of three to four seconds"_s);
        shape.linger = seen.options().expiryDeadline;
        Probe probe = seen.requests().upgrade(u"shortlived"_s, shape);
        probe.runsBeside = true;
        return {probe};
    }
    Judgement judge(const Recording &seen) const override
    {
        const Exchange *exchange = seen.find(u"shortlived"_s);
        if (exchange->end != Exchange::End::Opened)
            return undecided(u"a token of three to four seconds is not admitted: "_s
                             + admissionOf(*exchange, seen.options().tokenWay).what);
        const double after = double(exchange->toEnd.count()) / 1000;
        if (exchange->closeCode == 0 && !exchange->isEnded)
            return fail(u"the connection lives on %1 s after its token ended"_s.arg(seen.options().expiryDeadline.count() / 1000
                                                                                    - kShortLife - 1),
                        {u"shortlived"_s});
        if (after < kSoonest)
            return undecided(
                u"the connection ended after %1 s, long before its token: %2"_s.arg(after, 0, 'f', 1).arg(endOf(*exchange)));
        return pass(u"ended after %1 s, with a token of three to four: %2"_s.arg(after, 0, 'f', 1).arg(endOf(*exchange)));
    }
};

class ScopeRule final : public RefusedRule
{
public:
    ScopeRule()
        : RefusedRule(u"A1"_s, Stage::Token, Need::Trusted | Need::Token | Need::Jwt | Need::Key,
                      u"a token without any scope is let in"_s,
                      {minted(u"noscope"_s, u"a token without scope"_s, [](QJsonObject &, QJsonObject &claims) {
                          claims.remove("scope"_L1);
                          claims.remove("scp"_L1);
                      })})
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        return hasScope(seen) ? RefusedRule::probes(seen) : std::vector<Probe>{};
    }
    Judgement judge(const Recording &seen) const override
    {
        return hasScope(seen) ? RefusedRule::judge(seen) : moot(u"the valid token has no scope either"_s);
    }

private:
    static bool hasScope(const Recording &seen)
    {
        return seen.badTokens().claims().contains("scope"_L1) || seen.badTokens().claims().contains("scp"_L1);
    }
};

/*! Only where access tokens say in their header what they are (RFC 9068). */
class IdTokenRule final : public RefusedRule
{
public:
    IdTokenRule()
        : RefusedRule(u"H12"_s, Stage::Token, Need::Trusted | Need::Token | Need::Jwt | Need::Key,
                      u"a token that is no access token is let in"_s,
                      {minted(u"idtoken"_s, u"a token of another type"_s, [](QJsonObject &header, QJsonObject &claims) {
                          header.insert("typ"_L1, u"JWT"_s);
                          claims.insert("nonce"_L1, u"watchword-doctor"_s);
                      })})
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        return isTyped(seen) ? RefusedRule::probes(seen) : std::vector<Probe>{};
    }
    Judgement judge(const Recording &seen) const override
    {
        return isTyped(seen) ? RefusedRule::judge(seen)
                             : moot(u"the issuer's access tokens do not say what they are (RFC 9068)"_s);
    }

private:
    static bool isTyped(const Recording &seen) { return seen.badTokens().type().endsWith("at+jwt"_L1); }
};

class UnknownPathRule final : public Rule
{
public:
    UnknownPathRule()
        : Rule(u"A3"_s, Stage::Token, Need::Trusted | Need::Entry)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        UpgradeShape shape = seen.entry();
        shape.path = "/watchword-doctor-" + toBase64Url(Secret::random(6).reveal());
        return {seen.requests().upgrade(u"path"_s, shape)};
    }
    Judgement judge(const Recording &seen) const override
    {
        const Admission admission = *seen.admission(u"path"_s);
        if (admission.isAdmitted())
            return warn(u"a path that does not exist is let in"_s, {u"path"_s});
        if (admission.kind == Admission::Kind::Failed)
            return broken(seen, id(), u"path"_s, admission);
        return admission.isRefused() ? pass(u"refused: "_s + admission.what) : undecided(admission.what);
    }
};

constexpr int kSigned = Need::Trusted | Need::Token | Need::Jwt;
constexpr int kMinted = kSigned | Need::Key;

// What lets in everybody, or every token.
const std::vector<RefusedRule::Cause> kOpen{{QStringLiteral("bare"), QStringLiteral("H1")}};
const std::vector<RefusedRule::Cause> kUnchecked{{QStringLiteral("badsignature"), QStringLiteral("H6")},
                                                 {QStringLiteral("badclaims"), QStringLiteral("H6")}};
const std::vector<RefusedRule::Cause> kOpenOrUnchecked{kOpen.front(), kUnchecked.front(), kUnchecked.back()};

/*! Anybody can get the key where the issuer publishes it. Its keys are known only after the checks of the issuer. */
class PublicKeyRule final : public RefusedRule
{
public:
    PublicKeyRule()
        : RefusedRule(u"H5"_s, Stage::Session, kSigned, u"a token signed (HS256) with the public key is let in"_s,
                      {{u"confused"_s,
                        [](const Recording &seen) {
                            return with(seen.badTokens().signedByPublicKey(keyOf(seen)),
                                        u"a token signed by HS256 with the public key"_s);
                        }}},
                      kUnchecked)
    {
    }
    std::vector<Probe> probes(const Recording &seen) const override
    {
        return keyOf(seen).isNull() ? std::vector<Probe>{} : RefusedRule::probes(seen);
    }
    Judgement judge(const Recording &seen) const override
    {
        if (!keyOf(seen).isNull())
            return RefusedRule::judge(seen);
        return skip(seen.options().issuer.isEmpty() ? u"needs the issuer's public keys (--issuer)"_s
                                                    : u"the issuer's public keys are not known, see I2"_s);
    }

private:
    static Jwk keyOf(const Recording &seen)
    {
        const Jwk own = seen.badTokens().ownPublicKey();
        return own.isNull() ? publishedKey(seen) : own;
    }
};

void addSignatureRules(Rules &rules)
{
    rules.push_back(std::make_unique<RefusedRule>(
        u"H6"_s, Stage::Token, kSigned, u"the signature of a token is not checked"_s,
        std::vector<RefusedRule::Request>{{u"badsignature"_s,
                                           [](const Recording &seen) {
                                               return with(seen.badTokens().withOtherSignature(),
                                                           u"a token with another signature"_s);
                                           }},
                                          {u"badclaims"_s, [](const Recording &seen) {
                                               return with(seen.badTokens().withOtherClaims(), u"a token with another subject"_s);
                                           }}}));
    rules.push_back(std::make_unique<RefusedRule>(
        u"H4"_s, Stage::Token, kSigned, u"a token without signature (alg none) is let in"_s,
        std::vector<RefusedRule::Request>{{u"none"_s,
                                           [](const Recording &seen) {
                                               return with(seen.badTokens().withoutSignature(u"none"_s),
                                                           u"a token with algorithm none"_s);
                                           }},
                                          {u"none2"_s,
                                           [](const Recording &seen) {
                                               return with(seen.badTokens().withoutSignature(u"nOnE"_s),
                                                           u"a token with algorithm nOnE"_s);
                                           }}},
        kUnchecked));
    rules.push_back(std::make_unique<PublicKeyRule>());
    rules.push_back(std::make_unique<RefusedRule>(
        u"H9"_s, Stage::Token, kSigned, u"a token is checked with the key that it brings itself"_s,
        std::vector<RefusedRule::Request>{{u"embedded"_s,
                                           [](const Recording &seen) {
                                               return with(seen.badTokens().withEmbeddedKey(trapAddress(seen)),
                                                           u"a token with its own key in the header"_s);
                                           }}},
        kUnchecked));
}

void addClaimRules(Rules &rules)
{
    const auto add = [&rules](const QString &id, const QString &failure, const RefusedRule::Request &request) {
        rules.push_back(
            std::make_unique<RefusedRule>(id, Stage::Token, kMinted, failure, std::vector<RefusedRule::Request>{request}));
    };
    add(u"H2"_s, u"a token that ended an hour ago is let in"_s,
        minted(u"expired"_s, u"a token that ended an hour ago"_s, [](QJsonObject &, QJsonObject &claims) {
            claims.insert("iat"_L1, nowSeconds() - 2 * kHour);
            claims.insert("exp"_L1, nowSeconds() - kHour);
        }));
    add(u"H3"_s, u"a token that begins in an hour is let in"_s,
        minted(u"notyet"_s, u"a token that begins in an hour"_s,
               [](QJsonObject &, QJsonObject &claims) { claims.insert("nbf"_L1, nowSeconds() + kHour); }));
    add(u"H7"_s, u"a token for somebody else (aud) is let in"_s,
        minted(u"audience"_s, u"a token for another audience"_s,
               [](QJsonObject &, QJsonObject &claims) { claims.insert("aud"_L1, u"https://other.watchword-doctor.example"_s); }));
    add(u"H8"_s, u"a token of another issuer (iss) is let in"_s,
        minted(u"issuer"_s, u"a token of another issuer"_s, [](QJsonObject &, QJsonObject &claims) {
            claims.insert("iss"_L1, u"https://issuer.watchword-doctor.example"_s);
        }));
}

} // namespace

void addTokenRules(Rules &rules)
{
    rules.push_back(std::make_unique<NoTokenRule>());
    rules.push_back(std::make_unique<ValidRule>());
    rules.push_back(std::make_unique<ExpiryRule>());
    addSignatureRules(rules);
    rules.push_back(std::make_unique<RefusedRule>(
        u"H15"_s, Stage::Token, Need::Trusted, u"a token that nobody issued is let in"_s,
        std::vector<RefusedRule::Request>{
            {u"madeup"_s, [](const Recording &) { return with(madeUpToken(), u"a made-up token"_s); }}},
        kOpenOrUnchecked));
    addClaimRules(rules);
    rules.push_back(std::make_unique<FetchRule>());
    rules.push_back(std::make_unique<IdTokenRule>());
    rules.push_back(std::make_unique<ScopeRule>());
    rules.push_back(std::make_unique<StepUpRule>());
    rules.push_back(std::make_unique<SubprotocolEchoRule>());
    rules.push_back(std::make_unique<UnknownPathRule>());
}

} // namespace Watchword::Doctoring
