// SPDX-License-Identifier: Apache-2.0
#include "connection/attemptlog.h"

#include "transport/upgrade.h"

#include "watchword/core/log.h"

#include <algorithm>
#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr size_t kLargestLog = 50;
constexpr qsizetype kLongestSnippet = 200;

void append(QString &text, QLatin1StringView name, AttemptRecord::Elapsed elapsed)
{
    if (elapsed)
        text += u" %1=%2ms"_s.arg(name).arg(elapsed->count());
}

} // namespace

QString AttemptRecord::toString() const
{
    QString text = u"#%1 %2 %3 (%4):"_s.arg(number).arg(startedAt.toString(Qt::ISODateWithMs), url, why);
    append(text, "token"_L1, token);
    append(text, "dns"_L1, dns);
    append(text, "tcp"_L1, tcp);
    append(text, "tls"_L1, tls);
    append(text, "http"_L1, upgraded);
    append(text, "ready"_L1, ready);
    append(text, "ended"_L1, ended);
    if (failure)
        text += u' ' + failure->toString();
    if (!next.isEmpty())
        text += u"; "_s + next;
    return text;
}

QString ConnectError::toString() const
{
    QString text;
    if (httpStatus)
        text += u"status=%1 "_s.arg(httpStatus);
    for (auto header = httpHeaders.cbegin(); header != httpHeaders.cend(); ++header)
        text += u"[%1: %2] "_s.arg(header.key(), header.value());
    if (!problem.isEmpty())
        text += u"\"%1\" "_s.arg(problem);
    else if (!bodySnippet.isEmpty())
        text += u"body=\"%1\" "_s.arg(bodySnippet);
    if (closeCode)
        text += u"close=%1 %2 "_s.arg(closeCode).arg(closeReason);
    return text + u"error=%1"_s.arg(error.toString());
}

AttemptLog::AttemptLog(Clock &clock, std::function<void(const ConnectError &)> failed)
    : m_clock(clock)
    , m_failed(std::move(failed))
{
}

void AttemptLog::begin(AttemptId id, const QUrl &url, const QString &why)
{
    for (Entry &before : m_entries) {
        if (before.record.ended)
            before.tokens = {};
    }
    // The oldest one that is over goes: a connection may outlive many attempts to replace it.
    if (m_entries.size() >= kLargestLog) {
        const auto oldest =
            std::find_if(m_entries.cbegin(), m_entries.cend(), [](const Entry &entry) { return entry.record.ended.has_value(); });
        if (oldest != m_entries.cend())
            m_entries.erase(oldest);
    }
    AttemptRecord record;
    record.number = ++m_count;
    record.url = redactedUrl(url);
    record.why = why;
    record.tokenFingerprint = u"-"_s;
    m_entries.push_back({id, record, m_clock.now()});
}

QList<AttemptRecord> AttemptLog::records() const
{
    const WallTime date = m_clock.wallNow();
    const Instant now = m_clock.now();
    QList<AttemptRecord> records;
    for (const Entry &entry : m_entries) {
        records.append(entry.record);
        records.last().startedAt = toDateTime(date - (now - entry.startedAt));
    }
    return records;
}

AttemptLog::Entry *AttemptLog::open(AttemptId id)
{
    const auto found = std::find_if(m_entries.rbegin(), m_entries.rend(), [id](const Entry &entry) { return entry.id == id; });
    return found == m_entries.rend() || found->record.ended ? nullptr : &*found;
}

int AttemptLog::number(AttemptId id)
{
    const Entry *entry = open(id);
    return entry ? entry->record.number : 0;
}

void AttemptLog::setToken(AttemptId id, const Secret &token)
{
    Entry *entry = open(id);
    if (!entry)
        return;
    entry->tokens[0] = token;
    entry->record.token = elapsed(*entry);
    entry->record.tokenFingerprint = token.fingerprint();
}

void AttemptLog::renewToken(AttemptId id, const Secret &token)
{
    Entry *entry = open(id);
    if (!entry)
        return;
    if (!entry->tokens[1].isEmpty())
        entry->tokens[0] = entry->tokens[1];
    entry->tokens[1] = token;
}

void AttemptLog::reach(AttemptId id, AttemptPhase phase)
{
    Entry *entry = open(id);
    if (!entry)
        return;
    AttemptRecord &record = entry->record;
    record.reached = phase;
    const AttemptRecord::Elapsed now = elapsed(*entry);
    if (phase == AttemptPhase::Tcp)
        record.dns = now;
    else if (phase == AttemptPhase::Tls || (phase == AttemptPhase::Upgrade && !record.tcp)) // there is no TLS
        record.tcp = now;
    else if (phase == AttemptPhase::Upgrade)
        record.tls = now;
    else if (phase == AttemptPhase::Hello)
        record.upgraded = now;
    else if (phase == AttemptPhase::Ready)
        record.ready = now;
}

void AttemptLog::setSubprotocol(AttemptId id, const QString &name)
{
    if (Entry *entry = open(id))
        entry->record.subprotocol = name;
}

void AttemptLog::setEnd(AttemptId id, const TransportEnd &end)
{
    Entry *entry = open(id);
    if (!entry)
        return;
    ConnectError &known = entry->end;
    known = {};
    known.httpStatus = end.http.status;
    for (const QByteArrayView name : {"retry-after", "www-authenticate", "server", "via", "date", "content-type"}) {
        if (const QByteArray value = end.http.header(name); !value.isEmpty())
            known.httpHeaders.insert(QString::fromLatin1(name), redact(QString::fromLatin1(value.left(300))));
    }
    if (const QByteArray location = end.http.header("location"); !location.isEmpty())
        known.httpHeaders.insert(u"location"_s, redact(redactedUrl(QUrl(QString::fromLatin1(location.left(1000))))));
    const QString acrValues = QString::fromUtf8(Upgrade::challengeParameter(end.http, "acr_values"_L1));
    known.acrValues = redact(acrValues.left(500)).split(u' ', Qt::SkipEmptyParts);
    known.maxAge = Upgrade::maxAgeOf(QString::fromLatin1(Upgrade::challengeParameter(end.http, "max_age"_L1)));
    known.problem = redact(Upgrade::problemText(end.http));
    // A token that is cut in two would not be recognised, so it is cut out first.
    known.bodySnippet = redact(QString::fromUtf8(end.http.body)).simplified().left(kLongestSnippet);
    known.tlsErrors = end.tlsErrors;
    known.closeCode = end.closeCode;
    known.closeReason = redact(end.closeReason);
}

void AttemptLog::setError(AttemptId id, const Error &error)
{
    Entry *entry = open(id);
    if (!entry)
        return;
    AttemptRecord &record = entry->record;
    record.failure = entry->end;
    record.failure->phase = record.reached;
    record.failure->error = error;
    record.failure->remedy = error.remedy();
    record.failure->retryAfter = error.retryAfter();
}

void AttemptLog::finish(AttemptId id, const QString &next, bool willRetry, const QDateTime &nextTryAt)
{
    Entry *entry = open(id);
    if (!entry)
        return;
    AttemptRecord &record = entry->record;
    record.ended = elapsed(*entry);
    record.next = next;
    if (record.failure) {
        record.failure->willRetry = willRetry;
        record.failure->nextTryAt = nextTryAt;
        record.failure->next = next;
        m_failed(ConnectError(*record.failure)); // who hears of it may begin another record
    }
}

void AttemptLog::finishAll(AttemptId id, const QString &next, bool willRetry, const QDateTime &nextTryAt)
{
    if (const AttemptId before = std::exchange(m_current, id); before != id)
        finish(before, next, willRetry, nextTryAt);
    finish(id, next, willRetry, nextTryAt);
}

void AttemptLog::handOn(AttemptId to, const QString &why)
{
    if (const AttemptId before = std::exchange(m_current, to); before != to)
        finish(before, u"tries again at once: "_s + why, true);
}

QString AttemptLog::redact(QString text) const
{
    for (QChar &c : text) {
        if (c.category() == QChar::Other_Control)
            c = u' ';
    }
    for (const Entry &entry : m_entries) {
        for (const Secret &token : entry.tokens) {
            if (!token.isEmpty())
                text.replace(QString::fromLatin1(token.reveal()), "[token]"_L1);
        }
    }
    return text;
}

Error AttemptLog::redact(const Error &error) const
{
    return error.withDetail(redact(error.detail()));
}

} // namespace Watchword
