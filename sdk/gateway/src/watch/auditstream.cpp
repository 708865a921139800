// SPDX-License-Identifier: Apache-2.0
#include "watch/auditstream.h"

#include "audit/auditlog.h"
#include "watchword/core/closepolicy.h"

#include <QJsonArray>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr quint64 kNewestAtStart = 200;
constexpr qsizetype kBatch = 100;

} // namespace

AuditStream::AuditStream(std::unique_ptr<ClientSocket> socket, const Identity &identity, const QString &after,
                         StreamContext &context, QObject *parent)
    : StreamSocket(std::move(socket), identity, context, parent)
    , m_after(after)
    , m_epoch(context.audit.epoch())
    , m_mark(context.clock)
{
    connect(&m_mark, &Alarm::due, this, &AuditStream::sendMark);
}

void AuditStream::begin()
{
    const Result<AuditCursor> parsed = AuditCursor::parse(m_after);
    if (!parsed) {
        violate(parsed.error());
        return;
    }
    const AuditCursor &cursor = *parsed;
    const quint64 newest = context().audit.newest();
    const quint64 oldest = context().audit.oldest();
    const quint64 beforeOldest = oldest == 0 ? newest : oldest - 1;
    const bool otherEpoch = cursor.from == AuditCursor::From::Behind && cursor.epoch != m_epoch;
    bool gap = otherEpoch;
    quint64 lostFrom = 0;
    quint64 lostTo = 0;
    if (cursor.from == AuditCursor::From::Newest) {
        m_cursor = std::max(beforeOldest, newest - std::min(newest, kNewestAtStart));
    } else if (cursor.from == AuditCursor::From::Oldest || otherEpoch) {
        m_cursor = beforeOldest;
    } else {
        m_cursor = std::min(cursor.sequence, newest);
        if (m_cursor < beforeOldest) {
            gap = true;
            lostFrom = m_cursor + 1;
            lostTo = beforeOldest;
            m_cursor = beforeOldest;
        }
    }
    QJsonObject open{{"epoch"_L1, m_epoch},
                     {"requested"_L1, m_after},
                     {"actual"_L1, u"%1.%2"_s.arg(m_epoch).arg(m_cursor)},
                     {"gap"_L1, gap},
                     {"newest"_L1, qint64(newest)}};
    if (lostTo != 0) {
        open.insert("lost_from"_L1, qint64(lostFrom));
        open.insert("lost_to"_L1, qint64(lostTo));
    }
    if (const auto kept = std::chrono::duration_cast<std::chrono::seconds>(context().audit.retention()); kept.count() > 0)
        open.insert("retention_s"_L1, qint64(kept.count()));
    if (identity().expiresAt)
        open.insert("exp"_L1, milliseconds(*identity().expiresAt));
    send({{"stream.open"_L1, open}});
    if (m_cursor < newest)
        Q_EMIT turnWanted();
}

bool AuditStream::wantsTurn() const
{
    return !isClosing() && m_cursor < context().audit.newest();
}

qsizetype AuditStream::turn(qsizetype budget)
{
    if (context().audit.epoch() != m_epoch) {
        // The log began anew under this reader; it comes back and is told so by "stream.open".
        close(int(CloseCode::ServiceRestart), u"epoch_changed"_s);
        return 0;
    }
    qsizetype used = 0;
    while (used < budget && wantsTurn() && canSend()) {
        const QString *text = context().tail.behind(m_cursor);
        if (!text)
            return used + readPage(budget - used);
        sendEvent(m_cursor + 1, *text);
        ++used;
    }
    return used;
}

bool AuditStream::sendEvent(quint64 sequence, const QString &text)
{
    if (!canSend())
        return false;
    if (sequence > m_cursor + 1) {
        const QJsonObject lost{{"lost_from"_L1, qint64(m_cursor + 1)}, {"lost_to"_L1, qint64(sequence - 1)}};
        send({{"stream.gap"_L1, lost}});
    }
    sendText(text);
    m_cursor = sequence;
    return true;
}

qsizetype AuditStream::readPage(qsizetype budget)
{
    const int limit = int(std::min(budget, kBatch));
    const Result<QList<AuditRecord>> page = context().audit.records(m_cursor, limit);
    if (!page || page->isEmpty()) {
        close(int(CloseCode::InternalError), u"audit_unreadable"_s);
        return limit;
    }
    qsizetype used = 0;
    for (const AuditRecord &record : *page) {
        ++used;
        if (!sendEvent(record.sequence, QString::fromUtf8(record.text)))
            break;
    }
    return used;
}

void AuditStream::sent()
{
    m_mark.start(context().limits.auditMarkEvery);
}

void AuditStream::sendMark()
{
    if (isClosing())
        return;
    if (!canSend()) {
        m_mark.start(context().limits.auditMarkEvery);
        return;
    }
    send({{"stream.mark"_L1,
           QJsonObject{{"newest"_L1, qint64(context().audit.newest())},
                       {"server_time"_L1, milliseconds(context().clock.wallNow())}}}});
}

void AuditStream::receive(const QString &text)
{
    const Result<WatchMessage::Any> message = WatchMessage::parseAudit(text);
    if (!message)
        violate(message.error());
    else if (const auto *refresh = std::get_if<WatchMessage::Refresh>(&*message))
        renew(*refresh);
    else if (const auto *wanted = std::get_if<WatchMessage::CheckpointRequest>(&*message))
        sendCheckpoint(*wanted);
}

void AuditStream::sendCheckpoint(const WatchMessage::CheckpointRequest &wanted)
{
    const Result<AuditProof> proof = context().audit.prove(wanted.old, wanted.sequence);
    if (!proof) {
        send({{"stream.checkpoint"_L1, QJsonObject{{"error"_L1, proof.error().detail()}}}});
        return;
    }
    const auto base64 = [](const QList<QByteArray> &hashes) {
        QJsonArray list;
        for (const QByteArray &hash : hashes)
            list.append(QString::fromLatin1(hash.toBase64()));
        return list;
    };
    QJsonArray keys;
    for (const QByteArray &key : proof->keys)
        keys.append(QString::fromLatin1(key));
    QJsonObject fields{{"note"_L1, QString::fromUtf8(proof->note)}, {"keys"_L1, keys}, {"base"_L1, qint64(proof->base)}};
    if (wanted.old > 0)
        fields.insert("consistency"_L1, base64(proof->consistency));
    if (wanted.sequence > 0)
        fields.insert("inclusion"_L1, base64(proof->inclusion));
    send({{"stream.checkpoint"_L1, fields}});
}

QJsonObject AuditStream::renewed(const QJsonObject &fields) const
{
    return {{"auth.ok"_L1, fields}};
}

QJsonObject AuditStream::notRenewed(const QJsonObject &fields) const
{
    return {{"auth.fail"_L1, fields}};
}

QString AuditStream::neededScope() const
{
    return u"gw:audit"_s;
}

} // namespace Watchword::Gateway
