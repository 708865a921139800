// SPDX-License-Identifier: Apache-2.0
#include "monitor/store/connectiontable.h"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace Monitor {

namespace {

constexpr double RateWindowMs = 10'000;

ConnectionTable::State stateOf(const QString &word)
{
    if (word == u"open")
        return ConnectionTable::OpenState;
    if (word == u"expiring")
        return ConnectionTable::ExpiringState;
    if (word == u"failing")
        return ConnectionTable::FailingState;
    if (word == u"revoked")
        return ConnectionTable::RevokedState;
    return word == u"closed" ? ConnectionTable::ClosedState : ConnectionTable::UnknownState;
}

bool isOpen(quint8 state)
{
    return state != ConnectionTable::ClosedState && state != ConnectionTable::RevokedState;
}

qint64 known(qint64 value)
{
    return value < 0 ? ConnectionTable::Unknown : value;
}

template <typename T>
T bounded(qint64 value)
{
    return T(std::clamp<qint64>(value, 0, std::numeric_limits<T>::max()));
}

} // namespace

ConnectionTable::ConnectionTable()
    : m_strings(qsizetype(1) << 30)
{
}

ConnectionTable::~ConnectionTable() = default;

quint32 ConnectionTable::take(const QString &id)
{
    quint32 slot = 0;
    if (!m_free.empty()) {
        slot = m_free.back();
        m_free.pop_back();
        ++m_generation[slot];
    } else {
        slot = slotCount();
        const auto addTo = [](auto &...columns) { (columns.emplace_back(), ...); };
        addTo(m_wireId, m_generation, m_version, m_live, m_state, m_queue, m_rtt, m_port, m_closeCode, m_renewals,
              m_renewalsFailed, m_inRate, m_outRate, m_rateAt);
        for (auto &column : m_ids)
            column.emplace_back();
        for (auto &column : m_numbers)
            column.emplace_back();
    }
    m_wireId[slot] = id;
    m_live[slot] = 1;
    m_slotOfId.insert(id, slot);
    ++m_structure;
    return slot;
}

void ConnectionTable::write(quint32 slot, const ConnectionEntry &row)
{
    const std::array<const QString *, IdColumnCount> texts = {&row.session, &row.subject, &row.user,   &row.client,     &row.ip,
                                                              &row.node,    &row.path,    &row.origin, &row.userAgent,  &row.tls,
                                                              &row.cipher,  &row.token,   nullptr,     &row.closeReason};
    for (size_t i = 0; i < texts.size(); ++i)
        m_ids[i][slot] = m_strings.intern(texts[i] ? *texts[i] : row.scope.join(u' '));
    const std::array<qint64, NumberColumnCount> numbers = {known(row.opened), known(row.lastIn), known(row.expires),
                                                           known(row.issued), known(row.closed), row.bytesIn,
                                                           row.bytesOut,      row.messagesIn,    row.messagesOut};
    for (size_t i = 0; i < numbers.size(); ++i)
        m_numbers[i][slot] = numbers[i];
    m_state[slot] = stateOf(row.state);
    m_queue[slot] = bounded<quint32>(row.queue);
    m_rtt[slot] = row.rttMs < 0 ? -1 : bounded<qint32>(row.rttMs);
    m_port[slot] = bounded<quint16>(row.port);
    m_closeCode[slot] = bounded<quint16>(row.closeCode);
    m_renewals[slot] = bounded<quint32>(row.renewals);
    m_renewalsFailed[slot] = bounded<quint32>(row.renewalsFailed);
}

double ConnectionTable::decayed(float rate, qint64 at, qint64 now)
{
    return now <= at ? double(rate) : double(rate) * std::exp(-double(now - at) / RateWindowMs);
}

void ConnectionTable::measure(quint32 slot, const ConnectionEntry &row, qint64 now, bool fresh)
{
    if (fresh) {
        m_inRate[slot] = 0;
        m_outRate[slot] = 0;
        m_rateAt[slot] = now;
        return;
    }
    const qint64 elapsed = now - m_rateAt[slot];
    if (elapsed <= 0)
        return; // the next row has the whole difference, because the counters are not taken over here
    // A rate that is constant over the interval weighs 1 - e^(-t/T) of the mean; counters that went back count as none.
    const double keep = std::exp(-double(elapsed) / RateWindowMs);
    const auto mean = [&](float old, qint64 before, qint64 after) {
        const double current = double(std::max<qint64>(0, after - before)) * 1000 / double(elapsed);
        return float(double(old) * keep + current * (1 - keep));
    };
    m_inRate[slot] = mean(m_inRate[slot], m_numbers[MessagesIn][slot], row.messagesIn);
    m_outRate[slot] = mean(m_outRate[slot], m_numbers[MessagesOut][slot], row.messagesOut);
    m_rateAt[slot] = now;
}

void ConnectionTable::countNode(quint32 slot, int sign)
{
    m_countByState[m_state[slot]] += sign;
    if (!isOpen(m_state[slot]))
        return;
    auto &counts = m_nodes[m_ids[Node][slot]];
    counts[0] += sign;
    if (m_state[slot] == FailingState)
        counts[1] += sign;
}

void ConnectionTable::upsert(const ConnectionEntry &row, qint64 now)
{
    const std::unique_lock lock(m_mutex);
    quint32 slot = slotOf(row.id);
    const bool fresh = slot == noSlot();
    if (fresh)
        slot = take(row.id);
    else
        countNode(slot, -1);
    const bool sameInstant = !fresh && now <= m_rateAt[slot];
    const qint64 in = m_numbers[MessagesIn][slot];
    const qint64 out = m_numbers[MessagesOut][slot];
    measure(slot, row, now, fresh);
    write(slot, row);
    if (sameInstant) {
        // Two rows in one instant have no rate between them; the next one measures from the older counters.
        m_inRate[slot] += float(double(std::max<qint64>(0, row.messagesIn - in)) * 1000 / RateWindowMs);
        m_outRate[slot] += float(double(std::max<qint64>(0, row.messagesOut - out)) * 1000 / RateWindowMs);
    }
    countNode(slot, 1);
    ++m_version[slot];
    ++m_changes;
}

bool ConnectionTable::remove(const QString &id)
{
    const std::unique_lock lock(m_mutex);
    const auto found = m_slotOfId.constFind(id);
    if (found == m_slotOfId.constEnd())
        return false;
    const quint32 slot = *found;
    countNode(slot, -1);
    m_slotOfId.erase(found);
    m_live[slot] = 0;
    m_removed.push_back(slot);
    ++m_version[slot];
    ++m_changes;
    ++m_structure;
    return true;
}

void ConnectionTable::clear()
{
    const QStringList ids = m_slotOfId.keys();
    for (const QString &id : ids)
        remove(id);
}

void ConnectionTable::releaseRemoved(const std::function<bool(quint64)> &keep)
{
    if (m_removed.empty())
        return;
    const std::unique_lock lock(m_mutex);
    const auto kept = std::partition(m_removed.begin(), m_removed.end(), [&](quint32 slot) { return keep && keep(key(slot)); });
    m_free.insert(m_free.end(), kept, m_removed.end());
    m_removed.erase(kept, m_removed.end());
}

quint32 ConnectionTable::slotOf(const QString &id) const
{
    return m_slotOfId.value(id, noSlot());
}

quint32 ConnectionTable::slotOfKey(quint64 key) const
{
    const quint32 slot = quint32(key) - 1;
    return slot < slotCount() && m_generation[slot] == quint32(key >> 32) ? slot : noSlot();
}

QString ConnectionTable::stateName(quint32 slot) const
{
    switch (state(slot)) {
    case OpenState:
        return QStringLiteral("open");
    case ExpiringState:
        return QStringLiteral("expiring");
    case FailingState:
        return QStringLiteral("failing");
    case RevokedState:
        return QStringLiteral("revoked");
    case ClosedState:
        return QStringLiteral("closed");
    case UnknownState:
        break;
    }
    return QStringLiteral("unknown");
}

qsizetype ConnectionTable::liveCount() const
{
    return m_countByState[UnknownState] + m_countByState[OpenState] + m_countByState[ExpiringState]
        + m_countByState[FailingState];
}

QHash<QString, qsizetype> ConnectionTable::countByNode() const
{
    QHash<QString, qsizetype> counts;
    for (auto it = m_nodes.begin(); it != m_nodes.end(); ++it) {
        if (it.value()[0] > 0)
            counts.insert(m_strings.text(it.key()), it.value()[0]);
    }
    return counts;
}

qsizetype ConnectionTable::failingByNode(const QString &node) const
{
    const quint32 id = m_strings.find(node.toUtf8());
    const auto found = m_nodes.find(id);
    return found == m_nodes.end() ? 0 : found.value()[1];
}

} // namespace Monitor
