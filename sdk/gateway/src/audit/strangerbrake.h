// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "audit/auditentry.h"

#include <QHash>
#include <QHostAddress>
#include <QStringList>

#include <optional>

namespace Watchword::Gateway {

struct StrangerLimits
{
    int each = 10; //!< Written one by one in a window, of one cause, network and person.
    Duration window{10'000}; //!< Doubles as long as a flood lasts, and begins at this again after a quiet one.
    Duration longestWindow{600'000};
    double perSecond = 20; //!< Written one by one, of all causes and networks together.
    double burst = 1000;
    qsizetype mostKeys = 5'000;
};

/*!
    Keeps what strangers cause from filling the audit log: the first events of a cause, a network (IPv6: a /64) and a person are
    written as they are, the rest is counted, and one event says how many there were, from when to when, with the last as a
    sample. Two persons are never counted together, nor two networks, as long as there is room to tell them apart: beyond all
    limits only the causes are.

    Pure: step by step with the time given. Threads: reentrant. Memory: StrangerLimits::mostKeys samples.
*/
class WATCHWORD_TEST_EXPORT StrangerBrake
{
public:
    explicit StrangerBrake(const StrangerLimits &limits = {});

    //! Whether \a entry is to be written. If not it was counted, and reference() has the event that stands for it.
    bool take(const AuditEntry &entry, const QHostAddress &from, Instant now, WallTime wall);
    //! To be called behind a take() that said yes: \a id is what later ones of its kind refer to.
    void setReference(const QString &id);
    QString reference() const { return m_reference; } //!< Of the last take() that said no; may be empty.

    //! The counts of windows that are over at \a now.
    QList<AuditEntry> due(Instant now);
    QList<AuditEntry> all(); //!< All counts: nothing may stay unsaid at the end.
    qsizetype size() const { return m_kinds.size(); }

private:
    struct Kind
    {
        Instant until{};
        Duration window{};
        int written = 0;
        qint64 counted = 0;
        WallTime first{};
        WallTime last{};
        AuditEntry sample;
        QString network;
        QString reference;
        QStringList actors; //!< Who it was, when nobody is told apart.
    };

    Kind &kindOf(const QString &cause, const QString &network, Instant now);
    bool hasToken(Instant now);
    void count(Kind &kind, const AuditEntry &entry, WallTime wall);
    static AuditEntry summaryOf(const Kind &kind);
    //! False if it was quiet for a whole window and can be forgotten.
    bool renew(Kind &kind, Instant now, QList<AuditEntry> &summaries) const;

    StrangerLimits m_limits;
    QHash<QString, Kind> m_kinds;
    QList<AuditEntry> m_ended; //!< Summaries of windows that a newer event closed.
    double m_tokens;
    Instant m_tokensAt{};
    QString m_lastKey;
    QString m_reference;
};

} // namespace Watchword::Gateway
