// SPDX-License-Identifier: Apache-2.0
#include "gate/remoteissuer.h"

#include "gate/configfiles.h"
#include "gate/jsonfetch.h"
#include "watchword/core/log.h"
#include "watchword/jose/keycache.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkReply>
#include <QUrlQuery>

#include <algorithm>
#include <vector>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMostUnknown = 64; // tokens with keys that the issuer does not have wait for a fetch at once

struct KeyWaiter
{
    QString keyId;
    RemoteIssuer::KeysAnswer answer;
    Instant deadline;
};

QUrl discoveryUrl(const QUrl &issuer)
{
    QUrl url = issuer;
    QString path = url.path(QUrl::FullyEncoded);
    while (path.endsWith(u'/'))
        path.chop(1);
    url.setPath(path + u"/.well-known/openid-configuration"_s, QUrl::StrictMode);
    return url;
}

} // namespace

class RemoteIssuer::Private
{
public:
    Private(const IssuerConfig &c, Clock &time, RemoteIssuer *owner)
        : config(c)
        , clock(time)
        , q(owner)
        , retry(time)
    {
        network.setAutoDeleteReplies(false);
    }

    void look();
    void fetch();
    void fetchKeys();
    void fetchFailed(const Error &error);
    bool isKnownToBeMissing(const KeyCache::Answer &answer) const;
    Error unknownKey(const QString &keyId) const;
    void discovered(const Result<FetchedBody> &fetched);
    void received(const Result<FetchedBody> &fetched);
    void postIntrospection(const Secret &token, const JsonAnswer &answer);

    IssuerConfig config;
    Clock &clock;
    RemoteIssuer *q;
    QNetworkAccessManager network;
    KeyCache cache;
    std::vector<KeyWaiter> waiters;
    Alarm retry; // earliest moment at which a waiter can learn more
    QUrl jwksUrl;
    QUrl introspectionUrl;
    Error lastError{ErrorCode::Offline, u"the issuer was not reached yet"_s};
    bool isFetching = false;
    quint64 generation = 0; // of the keys
};

// Asks the cache once more for everybody who waits.
void RemoteIssuer::Private::look()
{
    const Instant now = clock.now();
    std::vector<KeyWaiter> still;
    std::vector<std::pair<KeyWaiter, Result<JwkSet>>> done;
    bool wantsFetch = false;
    Instant next = now + kPatience;
    int waiting = 0;
    for (KeyWaiter &waiter : waiters) {
        const KeyCache::Answer answer = cache.keysFor(waiter.keyId, now);
        wantsFetch |= answer.action == KeyCache::Action::Fetch || answer.refreshDue;
        if (answer.action == KeyCache::Action::UseKeys)
            done.emplace_back(std::move(waiter), answer.keys);
        else if (answer.action == KeyCache::Action::UnknownKey || isKnownToBeMissing(answer))
            done.emplace_back(std::move(waiter), unknownKey(waiter.keyId));
        else if (now >= waiter.deadline)
            done.emplace_back(
                std::move(waiter),
                Error(ErrorCode::TemporarilyUnavailable, u"keys of %1: %2"_s.arg(config.issuer(), lastError.toString())));
        else if (!cache.isEmpty() && ++waiting > kMostUnknown) // its place is for somebody whose key is known
            done.emplace_back(std::move(waiter), Error(ErrorCode::TemporarilyUnavailable, u"too many unknown keys at once"_s));
        else {
            if (answer.action == KeyCache::Action::Wait && answer.retryAt > now)
                next = std::min(next, answer.retryAt);
            next = std::min(next, waiter.deadline);
            still.push_back(std::move(waiter));
        }
    }
    waiters = std::move(still);
    if (wantsFetch)
        fetch();
    if (waiters.empty())
        retry.cancel();
    else
        retry.startAt(next);
    for (const auto &[waiter, result] : done)
        waiter.answer(result);
}

// The keys are there, this one is not among them, and they may not be fetched again yet: nothing is learnt by waiting. Strangers
// make such keys up, and would hold a place of a handshake for each.
bool RemoteIssuer::Private::isKnownToBeMissing(const KeyCache::Answer &answer) const
{
    return answer.action == KeyCache::Action::Wait && !cache.isEmpty() && !isFetching;
}

// A key that the issuer has and that cannot be used is what its administrator wants to hear of.
Error RemoteIssuer::Private::unknownKey(const QString &keyId) const
{
    const QString leftOut = cache.keys().refusalText(keyId);
    return Error(ErrorCode::UnknownKey,
                 leftOut.isEmpty() ? u"the issuer has no such key"_s
                                   : u"the issuer has no such key; its keys that cannot be used are "_s + leftOut);
}

void RemoteIssuer::Private::fetch()
{
    if (isFetching)
        return;
    isFetching = true;
    cache.fetchStarted(clock.now());
    if (!jwksUrl.isEmpty()) {
        fetchKeys();
        return;
    }
    fetchDocument(&network, {discoveryUrl(config.url), config.caFile, kPatience}, q,
                  [this](const Result<FetchedBody> &fetched) { discovered(fetched); });
}

void RemoteIssuer::Private::discovered(const Result<FetchedBody> &fetched)
{
    if (!fetched) {
        fetchFailed(fetched.error());
        return;
    }
    const QJsonObject document = QJsonDocument::fromJson(fetched->body).object();
    const QString issuer = document.value("issuer"_L1).toString();
    const QUrl keys(document.value("jwks_uri"_L1).toString(), QUrl::StrictMode);
    if (issuer != config.issuer()) {
        fetchFailed(
            Error(ErrorCode::IssuerMismatch, u"the discovery document of %1 is of another issuer"_s.arg(config.issuer())));
        return;
    }
    if (!isSafeUrl(keys)) {
        fetchFailed(Error(ErrorCode::InvalidResponse, u"the discovery document has no https jwks_uri"_s));
        return;
    }
    jwksUrl = keys;
    const QUrl introspection(document.value("introspection_endpoint"_L1).toString(), QUrl::StrictMode);
    if (isSafeUrl(introspection))
        introspectionUrl = introspection;
    fetchKeys();
}

void RemoteIssuer::Private::fetchKeys()
{
    fetchDocument(&network, {jwksUrl, config.caFile, kPatience}, q,
                  [this](const Result<FetchedBody> &fetched) { received(fetched); });
}

void RemoteIssuer::Private::received(const Result<FetchedBody> &fetched)
{
    if (!fetched) {
        // The issuer may have moved its keys: ask the discovery document again next time.
        jwksUrl.clear();
        fetchFailed(fetched.error());
        return;
    }
    const Result<JwkSet> set = JwkSet::fromBytes(fetched->body);
    if (!set || set->isEmpty()) {
        fetchFailed(set ? Error(ErrorCode::InvalidResponse, u"the issuer publishes no usable key; "_s + set->refusalText())
                        : set.error());
        return;
    }
    isFetching = false;
    // A stranger can have the same keys fetched again, by naming one that there is not.
    if (set->toBytes() != cache.keys().toBytes())
        ++generation;
    cache.fetched(*set, fetched->cacheControl, clock.now());
    look();
}

void RemoteIssuer::Private::fetchFailed(const Error &error)
{
    isFetching = false;
    lastError = error;
    qCInfo(logGateway).noquote() << "keys of" << redactedUrl(config.url) << "could not be fetched:" << error.toString();
    cache.fetchFailed(clock.now(), error.retryAfter());
    look();
}

void RemoteIssuer::Private::postIntrospection(const Secret &token, const JsonAnswer &answer)
{
    const Result<Secret> secret = readSecretFile(config.introspection.clientSecretFile);
    if (!secret) {
        answer(secret.error());
        return;
    }
    const QUrl url = config.introspection.url.isEmpty() ? introspectionUrl : config.introspection.url;
    QNetworkRequest request = fetchRequest(url, config.caFile, kPatience);
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/x-www-form-urlencoded"_s);
    // RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
    QByteArray basic =
        QUrl::toPercentEncoding(config.introspection.clientId) + ':' + secret->reveal().toByteArray().toPercentEncoding();
    request.setRawHeader("Authorization", "Basic " + basic.toBase64());
    wipe(basic.data(), basic.size());
    QByteArray body = "token=" + token.reveal().toByteArray().toPercentEncoding() + "&token_type_hint=access_token";
    QNetworkReply *reply = network.post(request, body);
    awaitBody(reply, q, [answer](const Result<FetchedBody> &fetched) {
        if (!fetched) {
            answer(fetched.error());
            return;
        }
        const QJsonDocument document = QJsonDocument::fromJson(fetched->body);
        if (!document.isObject() || !document.object().value("active"_L1).isBool())
            answer(Error(ErrorCode::InvalidResponse, u"the introspection answer has no \"active\""_s));
        else
            answer(document.object());
    });
}

RemoteIssuer::RemoteIssuer(const IssuerConfig &config, Clock &clock, QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(config, clock, this))
{
    connect(&d->retry, &Alarm::due, this, [this] { d->look(); });
}

RemoteIssuer::~RemoteIssuer()
{
    std::vector<KeyWaiter> waiters = std::move(d->waiters);
    for (const KeyWaiter &waiter : waiters)
        waiter.answer(Error(ErrorCode::Cancelled, u"the gateway ended"_s));
}

const IssuerConfig &RemoteIssuer::config() const
{
    return d->config;
}

void RemoteIssuer::requestKeys(const QString &keyId, KeysAnswer answer)
{
    d->waiters.push_back({keyId, std::move(answer), d->clock.now() + kPatience});
    d->look();
}

void RemoteIssuer::introspect(const Secret &token, JsonAnswer answer)
{
    if (!d->config.introspection.url.isEmpty() || !d->introspectionUrl.isEmpty()) {
        d->postIntrospection(token, answer);
        return;
    }
    // The address comes with the discovery document, which is read on the way to the keys.
    requestKeys({}, [this, token, answer = std::move(answer)](const Result<JwkSet> &keys) {
        if (!keys)
            answer(keys.error());
        else if (d->introspectionUrl.isEmpty())
            answer(Error(ErrorCode::ConfigInvalid, u"the issuer has no introspection endpoint"_s));
        else
            d->postIntrospection(token, answer);
    });
}

void RemoteIssuer::warmUp()
{
    d->fetch();
}

quint64 RemoteIssuer::keyGeneration() const
{
    return d->generation;
}

bool RemoteIssuer::hasKeys() const
{
    return !d->cache.isEmpty();
}

} // namespace Watchword::Gateway
