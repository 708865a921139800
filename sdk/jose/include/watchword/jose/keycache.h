// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/backoff.h"
#include "watchword/jose/jwkset.h"

#include <QHash>
#include <QSet>

#include <optional>

namespace Watchword {

/*! The times of a KeyCache. */
struct KeyCachePolicy
{
    Duration shortestAge = std::chrono::minutes(5); //!< Cache-Control below this counts as this.
    Duration longestAge = std::chrono::hours(24); //!< Cache-Control above this counts as this.
    Duration usualAge = std::chrono::hours(1); //!< When the answer says nothing.
    Duration staleLimit = std::chrono::hours(24); //!< How long after their age old keys serve while no fetch succeeds.
    Duration unknownKeyInterval = std::chrono::seconds(30); //!< At most one fetch because of unknown "kid"s in this time.
    //! So long a "kid" that a fetch did not bring is not fetched for again; issuers may publish a key a
    //! little late.
    Duration unknownKeyMemory = std::chrono::minutes(1);
    Duration fetchLimit = std::chrono::seconds(15); //!< A fetch that did not end by then counts as failed.
    BackoffPolicy backoff = {.base = std::chrono::seconds(1),
                             .floor = std::chrono::milliseconds(500),
                             .cap = std::chrono::seconds(60),
                             .slowCap = std::chrono::minutes(5)};
};

/*!
    Decides when the keys of a remote issuer are fetched; it does no network itself.

    The owner asks keysFor() for each token and acts on the answer: it runs at most one fetch at a time and
   reports each with fetchStarted() and then fetched() or fetchFailed(). A stranger with made-up "kid"s can
   cause one fetch per unknownKeyInterval, not more; a rotation is noticed within that time; an outage of the
   issuer is bridged by old keys for staleLimit.

    Threads: one; plain value. Time is the suspend-counting one of Clock::now().
*/
class WATCHWORD_JOSE_EXPORT KeyCache
{
public:
    enum class Action {
        UseKeys, //!< keys holds the key (or, for a token without "kid", all keys).
        Fetch, //!< Fetch now, then ask again.
        Wait, //!< A fetch is running or has failed just now: ask when it ended, at the latest at retryAt.
        UnknownKey //!< The issuer does not have this key: refuse the token. It may be asked for again at
                   //!< retryAt.
    };
    struct Answer
    {
        Action action = Action::Fetch;
        JwkSet keys; //!< Only with UseKeys.
        bool refreshDue = false; //!< With UseKeys: the keys are past their age; fetch in the background.
        Instant retryAt{}; //!< Only with Wait and UnknownKey.
    };

    explicit KeyCache(KeyCachePolicy policy = {}, RandomSource &random = RandomSource::system());

    Answer keysFor(const QString &keyId, Instant now);

    void fetchStarted(Instant now);
    //! \a cacheControl is that header's value, or empty. A set without keys counts as a failed fetch.
    void fetched(const JwkSet &keys, QByteArrayView cacheControl, Instant now);
    void fetchFailed(Instant now, std::optional<Duration> retryAfter = {});

    bool isEmpty() const { return m_keys.isEmpty(); }
    JwkSet keys() const { return m_keys; }
    std::optional<Instant> fetchedAt() const { return m_fetchedAt; } //!< Of the last success.
    int failures() const { return m_failures; } //!< Failed fetches in a row.

    //! How long an answer with this Cache-Control may be kept: "max-age", zero for "no-store" and "no-cache",
    //! else empty.
    static std::optional<Duration> maxAgeOf(QByteArrayView cacheControl);

private:
    bool isFetching(Instant now);
    Answer waitOrFetch(Instant now) const;
    Answer forUnknown(const QString &keyId, Instant now);

    KeyCachePolicy m_policy;
    RandomSource *m_random;
    JwkSet m_keys;
    std::optional<Instant> m_fetchedAt;
    std::optional<Instant> m_fetchStartedAt;
    std::optional<Instant> m_unknownFetchAt; // when an unknown "kid" last caused a fetch
    Instant m_expiresAt{};
    Instant m_retryAt{};
    Instant m_outageSince{};
    int m_failures = 0;
    QSet<QString> m_wanted; // unknown "kid"s that wait for the end of a fetch
    QHash<QString, Instant> m_unknown; // "kid"s that a fetch did not bring, and when
};

} // namespace Watchword
