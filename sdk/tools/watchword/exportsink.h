// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/auditevent.h"

#include <QList>
#include <QSslCertificate>
#include <QUrl>

#include <memory>

namespace Watchword::Tool {

/*!
    Where events of an audit log are sent to.

    send() returns when the receiver has them, as far as its protocol lets one know: OTLP answers; syslog over TLS (RFC 5425) has
   no answers, so there it is that TLS took the bytes and the connection was closed in order by finish(). Threads: one. Each call
   blocks, at most for half a minute.
*/
class ExportSink
{
public:
    struct Record
    {
        AuditEvent event;
        QByteArray text; //!< As it is in the log.
    };

    //! For "https://..." (OTLP logs in JSON) and "tls://host:port" (syslog, RFC 5424). ConfigInvalid for anything else.
    static Result<std::unique_ptr<ExportSink>> open(const QUrl &target, const QList<QSslCertificate> &authorities);
    virtual ~ExportSink() = default;

    virtual Result<void> send(const QList<Record> &records) = 0;
    virtual Result<void> finish() { return {}; }
};

//! The body of a request of OTLP/HTTP with \a records as log records.
QByteArray otlpLogs(const QList<ExportSink::Record> &records);
//! \a record as a message of syslog (RFC 5424), without the frame of RFC 5425.
QByteArray syslogMessage(const ExportSink::Record &record);

} // namespace Watchword::Tool
