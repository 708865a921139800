// SPDX-License-Identifier: Apache-2.0
#include "http/httpmessage.h"

#include "watchword/core/internal/httptime.h"

#include <QJsonDocument>

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

QString decoded(QByteArray text)
{
    text.replace('+', ' ');
    return QString::fromUtf8(QByteArray::fromPercentEncoding(text));
}

bool isSafe(const RequestHead::Header &header)
{
    const auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    const auto isSeparator = [&](char c) { return isControl(c) || c == ' ' || c == ':'; };
    return !header.first.isEmpty() && std::none_of(header.first.begin(), header.first.end(), isSeparator)
        && std::none_of(header.second.begin(), header.second.end(), isControl);
}

} // namespace

FormFields FormFields::parse(QByteArrayView encoded)
{
    FormFields fields;
    for (const QByteArray &pair : encoded.toByteArray().split('&')) {
        if (pair.isEmpty())
            continue;
        const qsizetype equals = pair.indexOf('=');
        fields.m_fields.append(
            {decoded(equals < 0 ? pair : pair.first(equals)), equals < 0 ? QString() : decoded(pair.sliced(equals + 1))});
    }
    return fields;
}

bool FormFields::contains(const QString &name) const
{
    return std::any_of(m_fields.begin(), m_fields.end(), [&](const auto &field) { return field.first == name; });
}

QString FormFields::value(const QString &name) const
{
    const auto found = std::find_if(m_fields.begin(), m_fields.end(), [&](const auto &field) { return field.first == name; });
    return found == m_fields.end() ? QString() : found->second;
}

QStringList FormFields::names() const
{
    QStringList names;
    for (const auto &[name, value] : m_fields)
        names.append(name);
    return names;
}

bool FormFields::hasRepeatedName() const
{
    for (qsizetype i = 0; i < m_fields.size(); ++i) {
        for (qsizetype j = i + 1; j < m_fields.size(); ++j) {
            if (m_fields.at(i).first == m_fields.at(j).first)
                return true;
        }
    }
    return false;
}

std::optional<FormFields> HttpRequest::form() const
{
    const QByteArray type = head.value("Content-Type").split(';').first().trimmed().toLower();
    if (type != "application/x-www-form-urlencoded")
        return std::nullopt;
    return FormFields::parse(body);
}

HttpResponse HttpResponse::json(int status, const QJsonObject &object)
{
    return {.status = status,
            .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
            .body = QJsonDocument(object).toJson(QJsonDocument::Compact)};
}

HttpResponse HttpResponse::page(int status, const QByteArray &html)
{
    // form-action is left out on purpose: browsers apply it to the redirect behind a form too, and that goes to the
    // loopback port or the private scheme of an app.
    return {.status = status,
            .headers = {{"Content-Type", "text/html; charset=utf-8"},
                        {"Cache-Control", "no-store"},
                        {"Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"},
                        // With "no-referrer" a browser would send Origin: null with the page's own form.
                        {"Referrer-Policy", "same-origin"},
                        {"X-Frame-Options", "DENY"}},
            .body = html};
}

HttpResponse HttpResponse::redirect(const QUrl &location)
{
    return {.status = 303, .headers = {{"Location", location.toEncoded()}, {"Cache-Control", "no-store"}}, .body = {}};
}

HttpResponse &HttpResponse::with(const QByteArray &name, const QByteArray &value)
{
    headers.append({name, value});
    return *this;
}

QByteArray HttpResponse::toBytes(bool keepAlive, bool headOnly) const
{
    QByteArray out = "HTTP/1.1 " + QByteArray::number(status) + ' ' + reasonPhrase(status) + "\r\n";
    out += "Date: " + toHttpDate(Clock::system().wallNow()) + "\r\n";
    for (const RequestHead::Header &header : headers) {
        if (isSafe(header))
            out += header.first + ": " + header.second + "\r\n";
    }
    const auto has = [this](const char *name) {
        return std::any_of(headers.begin(), headers.end(),
                           [name](const RequestHead::Header &header) { return header.first == name; });
    };
    out += "X-Content-Type-Options: nosniff\r\n";
    if (!has("Referrer-Policy"))
        out += "Referrer-Policy: no-referrer\r\n";
    out += "Strict-Transport-Security: max-age=31536000\r\n";
    // Who sends Upgrade names it here (RFC 9110 section 7.8).
    out += keepAlive ? "Connection: keep-alive" : "Connection: close";
    out += has("Upgrade") ? ", Upgrade\r\n" : "\r\n";
    out += "Content-Length: " + QByteArray::number(body.size()) + "\r\n\r\n";
    if (!headOnly)
        out += body;
    return out;
}

QByteArray reasonPhrase(int status)
{
    switch (status) {
    case 101:
        return "Switching Protocols";
    case 200:
        return "OK";
    case 204:
        return "No Content";
    case 302:
        return "Found";
    case 303:
        return "See Other";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 426:
        return "Upgrade Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Unknown";
    }
}

} // namespace Watchword::Gateway
