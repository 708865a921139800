// SPDX-License-Identifier: Apache-2.0
#include "attemptlog_p.h"

#include "wire_p.h"

#include "watchword/core/log.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kLargestLog = 50;

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
    if (httpStatus)
        text += u" status=%1"_s.arg(httpStatus);
    for (auto header = httpHeaders.cbegin(); header != httpHeaders.cend(); ++header)
        text += u" [%1: %2]"_s.arg(header.key(), header.value());
    if (!problem.isEmpty())
        text += u" \"%1\""_s.arg(problem);
    if (closeCode)
        text += u" close=%1 %2"_s.arg(closeCode).arg(closeReason);
    if (error)
        text += u" error=%1"_s.arg(error->toString());
    if (!next.isEmpty())
        text += u"; "_s + next;
    return text;
}

AttemptLog::AttemptLog(Clock &clock)
    : m_clock(clock)
{
}

void AttemptLog::begin(const QUrl &url, const QString &why)
{
    AttemptRecord record;
    record.number = ++m_count;
    record.startedAt = QDateTime::fromMSecsSinceEpoch(m_clock.wallNow().time_since_epoch().count(), Qt::UTC);
    record.url = redactedUrl(url);
    record.why = why;
    record.tokenFingerprint = u"-"_s;
    m_startedAt = m_clock.now();
    m_token.clear();
    m_renewed.clear();
    if (m_records.size() >= kLargestLog)
        m_records.removeFirst();
    m_records.append(record);
}

AttemptRecord::Elapsed AttemptLog::elapsed() const
{
    return m_clock.now() - m_startedAt;
}

void AttemptLog::setToken(const Secret &token)
{
    m_token = token;
    if (AttemptRecord *record = current()) {
        record->token = elapsed();
        record->tokenFingerprint = token.fingerprint();
    }
}

void AttemptLog::renewToken(const Secret &token)
{
    if (!m_renewed.isEmpty())
        m_token = m_renewed;
    m_renewed = token;
}

void AttemptLog::reach(AttemptPhase phase)
{
    AttemptRecord *record = current();
    if (!record)
        return;
    record->reached = phase;
    switch (phase) {
    case AttemptPhase::Token:
    case AttemptPhase::Dns:
        break;
    case AttemptPhase::Tcp:
        record->dns = elapsed();
        break;
    case AttemptPhase::Tls:
        record->tcp = elapsed();
        break;
    case AttemptPhase::Upgrade:
        // Without TLS this is when TCP was connected.
        (record->tcp ? record->tls : record->tcp) = elapsed();
        break;
    case AttemptPhase::Hello:
        record->upgraded = elapsed();
        break;
    case AttemptPhase::Ready:
        record->ready = elapsed();
        break;
    }
}

void AttemptLog::setSubprotocol(const QString &name)
{
    if (AttemptRecord *record = current())
        record->subprotocol = name;
}

void AttemptLog::setEnd(const TransportEnd &end)
{
    AttemptRecord *record = current();
    if (!record)
        return;
    record->httpStatus = end.http.status;
    for (const QByteArrayView name :
         {"retry-after", "www-authenticate", "server", "via", "date", "content-type"}) {
        if (const QByteArray value = end.http.header(name); !value.isEmpty())
            record->httpHeaders.insert(QString::fromLatin1(name),
                                       redact(QString::fromLatin1(value.left(300))));
    }
    record->problem = redact(Wire::problemText(end.http));
    record->closeCode = end.closeCode;
    record->closeReason = redact(end.closeReason);
}

void AttemptLog::setError(const Error &error)
{
    if (AttemptRecord *record = current())
        record->error = error;
}

void AttemptLog::finish(const QString &next)
{
    AttemptRecord *record = current();
    if (!record || record->ended)
        return;
    record->ended = elapsed();
    record->next = next;
}

QString AttemptLog::redact(QString text) const
{
    for (QChar &c : text) {
        if (c.category() == QChar::Other_Control)
            c = u' ';
    }
    for (const Secret &token : {m_token, m_renewed}) {
        if (!token.isEmpty())
            text.replace(QString::fromLatin1(token.reveal()), "[token]"_L1);
    }
    return text;
}

Error AttemptLog::redact(const Error &error) const
{
    return error.withDetail(redact(error.detail()));
}

} // namespace Watchword
