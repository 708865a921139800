// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/auth/export.h"
#include "watchword/core/result.h"

#include <QBitArray>
#include <QMetaType>
#include <QString>

namespace Watchword {

/*!
    A QR code (ISO/IEC 18004) as a square of dark and light modules, without any graphics: Qt Quick, Qt Widgets and a
    terminal draw it in their own ways. A light margin of quietZone modules belongs around it.

    Threads: reentrant value. An empty one (size 0) draws nothing.
*/
class WATCHWORD_AUTH_EXPORT QrCode
{
    Q_GADGET
    Q_PROPERTY(int size READ size FINAL)
    Q_PROPERTY(int quietZone READ quietZone CONSTANT FINAL)

public:
    static constexpr int kQuietZone = 4;

    QrCode() = default;
    //! Of \a text as UTF-8, with medium error correction. InvalidArgument if it is empty or longer than 2,000 bytes.
    static Result<QrCode> fromText(const QString &text);

    int size() const { return m_size; } //!< Modules along one side: 21 to 177.
    int quietZone() const { return kQuietZone; }
    //! False outside of the square, too, so that a quiet zone needs no special case.
    Q_INVOKABLE bool isDark(int column, int row) const;
    /*!
        For terminals with a dark or a light background alike: two modules per character, by half blocks, with the quiet
        zone, and with colours set by escape sequences. \a withColours false: for a dark background only.
    */
    QString toTerminalText(bool withColours = true) const;
    //! The path of an SVG with a view box of size() plus two quiet zones; what it covers is dark.
    Q_INVOKABLE QString toSvgPath() const;

private:
    int m_size = 0;
    QBitArray m_modules;
};

} // namespace Watchword

Q_DECLARE_METATYPE(Watchword::QrCode)
