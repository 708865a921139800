// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lock/lockstore.h"
#include "watchword/core/clock.h"

#include <QHash>
#include <QObject>

namespace Watchword::Gateway {

/*!
    Who is kept out now. Looked up for every verified token, so that finding nobody is cheap: a look into a hash for each kind of
    target, and each locked address or subnet in turn.

    Life cycle: open() once. Bounded: kMost locks, and kMostAddresses of addresses; then add() fails with RateLimited
    and says what to do. Locks that are over are forgotten within a minute.
    Threads: one. Ownership: borrows the clock.
*/
class WATCHWORD_TEST_EXPORT LockBook : public QObject
{
    Q_OBJECT

public:
    static constexpr qsizetype kMost = 200'000;
    static constexpr qsizetype kMostAddresses = 1'000;

    explicit LockBook(Clock &clock);

    Result<void> open(const QString &file); //!< Empty: in memory.
    bool isDurable() const { return m_store.isDurable(); }

    /*!
        Stored when it returns, and then told by added(). A lock for the same target with the same mode, the same before
        and the same includesOperators is replaced by one that lasts as long or longer, and keeps its id. One that cannot be
       stored holds nevertheless, until the end of the process: the error says so.
    */
    Result<Lock> add(const Lock &lock);
    //! False: there is none with this id.
    Result<bool> remove(const QString &id);
    std::optional<Lock> find(const QString &id) const;
    QList<Lock> locks() const; //!< The newest first.
    qsizetype size() const { return m_locks.size(); }

    //! What keeps \a identity out, the hardest mode first. A null \a peer is at no locked address.
    std::optional<Lock> lockOn(const Identity &identity, const QHostAddress &peer = {}) const;

Q_SIGNALS:
    void added(const Watchword::Gateway::Lock &lock); //!< Whom it concerns is to be cut.
    void removed(const Watchword::Gateway::Lock &lock);

private:
    void insert(const Lock &lock);
    void take(const QString &id);
    void forget();

    LockStore m_store;
    Clock &m_clock;
    Alarm m_upkeep;
    QHash<QString, Lock> m_locks; // by id
    QMultiHash<QString, QString> m_byTarget; // ids by kind and value
    QList<QString> m_addresses; // ids of those by address
};

} // namespace Watchword::Gateway
