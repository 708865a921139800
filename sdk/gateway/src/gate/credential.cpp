// SPDX-License-Identifier: Apache-2.0
#include "gate/credential.h"

#include "watchword/jose/base64url.h"

#include <algorithm>

namespace Watchword::Gateway {

namespace {

constexpr QByteArrayView kBearerPrefix("watchword.bearer.");

QList<QByteArray> subprotocolEntries(const RequestHead &head)
{
    QList<QByteArray> entries;
    const QList<QByteArray> values = head.values("Sec-WebSocket-Protocol");
    for (const QByteArray &value : values) {
        const QList<QByteArray> parts = value.split(',');
        for (const QByteArray &part : parts) {
            if (const QByteArray entry = part.trimmed(); !entry.isEmpty())
                entries.append(entry);
        }
    }
    return entries;
}

// RFC 9110 section 11.2. Anything else must not reach a parser, a log or a header of an upstream request.
bool isToken68(QByteArrayView text)
{
    qsizetype end = text.size();
    while (end > 0 && text[end - 1] == '=')
        --end;
    return end > 0 && std::all_of(text.begin(), text.begin() + end, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.'
                   || c == '_' || c == '~' || c == '+' || c == '/';
           });
}

// "&", and ";" too: some servers part parameters there (HTML 4.01 appendix B.2.2), and what is behind this one may be such.
QList<QByteArray> parametersOf(const QByteArray &query)
{
    return QByteArray(query).replace(';', '&').split('&');
}

QByteArray nameOf(const QByteArray &parameter)
{
    const qsizetype end = parameter.indexOf('=');
    return QByteArray::fromPercentEncoding(end < 0 ? parameter : parameter.first(end)).toLower();
}

bool namesToken(const QByteArray &query)
{
    static const QByteArrayList names{"access_token", "token",         "id_token", "refresh_token",
                                      "bearer_token", "authorization", "jwt"};
    const QList<QByteArray> parameters = parametersOf(query);
    return std::any_of(parameters.begin(), parameters.end(),
                       [](const QByteArray &parameter) { return names.contains(nameOf(parameter)); });
}

} // namespace

QByteArray withoutTicket(const QByteArray &query)
{
    QByteArrayList kept;
    const QList<QByteArray> parameters = query.split('&');
    for (const QByteArray &parameter : parameters) {
        if (nameOf(parameter) != "ticket")
            kept.append(parameter);
    }
    return kept.join('&');
}

QList<Secret> ticketsIn(const QByteArray &query)
{
    constexpr qsizetype kMostTickets = 8;
    QList<Secret> tickets;
    const QList<QByteArray> parameters = parametersOf(query);
    for (const QByteArray &parameter : parameters) {
        if (nameOf(parameter) == "ticket" && parameter.contains('=') && tickets.size() < kMostTickets)
            tickets.append(Secret::copy(parameter.sliced(parameter.indexOf('=') + 1)));
    }
    return tickets;
}

Credential credentialOf(const RequestHead &head, bool takesTickets)
{
    Credential credential;
    if (namesToken(head.query)) {
        credential.kind = Credential::Kind::InUrl;
        return credential;
    }
    int found = 0;
    const QList<QByteArray> headers = head.values("Authorization");
    for (const QByteArray &header : headers) {
        const qsizetype space = header.indexOf(' ');
        const QByteArray scheme = header.left(space < 0 ? header.size() : space).toLower();
        if (scheme != "bearer" && scheme != "dpop")
            continue;
        ++found;
        credential.kind = Credential::Kind::Header;
        credential.isDpop = scheme == "dpop";
        const QByteArray token = space < 0 ? QByteArray() : header.mid(space + 1).trimmed();
        if (isToken68(token))
            credential.token = Secret::copy(token);
    }
    const QList<QByteArray> entries = subprotocolEntries(head);
    for (const QByteArray &entry : entries) {
        if (!entry.startsWith(kBearerPrefix))
            continue;
        ++found;
        credential.kind = Credential::Kind::Subprotocol;
        const Result<QByteArray> token = fromBase64Url(QByteArrayView(entry).sliced(kBearerPrefix.size()));
        if (token && isToken68(*token))
            credential.token = Secret::copy(*token);
    }
    const QList<QByteArray> parameters = takesTickets ? head.query.split('&') : QList<QByteArray>();
    for (const QByteArray &parameter : parameters) {
        if (nameOf(parameter) != "ticket")
            continue;
        ++found;
        credential.kind = Credential::Kind::Ticket;
        const QByteArray ticket = parameter.sliced(std::min(parameter.size(), parameter.indexOf('=') + 1));
        if (parameter.contains('=') && isToken68(ticket))
            credential.token = Secret::copy(ticket);
    }
    // Two Authorization fields are two credentials even if one has a scheme that is not ours.
    if (found > 1 || headers.size() > 1) {
        credential.kind = Credential::Kind::Several;
        credential.token.clear();
    }
    if (credential.isDpop)
        credential.proofs = head.values("DPoP");
    return credential;
}

QStringList offeredSubprotocols(const RequestHead &head)
{
    QStringList list;
    const QList<QByteArray> entries = subprotocolEntries(head);
    for (const QByteArray &entry : entries) {
        if (!entry.startsWith(kBearerPrefix))
            list.append(QString::fromLatin1(entry));
    }
    return list;
}

QString chosenSubprotocol(const RequestHead &head, const QStringList &supported)
{
    const QStringList offered = offeredSubprotocols(head);
    const auto chosen =
        std::find_if(supported.begin(), supported.end(), [&offered](const QString &name) { return offered.contains(name); });
    return chosen == supported.end() ? QString() : *chosen;
}

} // namespace Watchword::Gateway
