// SPDX-License-Identifier: Apache-2.0
#include "gate/ticketanswers.h"

#include "http/httpmessage.h"

#include <QJsonObject>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

QByteArray preflightAnswer(const RequestHead &head)
{
    HttpResponse response;
    response.status = 204;
    response.with("Access-Control-Allow-Origin", head.value("Origin"))
        .with("Access-Control-Allow-Methods", "POST")
        .with("Access-Control-Allow-Headers", "Authorization, DPoP")
        .with("Access-Control-Max-Age", "600")
        .with("Vary", "Origin");
    return response.toBytes(false);
}

QByteArray ticketAnswer(const RequestHead &head, const QByteArray &ticket, std::chrono::seconds lifetime)
{
    HttpResponse response =
        HttpResponse::json(200, {{u"ticket"_s, QString::fromLatin1(ticket)}, {u"expires_in"_s, qint64(lifetime.count())}});
    if (head.contains("Origin"))
        response.with("Access-Control-Allow-Origin", head.value("Origin")).with("Vary", "Origin");
    return response.toBytes(false);
}

void showToPage(Refusal &refusal, const RequestHead &head, const GateTarget &target)
{
    const QList<QByteArray> origins = head.values("Origin");
    if (origins.size() != 1 || !target.origins.contains(QString::fromLatin1(origins.first())))
        return;
    refusal.headers.emplace_back("Access-Control-Allow-Origin", origins.first());
    refusal.headers.emplace_back("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, DPoP-Nonce");
    refusal.headers.emplace_back("Vary", "Origin");
}

} // namespace Watchword::Gateway
