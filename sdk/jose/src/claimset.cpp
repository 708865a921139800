// SPDX-License-Identifier: Apache-2.0
#include "claimset.h"

#include "strictjson.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

namespace Watchword {

namespace {

constexpr qsizetype kMostDigits = 15; // exact as a double too
constexpr qsizetype kLargestPlain = 0xffff;

constexpr auto kPlainCharacters = [] {
    std::array<bool, 256> plain{};
    for (size_t c = 0x20; c < 0x7f; ++c)
        plain[c] = c != '"' && c != '\\';
    return plain;
}();

constexpr bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

//! Names are a few characters long, shorter than what calling memcmp() costs.
bool isSame(QByteArrayView a, QByteArrayView b)
{
    if (a.size() != b.size())
        return false;
    for (qsizetype i = 0; i < a.size(); ++i) {
        if (a[i] != b[i])
            return false;
    }
    return true;
}

QJsonObject objectOf(QByteArrayView json)
{
    return QJsonDocument::fromJson(QByteArray::fromRawData(json.data(), json.size())).object();
}

qint64 wholeNumber(QByteArrayView digits)
{
    qint64 number = 0;
    for (const char c : digits)
        number = c == '-' ? 0 : number * 10 + (c - '0');
    return digits.startsWith('-') ? -number : number;
}

//! Calls \a take with each text of \a json, which is ["a","b"], as long as it returns true.
template <typename Take>
void forEachText(QByteArrayView json, Take take)
{
    for (qsizetype at = 1; at < json.size() - 1;) {
        const qsizetype end = json.indexOf('"', at + 1);
        if (!take(QLatin1StringView(json.sliced(at + 1, end - at - 1))))
            return;
        at = end + 2;
    }
}

} // namespace

/*! One pass over the text; it stops at the first thing that is not plain. */
class ClaimSet::Reader
{
public:
    explicit Reader(ClaimSet *set)
        : m_set(set)
        , m_begin(set->m_text.constData())
        , m_at(m_begin)
        , m_end(m_begin + set->m_text.size())
    {
    }

    bool read()
    {
        if (!take('{'))
            return false;
        if (!take('}')) {
            do {
                if (!readMember())
                    return false;
            } while (take(','));
            if (!take('}'))
                return false;
        }
        return m_at == m_end;
    }

private:
    bool take(char c)
    {
        if (m_at == m_end || *m_at != c)
            return false;
        ++m_at;
        return true;
    }

    bool takeText(quint16 *at, quint16 *size)
    {
        if (!take('"'))
            return false;
        const char *const start = m_at;
        while (m_at != m_end && kPlainCharacters[uchar(*m_at)])
            ++m_at;
        *at = quint16(start - m_begin);
        *size = quint16(m_at - start);
        return take('"');
    }

    bool takeWord(QByteArrayView word)
    {
        if (!QByteArrayView(m_at, m_end - m_at).startsWith(word))
            return false;
        m_at += word.size();
        return true;
    }

    //! Without a fraction, an exponent, superfluous zeros or minus zero.
    bool takeNumber()
    {
        const bool isNegative = take('-');
        const char *const digits = m_at;
        while (m_at != m_end && isDigit(*m_at))
            ++m_at;
        const qsizetype count = m_at - digits;
        return count >= 1 && count <= kMostDigits && (*digits != '0' || (count == 1 && !isNegative));
    }

    bool takeTexts()
    {
        if (!take('['))
            return false;
        if (take(']'))
            return true;
        quint16 at = 0;
        quint16 size = 0;
        do {
            if (!takeText(&at, &size))
                return false;
        } while (take(','));
        return take(']');
    }

    //! An object of one text, as "cnf" is: more members could have a name twice.
    bool takeObject()
    {
        quint16 at = 0;
        quint16 size = 0;
        return take('{') && takeText(&at, &size) && take(':') && takeText(&at, &size) && take('}');
    }

    bool takeValue(Member *member)
    {
        if (m_at == m_end)
            return false;
        if (*m_at == '"') {
            member->kind = Kind::Text;
            return takeText(&member->valueAt, &member->valueSize);
        }
        const char *const start = m_at;
        bool taken = false;
        if (*m_at == '[') {
            member->kind = Kind::Texts;
            taken = takeTexts();
        } else if (*m_at == '-' || isDigit(*m_at)) {
            member->kind = Kind::Number;
            taken = takeNumber();
        } else {
            member->kind = Kind::Other;
            taken = *m_at == '{' ? takeObject() : takeWord("true") || takeWord("false") || takeWord("null");
        }
        member->valueAt = quint16(start - m_begin);
        member->valueSize = quint16(m_at - start);
        return taken;
    }

    bool readMember()
    {
        if (m_set->m_count == m_set->m_members.size())
            return false;
        Member &member = m_set->m_members[m_set->m_count];
        if (!takeText(&member.nameAt, &member.nameSize) || m_set->find(QLatin1StringView(m_set->nameOf(member))) || !take(':')
            || !takeValue(&member))
            return false;
        ++m_set->m_count;
        return true;
    }

    ClaimSet *m_set;
    const char *m_begin;
    const char *m_at;
    const char *m_end;
};

uchar *ClaimSet::room(qsizetype size)
{
    m_text.resize(size);
    return reinterpret_cast<uchar *>(m_text.data());
}

bool ClaimSet::read()
{
    m_count = 0;
    m_plain = m_text.size() <= kLargestPlain && Reader(this).read();
    if (m_plain)
        return true;
    std::optional<QJsonObject> object = strictJsonObject(m_text);
    if (!object)
        return false;
    m_object = std::move(*object);
    m_text.clear();
    return true;
}

QByteArrayView ClaimSet::nameOf(const Member &member) const
{
    return {m_text.constData() + member.nameAt, member.nameSize};
}

QByteArrayView ClaimSet::valueOf(const Member &member) const
{
    return {m_text.constData() + member.valueAt, member.valueSize};
}

const ClaimSet::Member *ClaimSet::find(QLatin1StringView name) const
{
    for (const Member *member = m_members.data(); member != m_members.data() + m_count; ++member) {
        if (isSame(nameOf(*member), QByteArrayView(name.data(), name.size())))
            return member;
    }
    return nullptr;
}

qsizetype ClaimSet::size() const
{
    return m_plain ? m_count : m_object.size();
}

ClaimSet::Kind ClaimSet::kind(QLatin1StringView name) const
{
    if (m_plain) {
        const Member *member = find(name);
        return member ? member->kind : Kind::None;
    }
    const auto found = m_object.constFind(name);
    if (found == m_object.constEnd())
        return Kind::None;
    switch (found->type()) {
    case QJsonValue::String:
        return Kind::Text;
    case QJsonValue::Double:
        return Kind::Number;
    case QJsonValue::Array: {
        const QJsonArray array = found->toArray();
        const bool isTexts =
            std::all_of(array.begin(), array.end(), [](QJsonValueConstRef element) { return element.isString(); });
        return isTexts ? Kind::Texts : Kind::Other;
    }
    default:
        return Kind::Other;
    }
}

QString ClaimSet::text(QLatin1StringView name) const
{
    if (!m_plain)
        return m_object.value(name).toString();
    const Member *member = find(name);
    return member && member->kind == Kind::Text ? QString::fromLatin1(valueOf(*member)) : QString();
}

double ClaimSet::number(QLatin1StringView name) const
{
    if (!m_plain)
        return m_object.value(name).toDouble();
    const Member *member = find(name);
    return member && member->kind == Kind::Number ? double(wholeNumber(valueOf(*member))) : 0;
}

//! Calls \a take with each text of the member \a name as long as it returns true.
template <typename Take>
void ClaimSet::forEach(QLatin1StringView name, Take take) const
{
    if (m_plain) {
        const Member *member = find(name);
        if (member && member->kind == Kind::Text)
            take(QLatin1StringView(valueOf(*member)));
        else if (member && member->kind == Kind::Texts)
            forEachText(valueOf(*member), take);
        return;
    }
    const QJsonValue value = m_object.value(name);
    if (value.isString()) {
        take(value.toString());
        return;
    }
    const QJsonArray array = value.toArray();
    for (const QJsonValue element : array) {
        if (!take(element.toString()))
            return;
    }
}

QStringList ClaimSet::texts(QLatin1StringView name) const
{
    QStringList texts;
    forEach(name, [&texts](auto text) {
        texts.append(QString(text));
        return true;
    });
    return texts;
}

qsizetype ClaimSet::count(QLatin1StringView name) const
{
    qsizetype count = 0;
    forEach(name, [&count](auto) { return ++count > 0; });
    return count;
}

bool ClaimSet::holds(QLatin1StringView name, QStringView text) const
{
    bool found = false;
    forEach(name, [&found, text](auto one) {
        found = one == text;
        return !found;
    });
    return found;
}

QJsonValue ClaimSet::plainValue(const Member &member) const
{
    const QByteArrayView value = valueOf(member);
    switch (member.kind) {
    case Kind::Text:
        return QString::fromLatin1(value);
    case Kind::Number:
        return wholeNumber(value);
    case Kind::Texts: {
        QJsonArray array;
        forEachText(value, [&array](QLatin1StringView text) {
            array.append(QJsonValue(text));
            return true;
        });
        return array;
    }
    default:
        if (value.startsWith('{'))
            return objectOf(value);
        return value.startsWith('n') ? QJsonValue() : QJsonValue(value.startsWith('t'));
    }
}

QJsonValue ClaimSet::value(QStringView name) const
{
    if (!m_plain)
        return m_object.value(name);
    for (const Member *member = m_members.data(); member != m_members.data() + m_count; ++member) {
        if (name == QLatin1StringView(nameOf(*member)))
            return plainValue(*member);
    }
    return QJsonValue::Undefined;
}

QJsonObject ClaimSet::object() const
{
    if (!m_plain)
        return m_object;
    return objectOf(m_text);
}

} // namespace Watchword
