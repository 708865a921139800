// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/roles.h"

#include <QString>

namespace Monitor {

/*! One row as the cells of a table: what each column shows, and in which colour. RowWindowModel makes roles of it. */
class RowCells
{
public:
    virtual ~RowCells() = default;

    virtual RowKind kind() const { return RowKind::Data; }
    virtual Severity severity() const = 0;
    virtual QString state() const = 0; //!< As StateRole.
    virtual bool isStale() const { return false; } //!< No tint, no bar, neutral colours.
    virtual QString text(int column) const = 0;
    virtual QString fullText(int column) const = 0;
    virtual QString textColour(int column) const = 0;
    virtual QString glyph(int) const { return {}; }
    virtual QString glyphColour(int column) const = 0;
    virtual bool isMonospace(int) const { return false; }
    virtual bool isStrong(int) const { return false; }
    virtual double fraction(int) const { return -1; }
    virtual QString sentence() const = 0; //!< The whole row, for screen readers.
    virtual QString value(int column) const = 0; //!< For a filter term; empty when there is none.
};

} // namespace Monitor
