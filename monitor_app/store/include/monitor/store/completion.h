// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/query.h"
#include "monitor/store/values.h"

#include <QList>
#include <QString>

#include <functional>

namespace Monitor {

/*! What may stand at the cursor of a filter text. */
struct Completion
{
    struct Item
    {
        enum class Kind { Field, Operator, Value, Keyword };
        Kind kind = Kind::Field;
        QString text; //!< What is inserted for [start, start + length).
        QString meaning; //!< Translated description, or empty.
        qint64 count = -1; //!< Rows with this value; -1 when not counted.
    };
    QString expected; //!< Translated heading: "Field or text", "Operator for token.left (duration)", "Value of state".
    int start = 0; //!< The token under the cursor, which an item replaces.
    int length = 0;
    QList<Item> items; //!< Best first, at most 50.
};

using ValueLister = std::function<ValueCounts(const Field &field, const QString &prefix)>;

//! By the parser itself: what it would accept behind the text in front of the token under the cursor.
Completion completeQuery(const QString &text, int cursor, const QueryContext &context, const ValueLister &values);

} // namespace Monitor
