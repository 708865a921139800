// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"

#include <QByteArray>
#include <QJsonObject>
#include <QStringView>

namespace Watchword {

/*!
    Appends canonical JSON (RFC 8785) to a byte array: one pass, no copies between.

    With Texts::Clean, what must not get into a log is written as U+FFFD: control characters (C0, DEL, C1), the separators of
    lines and paragraphs, the byte order mark, and halves of a surrogate pair. Such texts then need no escape but those for
    quotation mark and reverse solidus. Names of members are written as they are.
*/
class WATCHWORD_CORE_EXPORT CanonicalWriter
{
public:
    enum class Texts { AsTheyAre, Clean };

    explicit CanonicalWriter(QByteArray &out, Texts texts = Texts::AsTheyAre)
        : m_out(out)
        , m_texts(texts)
    {
    }

    void write(const QJsonValue &value);
    //! \a object with the member \a name, whose JSON is \a text, in its place; a member of that name in \a object is left out.
    void write(const QJsonObject &object, QLatin1StringView name, const QByteArray &text);
    //! \a object without the member \a name.
    void writeWithout(const QJsonObject &object, QLatin1StringView name);
    void write(QStringView text);
    void write(double number);

private:
    struct Extra
    {
        QLatin1StringView name;
        const QByteArray *text; //!< Null: the member is left out.
    };

    void writeObject(const QJsonObject &object, const Extra *extra);
    void writeMember(const QString &name, bool isFirst);
    void writeText(QStringView text, bool isClean);

    QByteArray &m_out;
    Texts m_texts;
};

} // namespace Watchword
