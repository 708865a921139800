// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/provider.h"
#include "refresh/revocationqueue.h"
#include "store/storerunner.h"
#include "watchword/auth/tokenstore.h"

namespace Watchword {

/*!
    Carries a RevocationQueue out: one request at a time, the queue sealed beside the tokens, so that it survives the
    program. A token is on the disk before it is sent.
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
    int waiting() const { return int(m_queue.entries().size()); }

Q_SIGNALS:
    void noted(const QString &what, const QString &detail);

private:
    void save(const QList<Secret> &done);

    Provider &m_provider;
    StoreRunner &m_runner;
    Clock &m_clock;
    RevocationQueue m_queue;
    std::shared_ptr<TokenStore> m_store;
    Alarm m_alarm;
    bool m_sending = false;
};

} // namespace Watchword
