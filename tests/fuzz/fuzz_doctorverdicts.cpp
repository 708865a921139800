// SPDX-License-Identifier: Apache-2.0
// Each verdict is a function of what was recorded, whatever that is: one rule and one recording at a time.
#include "rules/rule.h"

#include <algorithm>
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

DoctorOptions everything(DoctorOptions::TokenWay way)
{
    DoctorOptions options;
    options.endpoint = QUrl(QStringLiteral("wss://127.0.0.1/"));
    options.origin = QStringLiteral("https://app.example.com");
    options.token = Secret::copy(kSecret);
    options.tokenWay = way;
    options.issuer = QUrl(QStringLiteral("https://127.0.0.1"));
    options.clientId = QStringLiteral("app");
    options.refreshToken = Secret::copy(kSecret);
    options.auditToken = Secret::copy(kSecret);
    options.asksForStepUp = true;
    options.intrusive = true;
    return options;
}

// Made once: of each rule the requests that it sends when all of them are let in.
struct Subject
{
    std::unique_ptr<Rule> rule;
    QStringList probes;
};

const std::vector<Subject> &subjects()
{
    static const std::vector<Subject> list = [] {
        std::vector<Subject> made;
        Recording seen(everything(DoctorOptions::TokenWay::Header));
        const auto admit = [&seen](const QString &probe) {
            Exchange exchange;
            exchange.probe = probe;
            exchange.end = Exchange::End::Opened;
            exchange.status = 101;
            seen.add(exchange);
        };
        for (const char *probe : {"bare", "valid", "echo"})
            admit(QString::fromLatin1(probe));
        for (std::unique_ptr<Rule> &rule : allRules()) {
            Subject subject{std::move(rule), {QStringLiteral("bare"), QStringLiteral("valid"), QStringLiteral("echo")}};
            for (const Probe &probe : subject.rule->probes(seen)) {
                subject.probes.append(probe.id);
                admit(probe.id);
            }
            subject.probes.removeDuplicates();
            made.push_back(std::move(subject));
        }
        return made;
    }();
    return list;
}

// The bytes say how it ended and what came.
Exchange exchangeOf(const QString &probe, QByteArrayView bytes)
{
    const auto at = [&bytes](qsizetype i) { return bytes.isEmpty() ? 0U : unsigned(uchar(bytes.at(i % bytes.size()))); };
    constexpr int kStatus[] = {101, 200, 301, 400, 401, 403, 404, 426, 429, 500, 503};
    constexpr int kCodes[] = {0, 1000, 1002, 1005, 1006, 1008, 1009, 1011, 4401};
    Exchange exchange;
    exchange.probe = probe;
    exchange.end = Exchange::End(at(0) % 8);
    exchange.status = exchange.end == Exchange::End::Opened ? 101 : kStatus[at(1) % std::size(kStatus)];
    exchange.closeCode = kCodes[at(2) % std::size(kCodes)];
    exchange.isEnded = (at(2) & 64U) != 0;
    exchange.toAnswer = Duration(at(3) * 20);
    exchange.toEnd = Duration(at(4) * 100);
    exchange.pongs = int(at(3));
    exchange.credential = QStringLiteral("a token");
    exchange.sent = "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
    exchange.head = exchange.body = exchange.closeReason = bytes.toByteArray();
    exchange.fault = QString::fromUtf8(bytes);
    exchange.fields = {{"WWW-Authenticate", exchange.body},
                       {"Date", exchange.body},
                       {"Content-Type", exchange.body.left(16)},
                       {"Sec-WebSocket-Protocol", exchange.body.left(32)}};
    exchange.messages.append({true, exchange.body});
    return exchange;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    const QByteArrayView bytes(data + 2, qsizetype(size) - 2);
    const Subject &subject = subjects()[data[0] % subjects().size()];
    Recording seen(everything(DoctorOptions::TokenWay(data[1] % 5)));
    // Each of its requests gets a part of the bytes, and some get none.
    const qsizetype part = std::max<qsizetype>(1, bytes.size() / subject.probes.size());
    qsizetype from = 0;
    for (const QString &probe : subject.probes) {
        const qsizetype start = std::min(from, bytes.size());
        seen.add(exchangeOf(probe, bytes.sliced(start, std::min(part, bytes.size() - start))));
        from += part;
    }
    if (subject.rule->hindrance(seen) || !subject.rule->vain(seen).isEmpty())
        return 0;
    const Judgement judgement = subject.rule->judge(seen);
    const bool isProblem = judgement.verdict == Finding::Verdict::Warn || judgement.verdict == Finding::Verdict::Fail;
    require((judgement.verdict == Finding::Verdict::Skipped) <= (judgement.gap != Finding::Gap::None));
    require(!isProblem || !judgement.summary.isEmpty());
    for (const QString &probe : judgement.probes)
        require(seen.find(probe) || isOfIssuer(probe) || subject.probes.contains(probe) || probe == kAfterwards);
    return 0;
}
