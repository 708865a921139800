// SPDX-License-Identifier: Apache-2.0
#include "watchword/auth/qrcode.h"

#include <qrencode.h>

#include <memory>

namespace Watchword {

using namespace Qt::StringLiterals;

Result<QrCode> QrCode::fromText(const QString &text)
{
    const QByteArray bytes = text.toUtf8();
    if (bytes.isEmpty() || bytes.size() > 2000)
        return Error(ErrorCode::InvalidArgument, u"a QR code holds 1 to 2,000 bytes, not %1"_s.arg(bytes.size()));
    const auto *raw = reinterpret_cast<const unsigned char *>(bytes.constData());
    const std::unique_ptr<QRcode, decltype(&QRcode_free)> made(QRcode_encodeData(int(bytes.size()), raw, 0, QR_ECLEVEL_M),
                                                               &QRcode_free);
    if (!made)
        return Error(ErrorCode::Internal, u"libqrencode could not encode %1 bytes"_s.arg(bytes.size()));
    QrCode code;
    code.m_size = made->width;
    code.m_modules.resize(qsizetype(made->width) * made->width);
    for (qsizetype i = 0; i < code.m_modules.size(); ++i)
        code.m_modules.setBit(i, made->data[i] & 1);
    return code;
}

bool QrCode::isDark(int column, int row) const
{
    if (column < 0 || row < 0 || column >= m_size || row >= m_size)
        return false;
    return m_modules.testBit(qsizetype(row) * m_size + column);
}

QString QrCode::toTerminalText(bool withColours) const
{
    QString text;
    if (m_size == 0)
        return text;
    // Light modules are drawn, dark ones are left to the background.
    static constexpr char16_t kBlocks[] = {u'\u2588', u'\u2580', u'\u2584', u' '}; // full, upper, lower, none
    for (int row = -kQuietZone; row < m_size + kQuietZone; row += 2) {
        if (withColours)
            text += u"\x1b[97;40m"_s;
        for (int column = -kQuietZone; column < m_size + kQuietZone; ++column)
            text += QChar(kBlocks[(isDark(column, row) ? 2 : 0) + (isDark(column, row + 1) ? 1 : 0)]);
        text += withColours ? u"\x1b[0m\n"_s : u"\n"_s;
    }
    return text;
}

QString QrCode::toSvgPath() const
{
    QString path;
    for (int row = 0; row < m_size; ++row) {
        for (int column = 0; column < m_size; ++column) {
            int run = 0;
            while (isDark(column + run, row))
                ++run;
            if (run > 0)
                path += u"M%1 %2h%3v1h-%3z"_s.arg(column + kQuietZone).arg(row + kQuietZone).arg(run);
            column += run;
        }
    }
    return path;
}

} // namespace Watchword
