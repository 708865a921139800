// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"
#include "watchword/gateway/identity.h"

#include <QByteArray>
#include <QHash>

#include <list>
#include <utility>
#include <vector>

namespace Watchword::Gateway {

/*!
    What was learnt from tokens whose signature was verified, so that it is not verified again when the same token comes back:
    after a lost network or a restart of a server behind the gateway a client presents the token that it still has.

    Only what does not change is kept: the claims, and which keys proved them. All else is for the caller to check each time:
    exp and nbf, whether the keys are still the issuer's, revocation, possession of the token's key, and the endpoint's rules.
    What an issuer or the configuration says about tokens in general is not checked again: clear() when that changes.

    An entry is found by the SHA-256 of the token's bytes; the token itself is not kept. Who changes a byte has another token,
    which has to be verified. So a stranger neither finds nor adds anything. A person adds tokens of her own, at most
    kMostOfAPerson, then her oldest goes; with these she pushes out as many of others, which costs them a verification.

    Bounded in number and in bytes; what was not used for the longest time goes first.
    Threads: one.
*/
class WATCHWORD_TEST_EXPORT VerifiedTokens
{
public:
    static constexpr qsizetype kMost = 10'000;
    static constexpr qsizetype kMostBytes = 32 * 1024 * 1024;
    static constexpr std::size_t kMostOfAPerson = 8;

    struct Entry
    {
        Identity identity;
        std::optional<WallTime> notBefore;
        quint64 keys = 0; //!< Which generation of the issuer's keys; the caller's.
    };

    explicit VerifiedTokens(qsizetype most = kMost, qsizetype mostBytes = kMostBytes);
    ~VerifiedTokens();

    static QByteArray digestOf(QByteArrayView token);
    //! Null if there is none. Valid until the next call of a function that is not const.
    const Entry *find(const QByteArray &digest);
    //! \a tokenSize says how much text it may hold. What is larger than all others may be together is not kept.
    void insert(const QByteArray &digest, Entry entry, qsizetype tokenSize);
    void remove(const QByteArray &digest);
    void clear();
    qsizetype size() const { return m_places.size(); }
    qsizetype bytes() const { return m_bytes; }

private:
    struct Place
    {
        QByteArray digest;
        Entry entry;
        qsizetype bytes = 0;
    };
    using Order = std::list<Place>;
    using Person = std::pair<QString, QString>; // RFC 7519 section 4.1.2: a subject is unique at its issuer
    static Person personOf(const Entry &entry) { return {entry.identity.issuer, entry.identity.subject}; }
    void drop(Order::iterator place);

    const qsizetype m_most;
    const qsizetype m_mostBytes;
    qsizetype m_bytes = 0;
    Order m_order; // the last used one first
    QHash<QByteArray, Order::iterator> m_places;
    QHash<Person, std::vector<Order::iterator>> m_ofPerson; // the oldest first
};

} // namespace Watchword::Gateway
