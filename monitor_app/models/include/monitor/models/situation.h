// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/roles.h"
#include "monitor/models/tokenlanesmodel.h"
#include "monitor/store/audittable.h"
#include "monitor/store/connectiontable.h"

#include <QList>
#include <QString>

namespace Monitor {

/*!
    The situation in one look, counted from the stores: figures, refreshes per node, what needs attention, and who and what is
    behind it. Every number names the filter that shows its rows.

    Costs a pass over the connections and tokens and over the audit of the last Span, at most AuditRows of it; isWhole says
    whether that was enough.
*/
struct Situation
{
    static constexpr qint64 Span = 1'200'000; //!< ms that "lately" reaches back.
    static constexpr qint64 Ahead = 600'000; //!< ms that the plan reaches forward.
    static constexpr qint64 Bucket = 20'000; //!< ms a bar of the refreshes.
    static constexpr qint64 Short = 300'000; //!< ms of the figures that say "5 min".
    static constexpr quint64 AuditRows = 500'000;

    enum class Where { Connections, Tokens, Audit };
    struct Link
    {
        Where where = Where::Audit;
        QString filter;
        quint64 auditRow = 0; //!< Of AuditModel; 0: the filter counts.
    };
    struct Node
    {
        QString name;
        qint64 connections = 0;
        qint64 failing = 0;
        qint64 opened = 0; //!< In the last Short.
        qint64 done = 0; //!< Refreshes in the last Short.
        qint64 failed = 0;
        QList<TokenLanesModel::ForecastBucket> refreshes; //!< From now - Span to now + Ahead.
    };
    struct Line
    {
        QString name;
        QString words;
        Severity severity = Severity::Neutral;
        qint64 count = 0;
        Link link;
    };
    struct Talker
    {
        QString user;
        QString node;
        double in = 0;
        double out = 0;
    };
    struct Attention
    {
        Severity severity = Severity::Warning;
        QString title;
        QString sentence;
        qint64 time = 0;
        QString linkWords;
        Link link;
    };

    qint64 now = 0;
    qint64 live = 0;
    qint64 users = 0;
    qint64 sessions = 0;
    qint64 closedShort = 0;
    qint64 refreshed = 0; //!< In the last Short.
    qint64 refreshFailed = 0;
    qint64 ending = 0; //!< Open connections whose token ends within two minutes.
    qint64 endingFailing = 0; //!< Of these, those whose renewal failed.
    qint64 refusedShort = 0; //!< Errors and worse in the audit.
    bool isWhole = true;
    QList<Node> nodes;
    QList<Line> failures; //!< Warnings and worse by reason, most first.
    QList<Line> closes; //!< By close code, most first.
    QList<Talker> talkers;
    QList<Attention> attention; //!< Worst first.
    qint64 failureCount = 0;
    qint64 closeCount = 0;

    static Situation of(const AuditTable &audit, const ConnectionTable &connections, const TokenTable &tokens, qint64 now);
};

} // namespace Monitor
