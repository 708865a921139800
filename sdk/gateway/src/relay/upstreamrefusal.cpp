// SPDX-License-Identifier: Apache-2.0
#include "relay/upstreamrefusal.h"

#include "gate/admission.h"

#include <QHash>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

// Statuses that say something about the request or the moment, and that a client can use.
QByteArray titleOfPassed(int status)
{
    static const QHash<int, QByteArray> passed{
        {401, "The server refused"},          {403, "The server refused"},
        {404, "The server has no such path"}, {410, "The server has no such path any more"},
        {429, "Too many requests"},           {503, "Try again later"}};
    return passed.value(status);
}

int statusOf(const UpstreamRefused &refused, bool speaksControl)
{
    switch (refused.reason) {
    case UpstreamRefused::Reason::TimedOut:
        return 504;
    case UpstreamRefused::Reason::Status:
        if (titleOfPassed(refused.status).isEmpty())
            return 502;
        return refused.status == 401 && speaksControl ? 403 : refused.status;
    case UpstreamRefused::Reason::Unreachable:
    case UpstreamRefused::Reason::NotTrusted:
    case UpstreamRefused::Reason::BadAnswer:
        break;
    }
    return 502;
}

QString reasonCodeOf(UpstreamRefused::Reason reason)
{
    switch (reason) {
    case UpstreamRefused::Reason::Unreachable:
        return u"upstream_unreachable"_s;
    case UpstreamRefused::Reason::NotTrusted:
        return u"upstream_not_trusted"_s;
    case UpstreamRefused::Reason::TimedOut:
        return u"upstream_timeout"_s;
    case UpstreamRefused::Reason::BadAnswer:
        return u"upstream_bad_answer"_s;
    case UpstreamRefused::Reason::Status:
        return u"upstream_refused"_s;
    }
    return {};
}

} // namespace

Refusal refusalOfUpstream(const UpstreamRefused &refused, bool speaksControl)
{
    Refusal result;
    result.status = statusOf(refused, speaksControl);
    result.title = titleOfPassed(result.status);
    if (result.title.isEmpty())
        result.title = result.status == 504 ? "The server did not answer" : "The server cannot be reached";
    result.auditType = u"conn.rejected"_s;
    result.reasonCode = reasonCodeOf(refused.reason);
    result.message = QString::fromStdString(refused.detail);
    const bool isPassed = refused.reason == UpstreamRefused::Reason::Status && result.status == refused.status;
    if (isPassed && !refused.retryAfter.empty() && (result.status == 429 || result.status == 503)) {
        const QByteArray after = clientText(QByteArray::fromStdString(refused.retryAfter)).toLatin1();
        result.headers.emplace_back("Retry-After", after);
        if (const int seconds = after.toInt(); seconds > 0) // it may be a date, too
            result.retryAfter = std::chrono::seconds(seconds);
    }
    if (isPassed && result.status == 401) {
        for (const std::string &challenge : refused.challenges)
            result.headers.emplace_back("WWW-Authenticate", clientText(QByteArray::fromStdString(challenge)).toLatin1());
    }
    return result;
}

Refusal refusalOfBody(qint64 size)
{
    Refusal result;
    result.status = 413;
    result.title = "Body too large";
    result.auditType = u"limit.hit"_s;
    result.reasonCode = u"message_bytes"_s;
    result.message = u"the request announces a body of %1 bytes"_s.arg(size);
    return result;
}

} // namespace Watchword::Gateway
