// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/roles.h"

#include <QString>

namespace Monitor::Text {

// Every number, duration, time and id that the program shows is written by one of these.
QString count(qint64 value); //!< "12,455"
QString countShort(qint64 value); //!< "7.4M", "12,455" below a million
QString percent(double fraction); //!< "41 %"
QString duration(qint64 milliseconds); //!< "5:48", "1:02:03", "3 d 4 h" from 48 h; never negative
QString rate(double perSecond); //!< "3.1"
QString clockTime(qint64 msSinceEpoch, bool milliseconds = false); //!< "14:32:40", UTC
QString bytes(qint64 bytes); //!< "412 MB"
QString elideId(const QString &id); //!< "s-4c19…a7"; ids up to 12 characters stay whole
QString severityWord(Severity severity);
QString severityGlyph(Severity severity); //!< "sev-error"
QString severityColour(Severity severity); //!< Colour role of the glyph
QString stateWord(QStringView state); //!< "failing" -> "Failing"
Severity stateSeverity(QStringView state);
QString deviceGlyph(QStringView clientId); //!< Icon name for the kind of client.

} // namespace Monitor::Text
