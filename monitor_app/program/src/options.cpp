// SPDX-License-Identifier: Apache-2.0
#include "monitor/program/options.h"

#include <QCommandLineParser>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

void addOptions(QCommandLineParser &parser)
{
    parser.setApplicationDescription(QCoreApplication::translate(
        "Monitor::Options", "Watches the live connections, tokens and audit events of a Watchword gateway."));
    const auto add = [&parser](const QString &name, const QString &words, const QString &value = {}) {
        parser.addOption(value.isEmpty() ? QCommandLineOption(name, words) : QCommandLineOption(name, words, value));
    };
    add(u"demo"_s, u"Start a throw-away gateway and 200 clients and watch them."_s);
    add(u"demo-info"_s, u"Watch a demo that runs already; FILE has the JSON line it printed."_s, u"FILE"_s);
    add(u"server"_s, u"Gateway, as wss://host:port."_s, u"URL"_s);
    add(u"issuer"_s, u"OpenID provider that signs you in."_s, u"URL"_s);
    add(u"client-id"_s, u"Name of this program at the provider."_s, u"ID"_s);
    add(u"sign-in"_s, u"automatic, browser, or device: with a code on another device, for example over SSH."_s, u"NAME"_s);
    add(u"resource"_s, u"Resource indicator for the provider (RFC 8707)."_s, u"URL"_s);
    add(u"ca"_s, u"PEM file of a private certificate authority."_s, u"FILE"_s);
    add(u"open"_s,
        u"Open and follow an audit file (JSON lines, also .gz and .zst), - for standard input, or a wss:// address that sends "
        "CloudEvents."_s,
        u"FILE"_s);
    add(u"mapping"_s, u"TOML table that says what the members of another program's log mean."_s, u"FILE"_s);
    add(u"page"_s, u"First page: overview, connections, tokens, audit, alerts or posture."_s, u"NAME"_s);
    add(u"theme"_s, u"system, light, dark or high-contrast."_s, u"NAME"_s);
    add(u"language"_s, u"de or en; without it the language of the system."_s, u"NAME"_s);
    add(u"size"_s, u"Size of the window, as 1440x900."_s, u"WxH"_s);
    add(u"screenshot"_s, u"Wait for data, write the page as PNG (into a folder: all pages) and end."_s, u"PATH"_s);
    add(u"help"_s, u"Show this text."_s);
    add(u"version"_s, u"Show the version."_s);
    parser.addPositionalArgument(u"file"_s, u"An audit file to open, as with --open."_s, u"[file]"_s);
}

Watchword::Error wrong(const QString &text)
{
    return Watchword::Error(Watchword::ErrorCode::InvalidArgument, text);
}

std::optional<Theme::Choice> themeOf(const QString &name)
{
    if (name == "system"_L1)
        return Theme::Choice::System;
    if (name == "light"_L1)
        return Theme::Choice::Light;
    if (name == "dark"_L1)
        return Theme::Choice::Dark;
    if (name == "high-contrast"_L1)
        return Theme::Choice::HighContrast;
    return {};
}

std::optional<Watchword::SignInRoute> routeOf(const QString &name)
{
    using Watchword::SignInRoute;
    if (name == "automatic"_L1)
        return SignInRoute::Automatic;
    if (name == "browser"_L1)
        return SignInRoute::Browser;
    if (name == "device"_L1)
        return SignInRoute::Device;
    return {};
}

QSize sizeOf(const QString &text)
{
    const QStringList parts = text.split(u'x');
    bool wideOk = false;
    bool tallOk = false;
    const QSize size(parts.value(0).toInt(&wideOk), parts.value(1).toInt(&tallOk));
    return parts.size() == 2 && wideOk && tallOk ? size : QSize();
}

Watchword::Result<Options> readLook(const QCommandLineParser &parser, Options options)
{
    if (parser.isSet(u"page"_s)) {
        options.page = pageNamed(parser.value(u"page"_s));
        if (!options.page)
            return wrong(u"--page must be overview, connections, tokens, audit, alerts or posture, not \"%1\""_s.arg(
                parser.value(u"page"_s)));
    }
    if (parser.isSet(u"theme"_s)) {
        options.theme = themeOf(parser.value(u"theme"_s));
        if (!options.theme)
            return wrong(u"--theme must be system, light, dark or high-contrast, not \"%1\""_s.arg(parser.value(u"theme"_s)));
    }
    if (parser.isSet(u"size"_s)) {
        options.size = sizeOf(parser.value(u"size"_s));
        if (options.size.width() < 320 || options.size.height() < 240 || options.size.width() > 16384
            || options.size.height() > 16384)
            return wrong(u"--size must be like 1440x900, not \"%1\""_s.arg(parser.value(u"size"_s)));
    }
    if (parser.isSet(u"language"_s)) {
        options.language = parser.value(u"language"_s);
        if (options.language != "de"_L1 && options.language != "en"_L1)
            return wrong(u"--language must be de or en, not \"%1\""_s.arg(options.language));
    }
    options.screenshot = parser.value(u"screenshot"_s);
    return options;
}

} // namespace

QString helpText()
{
    QCommandLineParser parser;
    addOptions(parser);
    return parser.helpText();
}

Watchword::Result<Options> parseOptions(const QStringList &arguments)
{
    QCommandLineParser parser;
    addOptions(parser);
    if (!parser.parse(arguments))
        return wrong(parser.errorText());
    const QStringList files = parser.positionalArguments(); // desktops give the file alone
    if (files.size() > 1 || (!files.isEmpty() && parser.isSet(u"open"_s)))
        return wrong(u"one file can be opened, not also \"%1\""_s.arg(files.last()));
    Options options;
    options.demo = parser.isSet(u"demo"_s);
    options.demoInfo = parser.value(u"demo-info"_s);
    options.openFile = files.isEmpty() ? parser.value(u"open"_s) : files.first();
    options.mapping = parser.value(u"mapping"_s);
    options.server.server = QUrl(parser.value(u"server"_s));
    options.server.issuer = QUrl(parser.value(u"issuer"_s));
    options.server.clientId = parser.value(u"client-id"_s);
    options.server.authorityFile = parser.value(u"ca"_s);
    options.resource = QUrl(parser.value(u"resource"_s));
    if (parser.isSet(u"sign-in"_s)) {
        const auto route = routeOf(parser.value(u"sign-in"_s));
        if (!route)
            return wrong(u"--sign-in must be automatic, browser or device, not \"%1\""_s.arg(parser.value(u"sign-in"_s)));
        options.route = *route;
    }
    const int sources = int(options.demo) + int(!options.demoInfo.isEmpty()) + int(!options.openFile.isEmpty())
        + int(!options.server.server.isEmpty());
    if (sources > 1)
        return wrong(u"only one of --demo, --demo-info, --server and --open can be watched"_s);
    if (!options.server.server.isEmpty()) {
        if (options.server.server.scheme() != "wss"_L1 || options.server.server.host().isEmpty())
            return wrong(u"--server must be a wss:// address"_s);
        if (options.server.issuer.scheme() != "https"_L1 || options.server.clientId.isEmpty())
            return wrong(u"--server also needs --issuer https://... and --client-id"_s);
    }
    if (parser.isSet(u"screenshot"_s) && !options.hasSource())
        return wrong(u"--screenshot needs data: add --demo, --demo-info, --server or --open"_s);
    return readLook(parser, std::move(options));
}

} // namespace Monitor
