// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/query.h"

#include <QString>

namespace Monitor {

/*! What the filter bar says: the text that is applied, how far it is, and why a newer text is not applied. */
struct QueryState
{
    enum class Status {
        Neutral, //!< No filter.
        Running, //!< percent of the rows are looked at; matched counts what was found so far.
        Applied,
        Suspicious, //!< Applied and legal, but probably not meant; message says why.
        Error //!< Text is wrong at errorPosition; appliedText is still in force.
    };
    Status status = Status::Neutral;
    QString text; //!< The text that was asked for last.
    QString appliedText; //!< The text whose rows are shown.
    qint64 matched = 0;
    qint64 total = 0;
    int percent = 100;
    int errorPosition = -1; //!< In UTF-16 units of text; -1 without an error.
    int errorLength = 0;
    QString message; //!< Translated sentence for Suspicious and Error, with the fix.

    QString repaired; //!< The whole text with the fix in it, where there is one; else empty.

    void refuse(const QueryError &error) //!< For text as it is set.
    {
        status = Status::Error;
        errorPosition = error.position;
        errorLength = error.length;
        message = error.message;
        repaired = error.suggestion.isEmpty() ? QString() : QString(text).replace(error.position, error.length, error.suggestion);
    }

    friend bool operator==(const QueryState &, const QueryState &) = default;
};

} // namespace Monitor
