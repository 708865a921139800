// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/tokenlanesmodel.h"

#include <QCoreApplication>

namespace Monitor {

/*! From the tokens of a session to the bars and marks of its lane. Stateless. */
class LaneBuilder
{
    Q_DECLARE_TR_FUNCTIONS(Monitor::TokenLanesModel)

public:
    enum class State { Ended, Live, Expiring, Failing, Revoked }; //!< In the order of the filter's words.

    LaneBuilder(const TokenTable &table, qint64 now)
        : m_table(table)
        , m_now(now)
    {
    }

    TimelineLane build(quint32 lane, qint64 from, qint64 to, double msPerPixel) const;
    State state(quint32 lane) const;
    qint64 left(quint32 lane) const; //!< ms until the current token ends; ConnectionTable::Unknown-like minimum if not known.
    static Severity severity(State state);
    TimelineBar bar(quint32 token, const TokenInterval *previous) const;

private:
    void addChain(TimelineLane &out, const std::vector<quint32> &chain, qint64 from, qint64 to, double msPerPixel) const;
    void addMarks(TimelineLane &out, const TokenInterval &token, quint32 index, const TokenInterval *previous, qint64 from,
                  qint64 to) const;
    QString leftText(quint32 lane) const;
    TimelineBar::State barState(const TokenInterval &token) const;

    const TokenTable &m_table;
    const qint64 m_now;
};

} // namespace Monitor
