// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gate/remoteissuer.h"
#include "limit/addressrates.h"
#include "watchword/gateway/identity.h"

#include <QCache>
#include <QHash>

#include <vector>

namespace Watchword::Gateway {

/*!
    Asks issuers about tokens that say nothing themselves (RFC 7662): one issuer after the other until one says that the token
    is active, since only that one knows whose it is.

    An answer is believed for IntrospectionConfig::cache, and never beyond the token's end. A token that is asked about
    already is not asked about twice. What a stranger makes up costs him: each address has kAsked questions at once and one a
    second, of which active tokens are given back; beyond that RateLimited.
    Threads: one. Ownership: borrows the clock and the issuers, until the next setIssuers(), which ends all questions.
*/
class Introspection
{
public:
    static constexpr double kAsked = 10;
    static constexpr qsizetype kMostAsked = 1'000; //!< At once; more are TemporarilyUnavailable.
    using Answer = std::function<void(const Result<Identity> &)>;

    explicit Introspection(Clock &clock);

    void setIssuers(std::vector<RemoteIssuer *> issuers); //!< Those who are asked first stand first.
    void ask(const Secret &token, const QByteArray &digest, const QHostAddress &from, const Answer &answer);

private:
    struct Question
    {
        Secret token;
        QHostAddress from;
        std::vector<Answer> answers{};
        std::size_t next = 0; // of the issuers
        std::optional<Error> trouble{}; // an issuer that could not be asked may be the right one
    };
    struct Known
    {
        Result<Identity> identity;
        Instant until;
    };
    void askNext(const QByteArray &digest);
    void answered(const QByteArray &digest, const RemoteIssuer &issuer, const Result<QJsonObject> &json);
    void finish(const QByteArray &digest, const Result<Identity> &identity, Duration believed);

    Clock &m_clock;
    std::vector<RemoteIssuer *> m_issuers;
    QHash<QByteArray, Question> m_questions;
    quint64 m_generation = 0; // of the issuers
    QCache<QByteArray, Known> m_known;
    AddressRates m_asked;
};

} // namespace Watchword::Gateway
