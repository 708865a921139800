// SPDX-License-Identifier: Apache-2.0
#include "gate/securitytext.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

Result<QDateTime> securityTextEnd(const QByteArray &content)
{
    QList<QByteArray> contacts;
    QList<QByteArray> ends;
    const QList<QByteArray> lines = content.split('\n');
    for (const QByteArray &line : lines) {
        const qsizetype colon = line.indexOf(':');
        const QByteArray name = line.left(std::max<qsizetype>(colon, 0)).toLower();
        if (name == "contact")
            contacts.append(line.mid(colon + 1).trimmed());
        else if (name == "expires")
            ends.append(line.mid(colon + 1).trimmed());
    }
    const auto invalid = [](const QString &what) { return Error(ErrorCode::ConfigInvalid, what + u" (RFC 9116)"_s); };
    if (contacts.isEmpty() || contacts.contains(QByteArray()))
        return invalid(u"it names no Contact"_s);
    if (ends.size() != 1)
        return invalid(u"it has %1 lines with Expires instead of one"_s.arg(ends.size()));
    const QDateTime end = QDateTime::fromString(QString::fromLatin1(ends.constFirst()), Qt::ISODate);
    if (!end.isValid() || end.timeSpec() == Qt::LocalTime)
        return invalid(u"its Expires is no time as in 2030-01-31T00:00:00Z"_s);
    return end.toUTC();
}

} // namespace Watchword::Gateway
