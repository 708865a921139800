// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/field.h"

#include <QHash>
#include <QList>
#include <QRegularExpression>
#include <QString>

#include <memory>
#include <vector>

namespace Monitor {

/*!
    The filter language: text to tree. Grammar (keywords in any case; "and" may be left out):

        query := or ; or := and {"or" and} ; and := not {["and"] not} ; not := ["not" | "!" | "-"] term
        term  := "(" query ")" | field op value | field "in" list | field "has" string | flag | string
        field := name | "title of a column" | data.member.member
        flag  := "is:" word
        op    := ":" "=" "!=" "~" "!~" "<" "<=" ">" ">=" | "within" ["last"] duration | "between" a..b
        value := word | "quoted" | /regex/i | number unit | duration | time | network | a..b | $saved

    ":" is equality without case and with * as joker; "=" is exact; "!=" on a field with several values means that none is equal.
    A value that is missing fulfils no comparison, "!=" and "!~" neither; "not user:*" finds the rows without a user.
*/
struct QueryNode
{
    enum class Kind { And, Or, Not, Test, Everything };
    enum class Op {
        Matches,
        Equal,
        Unequal,
        Regex,
        NotRegex,
        Less,
        LessEqual,
        Greater,
        GreaterEqual,
        In,
        Has,
        Within,
        Between,
        Text
    };
    struct Value
    {
        QString text; //!< As written, without quotes.
        qint64 number = 0; //!< Number, duration in ms, time, severity or index of the word.
        qint64 upper = 0; //!< Upper bound of a range or of a time given in minutes.
        bool isRange = false;
        QRegularExpression regex;
    };
    Kind kind = Kind::Everything;
    Op op = Op::Matches;
    const Field *field = nullptr; //!< Null for bare text.
    QString path; //!< Of a member of the payload: "data.actor.type", "id"; else empty.
    QList<Value> values;
    std::vector<std::unique_ptr<QueryNode>> children;
    std::shared_ptr<const QueryNode> shared; //!< A saved filter: the only child, instead of children.
    int position = 0; //!< As written, with brackets and "not".
    int length = 0;
};

struct QueryToken
{
    enum class Kind { Field, Operator, Keyword, Value, Text, Bracket, Error };
    Kind kind = Kind::Text;
    int position = 0;
    int length = 0;
};

struct QueryError
{
    int position = -1; //!< UTF-16 units; -1: no error.
    int length = 0;
    QString message; //!< Translated, with the fix.
    QString suggestion; //!< Text for [position, position + length), or empty.
    bool isSet() const { return position >= 0; }
};

struct ParsedQuery
{
    std::shared_ptr<const QueryNode> root; //!< Null when error is set; Everything for an empty text.
    QueryError error;
    QString warning; //!< Translated; legal but suspicious.
    QList<QueryToken> tokens; //!< For colouring, also when there is an error.
    bool dependsOnNow = false; //!< Ages and remaining times; look again as time passes.
};

struct QueryContext
{
    std::span<const Field> fields;
    qint64 now = 0; //!< ms since the epoch; the day of times without a date is now's, in UTC.
    QHash<QString, QString> saved = {}; //!< $name -> query text
    QHash<QString, QString> titles = {}; //!< Title of a column in the program's language, as plainName() -> name of its field
};

ParsedQuery parseQuery(const QString &text, const QueryContext &context);
QString toText(const QueryNode &node); //!< Canonical text; parses to the same tree.
QString quoted(const QString &value); //!< The value as it must be written, with quotes if needed.

} // namespace Monitor
