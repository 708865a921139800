// SPDX-License-Identifier: Apache-2.0
#include "exportsink.h"

#include <QEventLoop>
#include <QJsonArray>
#include <QJsonDocument>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QSslConfiguration>
#include <QSslSocket>

#include <algorithm>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

constexpr std::chrono::seconds kSinkPatience{30};
constexpr qsizetype kLongestAnswer = 64 * 1024;

QSslConfiguration trustOf(const QList<QSslCertificate> &authorities)
{
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    tls.setProtocol(QSsl::TlsV1_2OrLater);
    tls.addCaCertificates(authorities);
    return tls;
}

QJsonObject attribute(const QString &key, const QString &value)
{
    return {{"key"_L1, key}, {"value"_L1, QJsonObject{{"stringValue"_L1, value}}}};
}

// opentelemetry.io/docs/specs/otel/logs/data-model: TRACE 1, INFO 9, WARN 13, ERROR 17, FATAL 21.
std::pair<int, QString> otlpSeverityOf(const AuditEvent &event)
{
    switch (event.data.value("severity"_L1).toInt()) {
    case 1:
        return {9, u"INFO"_s};
    case 2:
        return {10, u"INFO2"_s};
    case 3:
        return {13, u"WARN"_s};
    case 4:
        return {17, u"ERROR"_s};
    case 5:
        return {21, u"FATAL"_s};
    default:
        return {0, u"UNSPECIFIED"_s};
    }
}

// RFC 5424 section 6.2.1: facility 13 is "log audit".
int priorityOf(const AuditEvent &event)
{
    constexpr int kAudit = 13;
    constexpr int severities[] = {5, 6, 5, 4, 3, 2};
    return kAudit * 8 + severities[std::clamp(event.data.value("severity"_L1).toInt(), 0, 5)];
}

// A header field of RFC 5424 section 6: printable ASCII without blanks.
QByteArray headerField(const QString &text, qsizetype longest)
{
    QByteArray field = text.toUtf8().left(longest);
    std::replace_if(
        field.begin(), field.end(), [](char c) { return c <= ' ' || c > '~'; }, '_');
    return field.isEmpty() ? QByteArray("-") : field;
}

class OtlpSink final : public ExportSink
{
public:
    OtlpSink(const QUrl &target, const QList<QSslCertificate> &authorities)
        : m_target(target)
        , m_tls(trustOf(authorities))
    {
        m_network.setTransferTimeout(int(std::chrono::milliseconds(kSinkPatience).count()));
    }

    Result<void> send(const QList<Record> &records) override
    {
        QNetworkRequest request(m_target);
        request.setSslConfiguration(m_tls);
        request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
        // What holds events is not sent to somebody whom nobody named.
        request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
        const std::unique_ptr<QNetworkReply> reply(m_network.post(request, otlpLogs(records)));
        QEventLoop loop;
        QObject::connect(reply.get(), &QNetworkReply::finished, &loop, &QEventLoop::quit);
        if (!reply->isFinished())
            loop.exec();
        const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        if (status == 0)
            return Error(ErrorCode::ConnectionLost, u"%1: %2"_s.arg(m_target.host(), reply->errorString()));
        if (status != 200)
            return Error(ErrorCode::HttpStatus, u"%1 answers %2"_s.arg(m_target.host()).arg(status));
        const QJsonObject answer = QJsonDocument::fromJson(reply->read(kLongestAnswer)).object();
        const QJsonObject partial = answer.value("partialSuccess"_L1).toObject();
        // int64 is a string in the JSON of protobuf; some write a number.
        const qint64 refused = partial.value("rejectedLogRecords"_L1).toVariant().toLongLong();
        if (refused > 0) {
            return Error(ErrorCode::RequestRefused,
                         u"%1 refuses %2 of %3 events: %4"_s.arg(m_target.host())
                             .arg(refused)
                             .arg(records.size())
                             .arg(partial.value("errorMessage"_L1).toString().left(200)));
        }
        return {};
    }

private:
    const QUrl m_target;
    const QSslConfiguration m_tls;
    QNetworkAccessManager m_network;
};

class SyslogSink final : public ExportSink
{
public:
    SyslogSink(const QUrl &target, const QList<QSslCertificate> &authorities)
        : m_target(target)
    {
        m_socket.setSslConfiguration(trustOf(authorities));
    }

    Result<void> send(const QList<Record> &records) override
    {
        if (m_socket.state() == QAbstractSocket::UnconnectedState) {
            m_socket.connectToHostEncrypted(m_target.host(), quint16(m_target.port(6514)));
            if (!m_socket.waitForEncrypted(patience()))
                return lost();
        }
        QByteArray bytes;
        for (const Record &record : records) {
            const QByteArray message = syslogMessage(record);
            bytes += QByteArray::number(message.size()) + ' ' + message; // RFC 5425 section 4.3
        }
        if (m_socket.write(bytes) != bytes.size())
            return lost();
        while (m_socket.bytesToWrite() > 0 || m_socket.encryptedBytesToWrite() > 0) {
            if (!m_socket.waitForBytesWritten(patience()))
                return lost();
        }
        return {};
    }

    Result<void> finish() override
    {
        if (m_socket.state() == QAbstractSocket::UnconnectedState)
            return {};
        m_socket.disconnectFromHost();
        const bool isEnded = m_socket.state() == QAbstractSocket::UnconnectedState || m_socket.waitForDisconnected(patience());
        return isEnded ? Result<void>() : lost();
    }

private:
    static int patience() { return int(std::chrono::milliseconds(kSinkPatience).count()); }
    Error lost() const
    {
        const bool isTls = !m_socket.sslHandshakeErrors().isEmpty();
        return Error(isTls ? ErrorCode::TlsFailed : ErrorCode::ConnectionLost,
                     u"%1: %2"_s.arg(m_target.host(), m_socket.errorString()));
    }

    const QUrl m_target;
    QSslSocket m_socket;
};

} // namespace

QByteArray otlpLogs(const QList<ExportSink::Record> &records)
{
    QJsonArray logs;
    for (const ExportSink::Record &record : records) {
        const AuditEvent &event = record.event;
        const auto [number, severity] = otlpSeverityOf(event);
        const QString nanoseconds = QString::number(event.time.time_since_epoch().count()) + u"000000"_s;
        logs.append(
            QJsonObject{{"timeUnixNano"_L1, nanoseconds},
                        {"observedTimeUnixNano"_L1, nanoseconds},
                        {"severityNumber"_L1, number},
                        {"severityText"_L1, severity},
                        {"eventName"_L1, event.type},
                        {"body"_L1, QJsonObject{{"stringValue"_L1, QString::fromUtf8(record.text)}}},
                        {"attributes"_L1,
                         QJsonArray{attribute(u"event.name"_s, event.type), attribute(u"cloudevents.event_id"_s, event.id),
                                    attribute(u"cloudevents.event_source"_s, event.source),
                                    attribute(u"cloudevents.event_type"_s, event.type),
                                    attribute(u"cloudevents.event_subject"_s, event.subject),
                                    attribute(u"watchword.sequence"_s, QString::number(event.sequence))}}});
    }
    const QJsonObject scope{{"scope"_L1, QJsonObject{{"name"_L1, u"watchword.audit"_s}}}, {"logRecords"_L1, logs}};
    const QJsonObject resource{
        {"resource"_L1, QJsonObject{{"attributes"_L1, QJsonArray{attribute(u"service.name"_s, u"watchword-gateway"_s)}}}},
        {"scopeLogs"_L1, QJsonArray{scope}}};
    return QJsonDocument(QJsonObject{{"resourceLogs"_L1, QJsonArray{resource}}}).toJson(QJsonDocument::Compact);
}

QByteArray syslogMessage(const ExportSink::Record &record)
{
    const AuditEvent &event = record.event;
    const QString node = event.source.section(u'/', -1);
    return '<' + QByteArray::number(priorityOf(event)) + ">1 " + toRfc3339(event.time).toLatin1() + ' ' + headerField(node, 255)
        + " watchword-gateway - " + headerField(event.shortType(), 32) + " - \xef\xbb\xbf" + record.text;
}

Result<std::unique_ptr<ExportSink>> ExportSink::open(const QUrl &target, const QList<QSslCertificate> &authorities)
{
    const bool isHttps = target.scheme() == "https"_L1;
    if (target.host().isEmpty() || (!isHttps && target.scheme() != "tls"_L1)) {
        return Error(ErrorCode::ConfigInvalid,
                     u"events are exported to a file, to https://HOST/v1/logs (OTLP) or to tls://HOST:PORT (syslog)"_s);
    }
    if (isHttps)
        return std::unique_ptr<ExportSink>(std::make_unique<OtlpSink>(target, authorities));
    return std::unique_ptr<ExportSink>(std::make_unique<SyslogSink>(target, authorities));
}

} // namespace Watchword::Tool
