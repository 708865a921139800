// SPDX-License-Identifier: Apache-2.0
#include "refresh/revoker.h"

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr auto kRecord = "revocations"_L1;
constexpr Duration kTakeOverAfter = 1min; // whoever wrote it down has sent it long before, if it is there and can

QList<RevocationQueue::Entry> storedEntries(TokenStore &store)
{
    const Result<Secret> plain = store.loadRecord(kRecord);
    return plain ? RevocationQueue::decode(*plain).valueOr({}) : QList<RevocationQueue::Entry>();
}

} // namespace

Revoker::Revoker(Provider &provider, StoreRunner &runner, Clock &clock, RandomSource &random, QObject *parent)
    : QObject(parent)
    , m_provider(provider)
    , m_runner(runner)
    , m_clock(clock)
    , m_queue(random)
    , m_alarm(clock)
    , m_look(clock)
{
    connect(&m_alarm, &Alarm::due, this, &Revoker::next);
    connect(&m_look, &Alarm::due, this, [this] { takeUp(u"revocation.taken_over"_s); });
}

Revoker::~Revoker() = default;

void Revoker::setStore(std::shared_ptr<TokenStore> store)
{
    if (m_store == store)
        return;
    m_store = std::move(store);
    takeUp(u"revocation.resumed"_s);
}

void Revoker::scheduleTakeOver()
{
    if (m_store && !m_look.isActive())
        m_look.start(kTakeOverAfter);
}

void Revoker::takeUp(const QString &event)
{
    m_runner.run([store = m_store] { return storedEntries(*store); },
                 [this, event](const QList<RevocationQueue::Entry> &entries) {
                     const int before = waiting();
                     m_queue.merge(entries);
                     if (const int more = waiting() - before; more > 0)
                         Q_EMIT noted(event, QString::number(more));
                     next();
                 });
}

void Revoker::add(const Secret &refreshToken)
{
    if (refreshToken.isEmpty())
        return;
    m_queue.add(refreshToken, m_clock.wallNow());
    save({});
}

// Writes the queue, with what other processes left in it meanwhile.
void Revoker::save(const QList<Secret> &done)
{
    if (!m_store)
        return;
    m_runner.run(
        [store = m_store, mine = m_queue.entries(), done] {
            RevocationQueue merged(RandomSource::system());
            merged.merge(mine);
            merged.merge(storedEntries(*store));
            for (const Secret &token : done)
                merged.answered(token, RevocationQueue::Answer::Done, {}, {});
            return store->saveRecord(kRecord, RevocationQueue::encode(merged.entries()));
        },
        [this](const Result<void> &saved) {
            if (!saved)
                Q_EMIT noted(u"revocation.not_stored"_s, saved.error().toString());
        });
}

void Revoker::next()
{
    m_alarm.cancel();
    if (m_sending)
        return;
    const WallTime now = m_clock.wallNow();
    if (const QList<Secret> dropped = m_queue.expire(now); !dropped.isEmpty()) {
        for (const Secret &old : dropped)
            Q_EMIT noted(u"signout.not_revoked"_s, u"%1: the provider could not be reached for a day"_s.arg(old.fingerprint()));
        save(dropped);
    }
    const std::optional<Secret> token = m_queue.due(now);
    if (!token) {
        if (const auto at = m_queue.nextAt())
            m_alarm.start(std::max<Duration>(*at - now, 1ms));
        Q_EMIT settled();
        return;
    }
    m_sending = true;
    m_provider.revoke(*token, [this, token = *token](const Result<void> &result) {
        m_sending = false;
        const auto answer = judgeRevocation(result);
        m_queue.answered(token, answer, result ? std::nullopt : result.error().retryAfter(), m_clock.wallNow());
        const QString which = token.fingerprint();
        if (result)
            Q_EMIT noted(u"signout.revoked"_s, which);
        else
            Q_EMIT noted(answer == RevocationQueue::Answer::Again ? u"signout.revocation_waits"_s : u"signout.not_revoked"_s,
                         u"%1: %2"_s.arg(which, result.error().toString()));
        save(answer == RevocationQueue::Answer::Done ? QList{token} : QList<Secret>());
        next();
    });
}

} // namespace Watchword
