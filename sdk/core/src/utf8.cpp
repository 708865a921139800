// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/internal/utf8.h"

#include <QUtf8StringView>

#include <cstring>

namespace Watchword {

namespace {

quint64 fourUnits(const char16_t *from)
{
    quint64 word = 0;
    std::memcpy(&word, from, sizeof word);
    return word;
}

// Four units at a time and without a way out before the end: nearly all texts are ASCII, and each one is counted.
bool isAscii(QStringView text)
{
    constexpr qsizetype block = 16;
    const char16_t *c = text.utf16();
    const char16_t *const end = c + text.size();
    quint64 even = 0;
    quint64 odd = 0;
    for (; end - c >= block; c += block) {
        even |= fourUnits(c) | fourUnits(c + 8);
        odd |= fourUnits(c + 4) | fourUnits(c + 12);
    }
    char16_t rest = 0;
    for (; c != end; ++c)
        rest |= *c;
    return ((even | odd) & 0xff80'ff80'ff80'ff80) == 0 && rest < 0x80;
}

} // namespace

qint64 utf8Size(QStringView text)
{
    if (isAscii(text))
        return text.size();
    qint64 size = 0;
    for (const QChar c : text)
        size += c.unicode() < 0x80 ? 1 : c.unicode() < 0x800 || c.isSurrogate() ? 2 : 3;
    return size;
}

bool isUtf8(QByteArrayView bytes)
{
    return QUtf8StringView(bytes.data(), bytes.size()).isValidUtf8();
}

QString toWellFormed(QString text)
{
    if (text.isValidUtf16())
        return text;
    for (qsizetype i = 0; i < text.size(); ++i) {
        if (!text.at(i).isSurrogate())
            continue;
        const bool isPair = text.at(i).isHighSurrogate() && i + 1 < text.size() && text.at(i + 1).isLowSurrogate();
        if (isPair)
            ++i;
        else
            text[i] = QChar::ReplacementCharacter;
    }
    return text;
}

} // namespace Watchword
