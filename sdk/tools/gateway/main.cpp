// SPDX-License-Identifier: Apache-2.0
#include "demo.h"
#include "failure.h"
#include "newpassword.h"
#include "unixsignals.h"
#include "users.h"
#include "watchword/core/log.h"
#include "watchword/core/memorydump.h"
#include "watchword/gateway/gateway.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QJsonDocument>

#include <openssl/crypto.h>

#include <algorithm>
#include <cstdio>

#ifdef Q_OS_UNIX
#include <sys/resource.h>
#endif

using namespace Qt::StringLiterals;
using namespace Watchword;
using Watchword::Tools::fail;

namespace {

struct CommandLine
{
    QCommandLineOption config{u"config"_s, u"Run with this configuration file; SIGHUP reads it anew."_s, u"FILE"_s};
    QCommandLineOption check{
        u"check-config"_s, u"Check this configuration file and the files that it names, and end: 0 if all is good."_s, u"FILE"_s};
    QCommandLineOption demo{
        u"demo"_s,
        u"Run with made-up users and a throw-away certificate; prints one JSON line. Nothing stays, but see --state."_s};
    QCommandLineOption port{u"port"_s,
                            u"With --demo: the port; 0, the default, takes a free one, or with --state the one of before."_s,
                            u"N"_s, u"0"_s};
    QCommandLineOption lifetime{u"access-token-lifetime"_s, u"With --demo: how long access tokens are valid, in seconds."_s,
                                u"S"_s, u"60"_s};
    QCommandLineOption users{u"users"_s, u"With --demo: how many."_s, u"N"_s, u"200"_s};
    QCommandLineOption state{
        u"state"_s,
        u"With --demo: keep authority, ports, users, sessions and audit log in this folder, so that they are "
        "the same after a restart. It is made if it is missing, and readable by you only."_s,
        u"DIR"_s};
    QCommandLineOption hash{
        u"hash-password"_s,
        u"Read a password of at least 8 characters from the terminal or from standard input, print its hash and end."_s};
};

int usage(const QString &text)
{
    return Tools::usage(text,
                        "--config FILE | --check-config FILE | --demo [options] | --hash-password | user ...\n"
                        "Try watchword-gateway --help.");
}

std::optional<int> numberOf(const QCommandLineParser &parser, const QCommandLineOption &option, int least, int most)
{
    bool isNumber = false;
    const int value = parser.value(option).toInt(&isNumber);
    if (!isNumber || value < least || value > most)
        return {};
    return value;
}

int hashFromInput()
{
    const Result<QString> hash = Tools::hashOfNewPassword();
    if (!hash)
        return fail(hash.error());
    std::printf("%s\n", qPrintable(*hash));
    return 0;
}

void setLogLevel(const QString &level)
{
    static const QHash<QString, QString> rules{
        {u"debug"_s, u"watchword.*=true"_s},
        {u"info"_s, u"watchword.*.debug=false"_s},
        {u"warning"_s, u"watchword.*.debug=false\nwatchword.*.info=false"_s},
        {u"error"_s, u"watchword.*.debug=false\nwatchword.*.info=false\nwatchword.*.warning=false"_s}};
    QLoggingCategory::setFilterRules(rules.value(level));
}

// Every connection is an open file, and most shells start programs with a limit of 1024; the hard limit is the machine's.
void raiseDescriptorLimit()
{
#ifdef Q_OS_UNIX
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        constexpr rlim_t kMostElsewhere = 10'240; // macOS says there is no limit, and refuses more than its OPEN_MAX
        limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? std::max(limit.rlim_cur, kMostElsewhere) : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
#endif
}

// Runs until a signal ends it. \a ready is called once the gateway listens.
int run(const Gateway::GatewayConfig &config, const QString &configFile,
        const std::function<void(const Gateway::Gateway &)> &ready)
{
    const Result<std::shared_ptr<Gateway::Gateway>> created = Gateway::Gateway::create(config);
    if (!created)
        return fail(created.error());
    Gateway::Gateway &gateway = **created;
    raiseDescriptorLimit();
    Tools::UnixSignals signals_;
    if (const Result<void> started = gateway.start(); !started)
        return fail(started.error());
    QObject::connect(&signals_, &Tools::UnixSignals::terminated, &gateway, [&gateway] { gateway.stop(); });
    QObject::connect(&gateway, &Gateway::Gateway::stopped, qApp, &QCoreApplication::quit, Qt::QueuedConnection);
    QObject::connect(&signals_, &Tools::UnixSignals::hungUp, &gateway, [&gateway, &config, configFile] {
        const Result<Gateway::GatewayConfig> next =
            configFile.isEmpty() ? Result<Gateway::GatewayConfig>(config) : Gateway::GatewayConfig::fromFile(configFile);
        const Result<void> done = next ? gateway.reload(*next) : Result<void>(next.error());
        if (!done) {
            fail(done.error());
            return;
        }
        if (!configFile.isEmpty())
            setLogLevel(next->logLevel);
        std::fprintf(stderr, "watchword-gateway: reloaded\n");
    });
    ready(gateway);
    return QCoreApplication::exec();
}

int runDemo(const QCommandLineParser &parser, const CommandLine &line)
{
    const auto port = numberOf(parser, line.port, 0, 65535);
    const auto lifetime = numberOf(parser, line.lifetime, 1, 86'400);
    const auto users = numberOf(parser, line.users, 1, 10'000);
    if (!port || !lifetime || !users)
        return usage(u"--port, --access-token-lifetime and --users take a number"_s);
    if (parser.isSet(line.state) && parser.value(line.state).isEmpty())
        return usage(u"--state takes a folder"_s);
    Tools::DemoOptions options;
    if (*port != 0)
        options.port = quint16(*port);
    options.stateFolder = parser.value(line.state);
    options.accessTokenLifetime = std::chrono::seconds(*lifetime);
    options.users = *users;
    Tools::Demo demo;
    if (const Result<void> prepared = demo.prepare(options); !prepared)
        return fail(prepared.error());
    return run(demo.config(), {}, [&demo](const Gateway::Gateway &gateway) {
        if (const Result<void> kept = demo.keepPorts(gateway.port(), quint16(gateway.issuerUrl().port())); !kept)
            fail(kept.error()); // this demo works; the next one may have other ports
        if (const Result<void> kept = demo.keepSigningKey(); !kept)
            fail(kept.error());
        const QByteArray ready = QJsonDocument(demo.readyLine(gateway.url(), gateway.issuerUrl())).toJson(QJsonDocument::Compact);
        std::printf("%s\n", ready.constData());
        std::fflush(stdout);
    });
}

int runConfigured(const QString &file)
{
    const Result<Gateway::GatewayConfig> config = Gateway::GatewayConfig::fromFile(file);
    if (!config)
        return fail(config.error());
    setLogLevel(config->logLevel);
    return run(*config, file, [](const Gateway::Gateway &gateway) {
        std::fprintf(stderr, "watchword-gateway: listening on %s\n", qPrintable(gateway.url().toString()));
        std::printf("READY %s\n", qPrintable(gateway.url().toString())); // for whoever waits for it
        std::fflush(stdout);
    });
}

} // namespace

int main(int argc, char *argv[])
{
    forbidMemoryDumps();
    // A thread of QNetworkAccessManager may still end while the process does: OpenSSL has to be there until then.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
    // Qt's own event dispatcher: nothing here needs GLib's, which takes 35 of 750 us of processor time for an upgrade.
    qputenv("QT_NO_GLIB", "1");
    QCoreApplication app(argc, argv);
    QCoreApplication::setApplicationName(u"watchword-gateway"_s);
    QCoreApplication::setApplicationVersion(QStringLiteral(WATCHWORD_VERSION));
    if (app.arguments().value(1) == "user"_L1)
        return Tools::runUser(app.arguments().mid(2));
    const CommandLine line;
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Validates, limits and audits WebSocket connections, and stands in front of servers. "
                                     u"\"user\" keeps the users of its own "
                                     "issuer; see watchword-gateway user --help."_s);
    parser.addOption({{u"h"_s, u"help"_s}, u"Show this text."_s});
    parser.addOption({{u"v"_s, u"version"_s}, u"Show the version."_s});
    parser.addOptions({line.config, line.check, line.demo, line.port, line.lifetime, line.users, line.state, line.hash});
    if (!parser.parse(app.arguments()))
        return usage(parser.errorText());
    if (parser.isSet(u"help"_s))
        parser.showHelp(0);
    if (parser.isSet(u"version"_s))
        parser.showVersion();
    const int modes = int(parser.isSet(line.config)) + int(parser.isSet(line.check)) + int(parser.isSet(line.demo))
        + int(parser.isSet(line.hash));
    if (modes != 1 || !parser.positionalArguments().isEmpty())
        return usage(u"give exactly one of --config, --check-config, --demo and --hash-password"_s);
    for (const QCommandLineOption &option : {line.port, line.lifetime, line.users, line.state}) {
        if (parser.isSet(option) && !parser.isSet(line.demo))
            return usage(u"--%1 goes with --demo"_s.arg(option.names().constFirst()));
    }
    if (parser.isSet(line.hash))
        return hashFromInput();
    if (parser.isSet(line.demo))
        return runDemo(parser, line);
    if (parser.isSet(line.config))
        return runConfigured(parser.value(line.config));
    const Result<Gateway::GatewayConfig> config = Gateway::GatewayConfig::fromFile(parser.value(line.check));
    if (!config)
        return fail(config.error());
    if (const Result<void> files = Gateway::Gateway::checkFiles(*config); !files)
        return fail(files.error());
    std::printf("%s is good\n", qPrintable(parser.value(line.check)));
    return 0;
}
