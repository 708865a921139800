// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/store/auditline.h"
#include "monitor/store/logmapping.h"

#include <simdjson.h>

#include <deque>

namespace Monitor {

/*! Reads JSON lines that are no CloudEvents: by the first mapping that fits, else what looks like a time, a text and a level. */
class ForeignLines
{
public:
    void setMappings(const QList<LogMapping> &mappings) { m_mappings = mappings; }
    const QList<LogMapping> &mappings() const { return m_mappings; }
    //! False if no mapping fits. Views are valid until the next call, and no longer than \a event.
    bool readMapped(const simdjson::dom::element &event, AuditLine &out);
    void readPlain(const simdjson::dom::element &event, QByteArrayView line, AuditLine &out);

    //! A number of seconds, milliseconds, microseconds or nanoseconds since 1970, or a text with a date and a time.
    static bool readTime(const simdjson::dom::element &value, qint64 &milliseconds);
    static bool parseLooseTime(QByteArrayView text, qint64 &milliseconds); //!< Without an offset it is UTC.

private:
    QByteArrayView textAt(const simdjson::dom::element &event, QByteArrayView pointer);
    QByteArrayView firstText(const simdjson::dom::element &event, const QList<QByteArray> &pointers);
    QByteArrayView textOf(const simdjson::dom::element &value);

    QList<LogMapping> m_mappings;
    std::deque<QByteArray> m_numbers; // as texts
};

} // namespace Monitor
