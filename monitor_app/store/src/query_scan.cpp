// SPDX-License-Identifier: Apache-2.0
#include "queryparser.h"

#include <array>

namespace Monitor {

namespace {

bool endsWord(QChar c, bool inValue)
{
    if (c.isSpace() || c == u'(' || c == u')' || c == u'"')
        return true;
    if (inValue)
        return c == u',';
    return c == u':' || c == u'=' || c == u'!' || c == u'~' || c == u'<' || c == u'>' || c == u',';
}

} // namespace

void QueryParser::mark(QueryToken::Kind kind, int position)
{
    m_result.tokens.append({kind, position, m_at - position});
}

void QueryParser::skipSpace()
{
    while (!atEnd() && m_text[m_at].isSpace())
        ++m_at;
}

QChar QueryParser::peek(int ahead) const
{
    return m_at + ahead < m_text.size() ? m_text[m_at + ahead] : QChar();
}

bool QueryParser::keywordAhead(QLatin1String word) const
{
    const QStringView rest = QStringView(m_text).sliced(m_at);
    return rest.startsWith(word, Qt::CaseInsensitive) && (rest.size() == word.size() || endsWord(rest[word.size()], false));
}

bool QueryParser::takeKeyword(QLatin1String word)
{
    if (!keywordAhead(word))
        return false;
    const int start = m_at;
    m_at += int(word.size());
    mark(QueryToken::Kind::Keyword, start);
    skipSpace();
    return true;
}

bool QueryParser::operatorAhead() const
{
    const QChar c = peek();
    if (c == u':' || c == u'=' || c == u'~' || c == u'<' || c == u'>')
        return true;
    if (c == u'!' && (peek(1) == u'=' || peek(1) == u'~'))
        return true;
    for (const char *word : {"in", "has", "within", "between"}) {
        if (keywordAhead(QLatin1String(word)))
            return true;
    }
    return false;
}

bool QueryParser::takeOperator(Op &op)
{
    struct Sign
    {
        QLatin1String text;
        Op op;
    };
    static constexpr std::array Signs = {Sign{QLatin1String("!="), Op::Unequal},   Sign{QLatin1String("!~"), Op::NotRegex},
                                         Sign{QLatin1String("<="), Op::LessEqual}, Sign{QLatin1String(">="), Op::GreaterEqual},
                                         Sign{QLatin1String("=="), Op::Equal},     Sign{QLatin1String(":"), Op::Matches},
                                         Sign{QLatin1String("="), Op::Equal},      Sign{QLatin1String("~"), Op::Regex},
                                         Sign{QLatin1String("<"), Op::Less},       Sign{QLatin1String(">"), Op::Greater}};
    const QStringView rest = QStringView(m_text).sliced(m_at);
    for (const Sign &sign : Signs) {
        if (!rest.startsWith(sign.text))
            continue;
        const int start = m_at;
        m_at += int(sign.text.size());
        mark(QueryToken::Kind::Operator, start);
        skipSpace();
        op = sign.op;
        return true;
    }
    return false;
}

bool QueryParser::readQuoted(QString &out)
{
    const int start = m_at++;
    while (!atEnd() && m_text[m_at] != u'"') {
        if (m_text[m_at] == u'\\' && m_at + 1 < m_text.size())
            ++m_at;
        out.append(m_text[m_at++]);
    }
    if (atEnd()) {
        fail(start, m_at - start, Query::tr("The quote is never closed. Add \" at the end."));
        return false;
    }
    ++m_at;
    return true;
}

bool QueryParser::readRegex(QString &out, bool &caseInsensitive)
{
    const int start = m_at++;
    while (!atEnd() && m_text[m_at] != u'/') {
        if (m_text[m_at] == u'\\' && peek(1) == u'/')
            ++m_at;
        else if (m_text[m_at] == u'\\' && m_at + 1 < m_text.size())
            out.append(m_text[m_at++]);
        out.append(m_text[m_at++]);
    }
    if (atEnd()) {
        fail(start, m_at - start, Query::tr("The pattern is never closed. Add / at the end."));
        return false;
    }
    ++m_at;
    caseInsensitive = peek() == u'i';
    if (caseInsensitive)
        ++m_at;
    return true;
}

QString QueryParser::readWord(bool inValue)
{
    const int start = m_at;
    while (!atEnd() && !endsWord(m_text[m_at], inValue))
        ++m_at;
    return m_text.mid(start, m_at - start);
}

} // namespace Monitor
