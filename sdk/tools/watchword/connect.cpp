// SPDX-License-Identifier: Apache-2.0
#include "command.h"
#include "inputlines.h"
#include "watchword/link/connection.h"

#include <QCoreApplication>
#include <QTimer>

#include <string>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

Result<ConnectionOptions> optionsOf(const QCommandLineParser &parser, const Credentials &credentials)
{
    ConnectionOptions options;
    options.url = QUrl(parser.positionalArguments().constFirst(), QUrl::StrictMode);
    options.origin = parser.value(u"origin"_s).toUtf8();
    options.additionalCertificateAuthorities = credentials.authorities();
    options.offerWatchword = !parser.isSet(u"no-watchword"_s);
    options.allowLoopbackPlain = parser.isSet(u"plain-loopback"_s);
    const Result<void> valid = options.validate();
    return valid ? Result<ConnectionOptions>(options) : Result<ConnectionOptions>(valid.error());
}

} // namespace

int runConnect(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Holds an authenticated connection: every line of standard input is a message, "
                                     "every message is a line of standard output."_s);
    Credentials::addOptions(parser);
    parser.addOption({u"origin"_s, u"The Origin to declare."_s, u"origin"_s});
    parser.addOption(
        {u"linger"_s, u"How long to listen after the end of standard input; \"0\" is for ever."_s, u"duration"_s, u"1s"_s});
    parser.addOption(
        {u"no-watchword"_s, u"Offers no subprotocol, so that every message passes untouched: for servers without a gateway."_s});
    parser.addOption({u"plain-loopback"_s, u"Permits ws:// to this machine, for development."_s});
    parser.addPositionalArgument(u"url"_s, u"wss://host/path"_s);
    if (const std::optional<int> end = parse(parser, u"connect"_s, arguments, 1))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    const auto linger = durationOf(parser.value(u"linger"_s));
    if (!linger)
        return usage(u"a duration is a number with ms, s, min or h"_s);
    Credentials credentials;
    if (const Result<void> read = credentials.read(parser); !read)
        return report(read.error(), json);
    const Result<ConnectionOptions> options = optionsOf(parser, credentials);
    if (!options)
        return std::max(report(options.error(), json), int(Usage));

    Connection connection(credentials.tokens(), *options);
    InputLines input;
    bool inputEnded = false;
    const auto finishWhenSent = [&] {
        if (inputEnded && connection.state() == Connection::State::Ready && connection.queuedBytes() == 0 && *linger > 0ms)
            QTimer::singleShot(*linger, &connection, [&connection] { connection.close(); });
    };
    QObject::connect(&input, &InputLines::read, &connection, [&](const QString &line) {
        const Result<void> sent = connection.sendText(line, Connection::Delivery::QueueUntilReady);
        if (!sent)
            report(sent.error(), json);
    });
    QObject::connect(&input, &InputLines::ended, &connection, [&] {
        inputEnded = true;
        finishWhenSent();
    });
    QObject::connect(&connection, &Connection::messageReceived, &connection,
                     [](const QByteArray &message) { printLine(message); });
    QObject::connect(&connection, &Connection::ready, &connection, finishWhenSent);
    QObject::connect(&connection, &Connection::queuedBytesChanged, &connection, finishWhenSent);
    QObject::connect(&connection, &Connection::errorOccurred, &connection, [json](const Error &error) { report(error, json); });
    QObject::connect(&connection, &Connection::closed, &connection, [&](const Error &reason) {
        QCoreApplication::exit(reason.code() == ErrorCode::Cancelled ? int(Done) : exitCodeOf(reason));
    });
    interruptOnSignals([&connection] { connection.close(); });
    connection.open();
    input.start();
    return QCoreApplication::exec();
}

} // namespace Watchword::Tool
