// SPDX-License-Identifier: Apache-2.0
#include "probe/probe.h"

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

QString inWords(const ProbeFrame &frame)
{
    static const QHash<quint8, QString> names{{0, u"continuation"_s}, {1, u"text"_s}, {2, u"binary"_s},
                                              {8, u"close"_s},        {9, u"ping"_s}, {10, u"pong"_s}};
    QString text = frame.repeat > 1 ? u"%1 frames, each: "_s.arg(frame.repeat) : u"frame: "_s;
    text += names.value(frame.opcode, u"unknown"_s) + u", %1 bytes"_s.arg(frame.payload.size());
    if (frame.announced)
        text += u", announced as %1"_s.arg(*frame.announced);
    if (!frame.masked)
        text += u", without mask"_s;
    if (!frame.fin)
        text += u", not the last fragment"_s;
    return frame.compressed ? text + u", reserved bit 1"_s : text;
}

} // namespace Watchword::Doctoring
