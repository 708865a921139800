// SPDX-License-Identifier: Apache-2.0
#include "probe/redactor.h"

#include "probe/exchange.h"

#include <QRegularExpression>

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kShortestPart = 12; // shorter ones occur by chance
constexpr qsizetype kMostFields = 12;
constexpr qsizetype kMostScanned = qsizetype(16) * 1024;
const QByteArray kReplaced = QByteArrayLiteral("\xc2\xabtoken\xc2\xbb");

bool isShown(char32_t c)
{
    const QChar::Category category = QChar::category(c);
    return category != QChar::Other_Control && category != QChar::Other_Format && category != QChar::Other_Surrogate
        && category != QChar::Other_PrivateUse && category != QChar::Other_NotAssigned && category != QChar::Separator_Line
        && category != QChar::Separator_Paragraph;
}

QString visible(const QString &text)
{
    QString result;
    const QList<uint> points = text.toUcs4();
    for (const char32_t point : points) {
        if (point == U'\r' || point == U'\n' || point == U'\t')
            result += u' ';
        else if (isShown(point))
            result += QString::fromUcs4(&point, 1);
        else
            result += u"\\u{%1}"_s.arg(uint(point), 0, 16);
    }
    return result;
}

QString startLine(const Exchange &exchange)
{
    const qsizetype end = exchange.head.indexOf("\r\n");
    return QString::fromUtf8(end < 0 ? exchange.head : exchange.head.left(end));
}

} // namespace

void Redactor::add(const Secret &secret)
{
    if (secret.isEmpty())
        return;
    const auto keep = [this](QByteArrayView part) {
        const bool isKnown =
            std::any_of(m_parts.begin(), m_parts.end(), [part](const Secret &one) { return one.reveal() == part; });
        if (part.size() >= kShortestPart && !isKnown)
            m_parts.append(Secret::copy(part));
    };
    const QByteArrayView whole = secret.reveal();
    keep(whole);
    keep(whole.toByteArray().toPercentEncoding());
    keep(whole.toByteArray().toBase64(QByteArray::Base64UrlEncoding | QByteArray::OmitTrailingEquals));
    for (qsizetype start = 0; start <= whole.size();) {
        const qsizetype dot = whole.indexOf('.', start);
        const qsizetype end = dot < 0 ? whole.size() : dot;
        keep(whole.sliced(start, end - start));
        start = end + 1;
    }
    // The longest first, so that no rest of a longer one stays.
    std::sort(m_parts.begin(), m_parts.end(), [](const Secret &a, const Secret &b) { return a.size() > b.size(); });
}

bool Redactor::finds(QByteArrayView bytes) const
{
    return std::any_of(m_parts.begin(), m_parts.end(), [bytes](const Secret &part) { return bytes.contains(part.reveal()); });
}

QByteArray Redactor::withoutSecrets(QByteArrayView bytes) const
{
    QByteArray text = bytes.toByteArray();
    for (const Secret &part : m_parts) {
        const QByteArrayView view = part.reveal();
        text.replace(view, kReplaced);
    }
    return text;
}

QString Redactor::clean(QByteArrayView bytes, qsizetype limit) const
{
    static const QRegularExpression looksLikeToken(u"[A-Za-z0-9_-]{12,}\\.[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]*"_s);
    // An endpoint may be named with one in its address, although it should not.
    static const QRegularExpression inAddress(
        u"([?&](?:access_token|token|id_token|jwt|auth|authorization|api_?key|key|secret|password|ticket|code)=)(?!\u00ab)[^&\\s#]+"_s,
        QRegularExpression::CaseInsensitiveOption);
    // Whole tokens first: of one whose first part was replaced, the others would not look like anything.
    QString text = QString::fromUtf8(bytes.first(std::min(bytes.size(), kMostScanned)));
    text.replace(looksLikeToken, u"\u00abtoken\u00bb"_s);
    text.replace(inAddress, u"\\1\u00abtoken\u00bb"_s);
    text = QString::fromUtf8(withoutSecrets(text.toUtf8()));
    text.replace(QChar(u'\0'), u"\u00abtoken\u00bb"_s);
    text = visible(text).simplified();
    if (text.size() > limit)
        text = text.left(text.at(limit - 1).isHighSurrogate() ? limit - 1 : limit) + u"\u2026"_s;
    return text;
}

// Who repeats what it is told says the same again and again.
QStringList Redactor::messagesOf(const Exchange &exchange) const
{
    QStringList lines;
    int times = 0;
    for (qsizetype i = 0; i < exchange.messages.size(); ++i) {
        const Exchange::Message &message = exchange.messages.at(i);
        ++times;
        const bool isLast = i + 1 == exchange.messages.size();
        if (!isLast && exchange.messages.at(i + 1).payload == message.payload
            && exchange.messages.at(i + 1).isText == message.isText)
            continue;
        const QString text = message.isText ? clean(message.payload) : u"%1 bytes"_s.arg(message.payload.size());
        lines.append(u"< message: "_s + text + (times > 1 ? u" (%1 times)"_s.arg(times) : QString()));
        times = 0;
    }
    return lines;
}

QStringList Redactor::evidenceOf(const Exchange &exchange) const
{
    QStringList lines;
    // What the request's own token was is said; any other one is just a token.
    const QByteArray own =
        "\xc2\xab" + (exchange.credential.isEmpty() ? QByteArray("token") : exchange.credential.toUtf8()) + "\xc2\xbb";
    const QList<QByteArray> sent = QByteArray(exchange.sent).replace(QByteArray(1, kTokenMark), own).split('\n');
    for (const QByteArray &line : sent) {
        if (!line.trimmed().isEmpty() && lines.size() < kMostFields)
            lines.append(u"> "_s + clean(line));
    }
    for (const QString &line : exchange.behind)
        lines.append(u"> ("_s + line + u')');
    switch (exchange.end) {
    case Exchange::End::Answered:
    case Exchange::End::Opened:
        lines.append(u"< "_s + cleanText(startLine(exchange)));
        for (qsizetype i = 0; i < std::min(exchange.fields.size(), kMostFields); ++i)
            lines.append(u"< "_s + clean(exchange.fields[i].first + ": " + exchange.fields[i].second));
        if (!exchange.body.isEmpty())
            lines.append(u"< "_s + clean(exchange.body, 400));
        break;
    case Exchange::End::Raw:
        lines.append(u"< %1 bytes: %2"_s.arg(exchange.head.size()).arg(QString::fromLatin1(exchange.head.left(24).toHex(' '))));
        break;
    case Exchange::End::Malformed:
        lines.append(u"< %1: %2"_s.arg(cleanText(exchange.fault), clean(exchange.head)));
        break;
    case Exchange::End::Cut:
        lines.append(u"< the connection ended without an answer"_s);
        break;
    case Exchange::End::Silent:
        lines.append(u"< no answer in time"_s);
        break;
    case Exchange::End::Unreachable:
    case Exchange::End::Untrusted:
        lines.append(u"< "_s + cleanText(exchange.fault));
        break;
    }
    lines += messagesOf(exchange);
    if (exchange.closeCode > 0)
        lines.append(u"< close %1 %2"_s.arg(exchange.closeCode).arg(clean(exchange.closeReason)).trimmed());
    return lines;
}

} // namespace Watchword::Doctoring
