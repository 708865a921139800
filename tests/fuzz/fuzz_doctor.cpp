// SPDX-License-Identifier: Apache-2.0
// What a hostile server sends reaches a report: no token, no control character, and no crash.
#include "examination.h"
#include "probe/redactor.h"
#include "probe/tlshello.h"
#include "rules/rule.h"
#include "watchword/doctor/reportwriter.h"

#include <cstdlib>

using namespace Watchword;
using namespace Watchword::Doctoring;

namespace {

constexpr int kMostStages = 10;
constexpr char kSecret[] = "canary-token-0123456789";

void require(bool condition)
{
    if (!condition)
        std::abort();
}

bool isHarmless(const QByteArray &text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || uchar(c) >= ' '; });
}

Exchange exchangeOf(const QByteArray &bytes)
{
    Exchange exchange;
    exchange.probe = QStringLiteral("bare");
    exchange.end = Exchange::End(bytes.isEmpty() ? 0 : uchar(bytes[0]) % 8);
    exchange.status = bytes.left(3).toInt();
    exchange.head = bytes;
    exchange.body = bytes;
    exchange.closeReason = bytes;
    exchange.fault = QString::fromUtf8(bytes);
    exchange.tls.errors = QStringList{exchange.fault};
    exchange.fields.append({bytes.left(20), bytes.mid(20)});
    exchange.messages.append({true, bytes});
    return exchange;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArray bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    const HelloAnswer answer = readHelloAnswer(bytes);
    require(answer.kind == HelloAnswer::Kind::Other || size >= 7);

    // An examination, every probe of which gets these bytes for an answer. Its size is theirs to choose, and most are small: what
    // is found by one part only needs that part.
    const unsigned choice = size > 0 ? data[size - 1] : 0;
    DoctorOptions options;
    options.endpoint = QUrl(QStringLiteral("wss://127.0.0.1/"));
    if (choice & 1U)
        options.token = Secret::copy(kSecret);
    if (choice & 2U) {
        options.issuer = QUrl(QStringLiteral("https://127.0.0.1"));
        options.clientId = QStringLiteral("app");
        options.refreshToken = Secret::copy(kSecret);
    }
    if (choice & 4U)
        options.auditToken = Secret::copy(kSecret);
    options.tokenWay = DoctorOptions::TokenWay(size % 5);
    options.intrusive = (choice & 8U) != 0;
    Examination examination(options);
    for (int stage = 0; !examination.isDone(); ++stage) {
        require(stage < kMostStages);
        for (const Probe &probe : examination.nextStage()) {
            Exchange exchange = exchangeOf(bytes);
            exchange.probe = probe.id;
            exchange.sent = probe.bytes;
            // Some are let in, so that what comes later is reached.
            if (qHash(probe.id) % 3 == 0 || probe.id == QLatin1StringView("valid"))
                exchange.end = Exchange::End::Opened;
            if (isOfIssuer(probe.id))
                exchange.status = 200;
            examination.record(exchange);
        }
    }
    Report report;
    report.endpoint = options.endpoint;
    report.findings = examination.findings();
    constexpr unsigned kFormats = unsigned(ReportFormat::Html) - unsigned(ReportFormat::Text) + 1;
    const QByteArray text = writeReport(report, ReportFormat(unsigned(ReportFormat::Text) + choice / 16 % kFormats));
    const bool isSecretOurs = (choice & 7U) != 0; // else it is a word like any other
    require(isHarmless(text) && !(isSecretOurs && text.contains(kSecret)));
    if (const Result<Report> read = Report::fromJson(bytes))
        require(isHarmless(writeReport(*read, ReportFormat::Text)));
    return 0;
}
