// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Qt>

namespace Monitor {

/*! The six severities of the program; each is always shown as glyph and word together. */
enum class Severity { Neutral, Info, Ok, Warning, Error, Critical };

/*!
    What a cell tells a delegate, beside Qt::DisplayRole (the text), Qt::TextAlignmentRole, Qt::AccessibleTextRole (column 0:
    the whole row as one sentence) and Qt::AccessibleDescriptionRole ("row 123,456 of 1,000,000").
*/
enum Role {
    SeverityRole = Qt::UserRole + 1, //!< int(Severity) of the row.
    StateRole, //!< Connection state or row state as a stable word: "open" "expiring" "failing" "revoked" "closed" "gap" "bad".
    TextColourRole, //!< Name of a colour role of the design tokens: "text.primary", "severity.error", ...
    GlyphRole, //!< Icon name before the text ("sev-error", "device-desktop", ...), empty for none.
    GlyphColourRole, //!< Colour role of that glyph.
    MonospaceRole, //!< bool: addresses, ids, hashes.
    StrongRole, //!< bool: weight 600.
    ElideModeRole, //!< int(Qt::TextElideMode); ids elide in the middle.
    RawIdRole, //!< quint64 id of the row, stable for the life of the row.
    FullTextRole, //!< The value without elision, for copying and tool tips.
    FractionRole, //!< double 0..1 for a bar in the cell, -1 for none.
    FractionColourRole, //!< Colour role of that bar.
    RowTintRole, //!< Colour role of the row's ground: "tint.error", "tint.critical" or empty.
    RowBarRole, //!< int pixels of the bar at the left; 4 for critical rows.
    RowKindRole, //!< int(RowKind).
    SelectedRole, //!< bool: the row's id is in the selection.
    CurrentRole //!< bool: the row is the current one.
};

/*! What kind of row it is; gap rows and the row that stands for those that went (Folded) span all columns. */
enum class RowKind { Data, Gap, Bad, Folded };

} // namespace Monitor
