// SPDX-License-Identifier: Apache-2.0
#include "gate/ticketstore.h"

#include "watchword/jose/base64url.h"

#include <QCryptographicHash>

namespace Watchword::Gateway {

namespace {

constexpr qsizetype kTicketBytes = 32;

QByteArray nameOfTicket(QByteArrayView ticket)
{
    return QCryptographicHash::hash(ticket, QCryptographicHash::Sha256);
}

} // namespace

QByteArray TicketStore::add(Entry entry, Instant now)
{
    const bool isFull = m_entries.size() >= kMost || m_bytes + entry.token.size() > kMostBytes;
    if (isFull || m_perUser.value(entry.user) >= kMostOfAUser || now - m_lookedAt > kAge)
        forget(now);
    if (m_entries.size() >= kMost || m_bytes + entry.token.size() > kMostBytes || m_perUser.value(entry.user) >= kMostOfAUser)
        return {};
    const QByteArray ticket = toBase64Url(Secret::random(kTicketBytes).reveal());
    ++m_perUser[entry.user];
    m_bytes += entry.token.size();
    m_entries.insert(nameOfTicket(ticket), std::move(entry));
    return ticket;
}

std::optional<TicketStore::Entry> TicketStore::take(const Secret &ticket, Instant now)
{
    const auto at = m_entries.find(nameOfTicket(ticket.reveal()));
    if (at == m_entries.end())
        return {};
    Entry entry = *at;
    remove(at);
    if (now >= entry.until)
        return {};
    return entry;
}

void TicketStore::remove(QHash<QByteArray, Entry>::iterator at)
{
    m_bytes -= at->token.size();
    if (const auto count = m_perUser.find(at->user); count != m_perUser.end() && --*count <= 0)
        m_perUser.erase(count);
    m_entries.erase(at);
}

void TicketStore::forget(Instant now)
{
    // A table that stays full must not be walked by every request.
    if (now - m_lookedAt < std::chrono::seconds(1) && m_lookedAt != Instant{})
        return;
    m_lookedAt = now;
    QList<QByteArray> ended;
    for (auto it = m_entries.cbegin(); it != m_entries.cend(); ++it) {
        if (now >= it->until)
            ended.append(it.key());
    }
    for (const QByteArray &name : std::as_const(ended))
        remove(m_entries.find(name));
}

} // namespace Watchword::Gateway
