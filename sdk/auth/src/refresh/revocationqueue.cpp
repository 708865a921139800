// SPDX-License-Identifier: Apache-2.0
#include "refresh/revocationqueue.h"

#include "watchword/core/backoff.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

RevocationQueue::RevocationQueue(RandomSource &random)
    : m_random(&random)
{
}

void RevocationQueue::add(const Secret &token, WallTime now)
{
    merge({Entry{token, now, now, 0}});
}

void RevocationQueue::merge(const QList<Entry> &others)
{
    for (const Entry &other : others) {
        const bool known =
            std::any_of(m_entries.begin(), m_entries.end(), [&](const Entry &one) { return one.token.equals(other.token); });
        const bool done = m_done.contains(other.token.fingerprint());
        if (!known && !done && !other.token.isEmpty())
            m_entries += other;
    }
    while (m_entries.size() > kMostEntries)
        m_entries.removeFirst();
}

QList<Secret> RevocationQueue::expire(WallTime now)
{
    QList<Secret> dropped;
    // A date that was set back must not keep an entry for ever, so an entry from the future starts anew.
    for (Entry &one : m_entries) {
        if (one.since > now + 1h)
            one.since = one.notBefore = now;
    }
    m_entries.removeIf([&](const Entry &one) {
        const bool old = now - one.since > kPatience;
        if (old)
            dropped += one.token;
        return old;
    });
    return dropped;
}

std::optional<Secret> RevocationQueue::due(WallTime now) const
{
    for (const Entry &one : m_entries) {
        if (one.notBefore <= now)
            return one.token;
    }
    return std::nullopt;
}

void RevocationQueue::answered(const Secret &token, Answer answer, std::optional<Duration> retryAfter, WallTime now)
{
    const auto found =
        std::find_if(m_entries.begin(), m_entries.end(), [&](const Entry &one) { return one.token.equals(token); });
    if (found == m_entries.end())
        return;
    if (answer == Answer::Done) {
        m_entries.erase(found);
        m_done += token.fingerprint();
        if (m_done.size() > kMostEntries)
            m_done.removeFirst();
        return;
    }
    const BackoffPolicy policy{.base = 2s, .floor = 1s, .cap = 15min, .slowCap = 15min};
    const Duration pause = policy.delay(++found->attempts, Duration::zero(), *m_random);
    found->notBefore = now + std::max(pause, std::min<Duration>(retryAfter.value_or(0ms), 1h));
}

std::optional<WallTime> RevocationQueue::nextAt() const
{
    std::optional<WallTime> next;
    for (const Entry &one : m_entries)
        next = next ? std::min(*next, one.notBefore) : one.notBefore;
    return next;
}

Secret RevocationQueue::encode(const QList<Entry> &entries)
{
    QJsonArray array;
    for (const Entry &one : entries)
        array += QJsonObject{{u"token"_s, QString::fromUtf8(one.token.reveal())},
                             {u"since"_s, qint64(one.since.time_since_epoch().count())},
                             {u"not_before"_s, qint64(one.notBefore.time_since_epoch().count())},
                             {u"attempts"_s, one.attempts}};
    return Secret::take(QJsonDocument(array).toJson(QJsonDocument::Compact));
}

Result<QList<RevocationQueue::Entry>> RevocationQueue::decode(const Secret &plain)
{
    const QByteArrayView view = plain.reveal();
    const QJsonDocument document = QJsonDocument::fromJson(QByteArray::fromRawData(view.data(), view.size()));
    if (!document.isArray())
        return Error(ErrorCode::StoreCorrupt, u"the stored revocations are not a JSON array"_s);
    QList<Entry> entries;
    const QJsonArray array = document.array();
    for (const QJsonValue &value : array) {
        Entry one;
        one.token = Secret::take(value["token"_L1].toString().toUtf8());
        one.since = WallTime(Duration(value["since"_L1].toInteger()));
        one.notBefore = WallTime(Duration(value["not_before"_L1].toInteger()));
        one.attempts = qBound(0, value["attempts"_L1].toInt(), 1000);
        if (!one.token.isEmpty() && entries.size() < kMostEntries)
            entries += one;
    }
    return entries;
}

RevocationQueue::Answer judgeRevocation(const Result<void> &result)
{
    if (result)
        return RevocationQueue::Answer::Done;
    const int status = result.error().httpStatus();
    const bool later = status == 0 || status == 408 || status == 429 || status >= 500;
    return later ? RevocationQueue::Answer::Again : RevocationQueue::Answer::Done;
}

} // namespace Watchword
