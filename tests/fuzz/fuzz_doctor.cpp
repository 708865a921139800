// SPDX-License-Identifier: Apache-2.0
// What a hostile server sends reaches a report: no token, no control character, and no crash.
#include "probe/redactor.h"
#include "probe/tlshello.h"
#include "rules/rule.h"
#include "watchword/doctor/reportwriter.h"

#include <cstdlib>

using namespace Watchword;
using namespace Watchword::Doctoring;

namespace {

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

    DoctorOptions options;
    options.endpoint = QUrl(QStringLiteral("wss://a.test/"));
    options.token = Secret::copy(kSecret);
    Recording seen(options);
    const Exchange exchange = exchangeOf(bytes);
    seen.add(exchange);
    Report report;
    report.endpoint = options.endpoint;
    const Rules rules = allRules();
    for (const auto &rule : rules) {
        if (rule->id() == QLatin1StringView("T3") || rule->id() == QLatin1StringView("T4")
            || rule->id() == QLatin1StringView("H1")) {
            const Judgement judgement = rule->judge(seen);
            report.findings.append({rule->id(), judgement.verdict, seen.redactor().cleanText(judgement.summary),
                                    seen.redactor().evidenceOf(exchange)});
        }
    }
    for (int format = int(ReportFormat::Text); format <= int(ReportFormat::Html); ++format)
        require(isHarmless(writeReport(report, ReportFormat(format)))
                && !writeReport(report, ReportFormat(format)).contains(kSecret));
    if (const Result<Report> read = Report::fromJson(bytes))
        require(isHarmless(writeReport(*read, ReportFormat::Text)));
    return 0;
}
