// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/link/attemptrecord.h"

#include <QList>
#include <QUrl>

namespace Watchword {

/*! Keeps the records of the last attempts; the present one can be written to. Removes the token from any text. */
class AttemptLog
{
public:
    explicit AttemptLog(Clock &clock);

    void begin(const QUrl &url, const QString &why);
    void setToken(const Secret &token);
    void renewToken(const Secret &token); //!< Both are kept out of texts from now on.
    void reach(AttemptPhase phase);
    void setSubprotocol(const QString &name);
    void setEnd(const TransportEnd &end);
    void setError(const Error &error);
    void finish(const QString &next); //!< Does nothing to a record that is finished.
    QString redact(QString text) const; //!< Without control characters and without the tokens of the attempt.
    Error redact(const Error &error) const;

    const QList<AttemptRecord> &records() const { return m_records; }

private:
    AttemptRecord::Elapsed elapsed() const;
    AttemptRecord *current() { return m_records.isEmpty() ? nullptr : &m_records.last(); }

    Clock &m_clock;
    QList<AttemptRecord> m_records;
    Instant m_startedAt;
    Secret m_token;
    Secret m_renewed;
    int m_count = 0;
};

} // namespace Watchword
