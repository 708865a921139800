// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/roles.h"
#include "monitor/store/audittable.h"
#include "monitor/store/connectiontable.h"
#include "monitor/store/tokentable.h"

#include <QList>
#include <QString>

namespace Monitor {

/*! What the detail pane shows of one thing: title, what happened and what comes next, then blocks of facts. */
struct DetailRow
{
    QString label;
    QString value; //!< As shown; ids elided in the middle.
    QString note; //!< Muted text behind the value.
    QString full; //!< What the copy button copies; empty: no copy button.
    bool monospace = false;
    QString glyph; //!< Before the value; empty for none.
    QString glyphColour; //!< Colour role.
};

struct DetailBlock
{
    QString title; //!< Empty for the first blocks.
    QList<DetailRow> rows;
};

struct DetailContent
{
    bool valid = false;
    Severity severity = Severity::Neutral;
    QString glyph;
    QString title;
    QString line; //!< Under the title.
    QString sentences; //!< Plain text; the decisive facts stand between ** and **.
    QList<DetailBlock> blocks;
    QString raw; //!< Indented JSON, or the line as it came; at most 64 KiB.
    bool rawCut = false;
    QString sessionId; //!< For the mini lane and for pivots; may be empty.
    QString connectionId;

    QString plainSentences() const; //!< Without the ** marks.
};

//! \a now in ms since the epoch, server time. Unknown ids give valid == false.
DetailContent describeConnection(const ConnectionTable &table, const TokenTable &tokens, quint64 rowId, qint64 now);
DetailContent describeEvent(const AuditTable &table, quint64 rowId); //!< rowId of AuditModel.
DetailContent describeSession(const TokenTable &tokens, const QString &sessionId, qint64 now);

} // namespace Monitor
