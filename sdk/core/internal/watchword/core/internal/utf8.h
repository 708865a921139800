// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"

#include <QByteArrayView>
#include <QString>
#include <QStringView>

namespace Watchword {

/*! How many bytes \a text has as UTF-8; half a surrogate pair counts two. Fast where all is ASCII. */
WATCHWORD_CORE_EXPORT qint64 utf8Size(QStringView text);

/*! Whether \a bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing written longer than it has to be). */
WATCHWORD_CORE_EXPORT bool isUtf8(QByteArrayView bytes);

/*!
    \a text with U+FFFD in place of each half of a surrogate pair that stands alone. There is no UTF-8 for such a half: what is
    cut off inside an emoji has one, and so has JSON that escapes it.
*/
WATCHWORD_CORE_EXPORT QString toWellFormed(QString text);

} // namespace Watchword
