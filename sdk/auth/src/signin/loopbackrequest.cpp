// SPDX-License-Identifier: Apache-2.0
#include "signin/loopbackrequest.h"

#include "provider/answer.h"
#include "provider/tokenresponse.h"

#include <QUrlQuery>

#include <utility> // Beast 1.74 uses it in C++20 and forgets it

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace Watchword {

using namespace Qt::StringLiterals;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

LoopbackVerdict stray(int status)
{
    return {LoopbackVerdict::Kind::Stray, status, {}, {}};
}

LoopbackVerdict refused(Error error)
{
    return {LoopbackVerdict::Kind::Refused, 0, std::move(error), {}};
}

// A parameter that occurs twice makes the whole request a stray (RFC 6749 section 3.1).
std::optional<QString> onlyValue(const QUrlQuery &query, const QString &name)
{
    const QStringList values = query.allQueryItemValues(name, QUrl::FullyDecoded);
    if (values.size() > 1)
        return std::nullopt;
    return values.isEmpty() ? QString() : values.first();
}

Error errorOf(const QString &name, const QString &description)
{
    return Error(codeOfOAuthError(name), printable(description.isEmpty() ? name : name + u": "_s + description));
}

LoopbackVerdict judgeQuery(const QUrlQuery &query, const ExpectedRedirect &expected)
{
    const auto state = onlyValue(query, u"state"_s);
    const auto issuer = onlyValue(query, u"iss"_s);
    const auto error = onlyValue(query, u"error"_s);
    const auto code = onlyValue(query, u"code"_s);
    if (!state || !issuer || !error || !code)
        return stray(404);
    if (expected.state.isEmpty() || !Secret::take(state->toUtf8()).equals(expected.state))
        return stray(404);
    if (issuer->isEmpty() ? expected.issuerRequired : *issuer != expected.issuer)
        return refused(
            Error(ErrorCode::IssuerMismatch,
                  issuer->isEmpty() ? u"the redirect does not name its issuer"_s : u"the redirect comes from another issuer"_s));
    if (!error->isEmpty())
        return refused(errorOf(*error, query.queryItemValue(u"error_description"_s, QUrl::FullyDecoded)));
    if (code->isEmpty())
        return refused(Error(ErrorCode::InvalidResponse, u"the redirect carries neither a code nor an error"_s));
    return {LoopbackVerdict::Kind::Accepted, 0, {}, Secret::take(code->toUtf8())};
}

QByteArray bytesOf(beast::string_view text)
{
    return {text.data(), qsizetype(text.size())};
}

// RFC 9112 section 3.2: exactly one "Host".
bool isHost(const http::request<http::empty_body> &request, const QString &expected)
{
    return expected.isEmpty()
        || (request.count(http::field::host) == 1 && bytesOf(request[http::field::host]).toLower() == expected.toLatin1());
}

LoopbackVerdict judgeHead(const http::request<http::empty_body> &request, const ExpectedRedirect &expected)
{
    if (request.version() != 10 && request.version() != 11)
        return stray(400);
    if (request.method() != http::verb::get)
        return stray(405);
    const QByteArray target = bytesOf(request.target());
    if (!target.startsWith('/'))
        return stray(400);
    const qsizetype mark = target.indexOf('?');
    if (mark < 0 || target.first(mark) != expected.path.toUtf8())
        return stray(404);
    if (!isHost(request, expected.host))
        return stray(400);
    // Forms may write a space as plus; QUrlQuery leaves that alone.
    QByteArray text = target.sliced(mark + 1);
    text.replace('+', "%20");
    return judgeQuery(QUrlQuery(QString::fromUtf8(text)), expected);
}

} // namespace

LoopbackVerdict judgeRedirect(const QUrl &received, const QUrl &registered, const ExpectedRedirect &expected)
{
    const auto bare = [](const QUrl &url) { return url.adjusted(QUrl::RemoveQuery | QUrl::RemoveFragment); };
    if (received.toEncoded().size() > kLargestLoopbackRequest)
        return stray(431);
    if (bare(received) != bare(registered) || !received.hasQuery())
        return stray(404);
    QString text = received.query(QUrl::FullyEncoded);
    text.replace(u'+', "%20"_L1);
    return judgeQuery(QUrlQuery(text), expected);
}

LoopbackVerdict judgeLoopbackRequest(QByteArrayView received, const ExpectedRedirect &expected)
{
    const qsizetype end = received.indexOf(QByteArrayView("\r\n\r\n"));
    if (end > kLargestLoopbackRequest || (end < 0 && received.size() > kLargestLoopbackRequest))
        return stray(431);
    if (end < 0)
        return {};
    const QByteArrayView head = received.first(end + 4);
    http::request_parser<http::empty_body> parser;
    parser.header_limit(std::uint32_t(head.size() + 1));
    beast::error_code error;
    parser.put(boost::asio::const_buffer(head.data(), std::size_t(head.size())), error);
    const bool isRead = !error || error == http::error::need_more; // of a body, which nobody wants
    return isRead && parser.is_header_done() ? judgeHead(parser.get(), expected) : stray(400);
}

QByteArray loopbackAnswer(const LoopbackVerdict &verdict)
{
    QByteArray status = "200 OK";
    QByteArray page;
    switch (verdict.kind) {
    case LoopbackVerdict::Kind::Accepted:
        page = "<h1>You are signed in</h1><p>You can close this page and go back to the application.</p>";
        break;
    case LoopbackVerdict::Kind::Refused:
        page = "<h1>The sign-in did not succeed</h1><p>Go back to the application; it says why.</p>";
        break;
    default:
        status = QByteArray::number(verdict.status ? verdict.status : 404) + " Refused";
        page = "<h1>Nothing is here</h1>";
        break;
    }
    const QByteArray body = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign-in</title>"
                            "<style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32rem;"
                            "padding:0 1rem;color-scheme:light dark}</style></head><body>"
        + page + "</body></html>";
    return "HTTP/1.1 " + status
        + "\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
          "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n"
          "X-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: "
        + QByteArray::number(body.size()) + "\r\n\r\n" + body;
}

} // namespace Watchword
