// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/provider.h"
#include "refresh/revocationqueue.h"
#include "store/storerunner.h"
#include "watchword/auth/tokenstore.h"

namespace Watchword {

/*!
    Carries a RevocationQueue out: one request at a time, the queue sealed beside the tokens, so that it survives the
    program. A token is on the disk before it is sent. What a program leaves is taken up by its next start, or by another
    process of the account. Both may send the same token, which does no harm (RFC 7009 section 2.2).
*/
class Revoker : public QObject
{
    Q_OBJECT

public:
    Revoker(Provider &provider, StoreRunner &runner, Clock &clock, RandomSource &random, QObject *parent = nullptr);
    ~Revoker() override;

    //! Takes up what an earlier program left. Until it is called, the queue is in memory only.
    void setStore(std::shared_ptr<TokenStore> store);
    //! Writes \a refreshToken down. It is sent by next(), or at the next start.
    void add(const Secret &refreshToken);
    void next();
    //! The files changed: a process that signed out may have ended before it could revoke. What is still there in a minute is
    //! taken over.
    void scheduleTakeOver();
    int waiting() const { return int(m_queue.entries().size()); }
    //! One is on its way, or will be as soon as what it is about is stored.
    bool isUnderWay() const { return m_sending || m_queue.due(m_clock.wallNow()); }

Q_SIGNALS:
    void settled(); //!< None is under way any more; those that failed come later.
    void noted(const QString &what, const QString &detail);

private:
    void save(const QList<Secret> &done);
    void takeUp(const QString &event); //!< What the store holds and this process does not know.

    Provider &m_provider;
    StoreRunner &m_runner;
    Clock &m_clock;
    RevocationQueue m_queue;
    std::shared_ptr<TokenStore> m_store;
    Alarm m_alarm;
    Alarm m_look;
    bool m_sending = false;
};

} // namespace Watchword
