// SPDX-License-Identifier: Apache-2.0
#include "auditreceiver.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

Error violation(const QString &what)
{
    return Error(ErrorCode::ProtocolViolation, what);
}

quint64 number(const QJsonValue &value)
{
    return quint64(std::max<qint64>(value.toInteger(), 0));
}

std::optional<WallTime> expiry(const QJsonValue &value)
{
    return value.isDouble() ? std::optional(WallTime(Duration(value.toInteger()))) : std::nullopt;
}

} // namespace

void AuditReceiver::restart(const QString &cursor)
{
    *this = {};
    m_start = cursor;
    const qsizetype dot = cursor.lastIndexOf(u'.');
    if (dot > 0) {
        m_epoch = cursor.left(dot);
        m_last = cursor.mid(dot + 1).toULongLong();
        m_positioned = true;
    }
}

QString AuditReceiver::after() const
{
    return m_positioned && !m_epoch.isEmpty() ? u"%1.%2"_s.arg(m_epoch).arg(m_last) : m_start;
}

// Nothing where the gateway has none, or not what was asked for.
std::optional<AuditCheckpoint> AuditReceiver::checkpointOf(const QJsonObject &json)
{
    AuditCheckpoint checkpoint;
    checkpoint.note = json.value("note"_L1).toString().toUtf8();
    if (checkpoint.note.isEmpty())
        return {};
    const QJsonArray keys = json.value("keys"_L1).toArray();
    for (const QJsonValue &key : keys)
        checkpoint.keys.append(key.toString().toUtf8());
    const QJsonArray hashes = json.value("consistency"_L1).toArray();
    for (const QJsonValue &hash : hashes)
        checkpoint.consistency.append(QByteArray::fromBase64(hash.toString().toLatin1()));
    return checkpoint;
}

Result<AuditReceiver::Step> AuditReceiver::receive(const QString &text)
{
    const QJsonDocument document = QJsonDocument::fromJson(text.toUtf8());
    if (!document.isObject())
        return violation(u"a message that is not a JSON object"_s);
    const QJsonObject json = document.object();
    if (json.contains("specversion"_L1))
        return onEvent(json.value("sequence"_L1).toString(), text);
    if (json.contains("stream.open"_L1))
        return onOpen(json.value("stream.open"_L1).toObject());
    Step step;
    if (json.contains("stream.mark"_L1)) {
        m_newest = std::max(m_newest, number(json.value("stream.mark"_L1).toObject().value("newest"_L1)));
        step.mark = m_newest;
    } else if (json.contains("stream.checkpoint"_L1)) {
        step.checkpoint = checkpointOf(json.value("stream.checkpoint"_L1).toObject());
    } else if (json.contains("stream.gap"_L1)) {
        noteGap(number(json.value("stream.gap"_L1).toObject().value("lost_to"_L1)), step);
    } else if (json.contains("auth.ok"_L1)) {
        const QJsonObject ok = json.value("auth.ok"_L1).toObject();
        step.renewedUntil = expiry(ok.value("exp"_L1)).value_or(WallTime::max());
        step.nonce = ok.value("nonce"_L1).toString().toLatin1();
    } else if (json.contains("auth.fail"_L1)) {
        step.notRenewed = RenewalRefusal::fromJson(json.value("auth.fail"_L1).toObject());
    }
    return step;
}

Result<AuditReceiver::Step> AuditReceiver::onOpen(const QJsonObject &open)
{
    Step step;
    const QString epoch = open.value("epoch"_L1).toString();
    const QString actual = open.value("actual"_L1).toString();
    bool ok = false;
    const quint64 position = actual.mid(actual.lastIndexOf(u'.') + 1).toULongLong(&ok);
    if (epoch.isEmpty() || !ok || m_opened)
        return violation(u"stream.open is not valid"_s);
    m_opened = true;
    step.opened = true;
    step.tokenExpiresAt = expiry(open.value("exp"_L1));
    m_newest = number(open.value("newest"_L1));
    if (epoch != m_epoch) {
        if (!m_epoch.isEmpty())
            step.newEpoch = epoch;
        m_epoch = epoch;
        m_last = position;
    } else if (m_positioned && position > m_last) {
        noteGap(position, step);
    } else if (m_positioned && m_newest < m_last) {
        return violation(u"the log is shorter than what was received from it"_s);
    } else if (!m_positioned) {
        m_last = position;
    }
    m_positioned = true;
    return step;
}

Result<AuditReceiver::Step> AuditReceiver::onEvent(const QString &sequenceText, const QString &text)
{
    bool ok = false;
    const quint64 sequence = sequenceText.toULongLong(&ok);
    if (!ok || sequence == 0)
        return violation(u"an event without sequence"_s);
    if (!m_opened)
        return violation(u"an event before stream.open"_s);
    Step step;
    m_newest = std::max(m_newest, sequence);
    if (sequence <= m_last)
        return step; // known from the link before
    noteGap(sequence - 1, step);
    m_last = sequence;
    ++m_received;
    step.line = text.toUtf8();
    return step;
}

void AuditReceiver::noteGap(quint64 to, Step &step)
{
    if (to <= m_last)
        return;
    step.gapFrom = m_last + 1;
    step.gapTo = to;
    m_last = to;
}

} // namespace Watchword
