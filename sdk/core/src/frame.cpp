// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/frame.h"

#include <QJsonDocument>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

constexpr QChar kMark(u'\x1e');
constexpr qsizetype kLargestHeader = 16 * 1024;

} // namespace

Frame::Frame(QString type, QJsonObject fields, QByteArray payload)
    : m_type(std::move(type))
    , m_fields(std::move(fields))
    , m_payload(std::move(payload))
{
}

QString Frame::toText() const
{
    QJsonObject object = m_fields;
    object.insert("t"_L1, m_type);
    QString text = kMark + QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Compact));
    // Qt drops a byte order mark at the start of what it reads as UTF-8; here it is part of somebody's text.
    text.replace(QChar(QChar::ByteOrderMark), u"\\ufeff"_s);
    if (!m_payload.isNull())
        text += QString::fromUtf8('\n' + m_payload);
    return text;
}

Result<Frame> Frame::parse(const QString &text)
{
    if (!isControl(text))
        return Error(ErrorCode::ProtocolViolation, u"not a control frame"_s);
    const qsizetype end = text.indexOf(u'\n');
    const QStringView header = QStringView(text).mid(1, end < 0 ? -1 : end - 1);
    const QByteArray json =
        header.size() > kLargestHeader ? QByteArray() : QByteArray(header.toUtf8()).replace("\xef\xbb\xbf", "\\ufeff");
    if (header.size() > kLargestHeader || json.size() > kLargestHeader)
        return Error(ErrorCode::ProtocolViolation, u"the control frame is larger than 16 KiB"_s);
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(json, &error);
    if (!document.isObject())
        return Error(ErrorCode::ProtocolViolation, u"the control frame is not a JSON object"_s);
    QJsonObject fields = document.object();
    const QString type = fields.take("t"_L1).toString();
    if (type.isEmpty())
        return Error(ErrorCode::ProtocolViolation, u"the control frame has no type"_s);
    QByteArray payload;
    if (end >= 0) {
        payload = QStringView(text).mid(end + 1).toUtf8();
        if (payload.isNull())
            payload = QByteArray("");
    }
    return Frame(type, std::move(fields), std::move(payload));
}

bool Frame::isControl(const QString &text)
{
    return text.startsWith(kMark) && !(text.size() > 1 && text.at(1) == kMark);
}

QString Frame::escape(const QString &applicationText)
{
    return applicationText.startsWith(kMark) ? kMark + applicationText : applicationText;
}

QString Frame::unescape(const QString &receivedText)
{
    const bool escaped = receivedText.size() > 1 && receivedText.at(0) == kMark && receivedText.at(1) == kMark;
    return escaped ? receivedText.mid(1) : receivedText;
}

} // namespace Watchword
