// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>
#include <QJsonObject>
#include <QStringList>
#include <QVarLengthArray>

#include <array>

namespace Watchword {

/*!
    The claims of a token, read strictly and looked up without making a QJsonObject of them, which costs as much as all other
    reading of a token together.

    Most claims are plain: an object without white space, of texts without escapes, whole numbers, lists of
   such texts, objects of one such text, true, false and null, all in ASCII. No two readers of JSON can differ
   about those, so they are found where they stand. strictJsonObject() reads everything else, and alone
   decides what of that is accepted.

    Threads: reentrant; const functions may run at once.
*/
class ClaimSet
{
public:
    ClaimSet() { } // NOLINT(modernize-use-equals-default): "= default" would have m_members filled with zeros
    Q_DISABLE_COPY_MOVE(ClaimSet)

    enum class Kind : quint8 { None, Text, Number, Texts, Other };

    //! Where the decoded claims, of \a size bytes, are to be put before read().
    uchar *room(qsizetype size);
    bool read(); //!< False if they are no object, or have a member twice.

    qsizetype size() const; //!< Number of members.
    Kind kind(QLatin1StringView name) const; //!< None if there is no such member.
    QString text(QLatin1StringView name) const; //!< Empty unless it is a Text.
    double number(QLatin1StringView name) const; //!< Zero unless it is a Number.
    QStringList texts(QLatin1StringView name) const; //!< Of a Text one, of Texts all, else none.
    qsizetype count(QLatin1StringView name) const; //!< How many texts() has.
    bool holds(QLatin1StringView name, QStringView text) const; //!< True if texts() has \a text.
    QJsonValue value(QStringView name) const;
    QJsonObject object() const;

private:
    struct Member
    {
        quint16 nameAt; // both in m_text
        quint16 nameSize;
        quint16 valueAt;
        quint16 valueSize;
        Kind kind;
    };
    class Reader;

    QByteArrayView nameOf(const Member &member) const;
    QByteArrayView valueOf(const Member &member) const;
    const Member *find(QLatin1StringView name) const;
    template <typename Take>
    void forEach(QLatin1StringView name, Take take) const;
    QJsonValue plainValue(const Member &member) const;

    QVarLengthArray<char, 512> m_text;
    std::array<Member, 32> m_members; // the first m_count are set
    quint8 m_count = 0;
    bool m_plain = false;
    QJsonObject m_object; // of claims that are not plain
};

} // namespace Watchword
