// SPDX-License-Identifier: Apache-2.0
#include "command.h"
#include "watchword/client/supportbundle.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QTimer>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

int finish(const QCommandLineParser &parser, const Session &session)
{
    const bool json = parser.isSet(u"json"_s);
    if (parser.isSet(u"bundle"_s)) {
        SupportBundle bundle;
        bundle.add(session);
        bundle.addNote(u"program"_s, u"watchword "_s + QCoreApplication::applicationVersion());
        const QString path = parser.value(u"bundle"_s);
        if (const Result<void> written = bundle.writeTo(path); !written)
            return report(written.error(), json);
        printNote(u"Wrote %1. It holds no token; read it before you send it."_s.arg(path));
        return Done;
    }
    printLine(json ? QJsonDocument(session.explainJson()).toJson(QJsonDocument::Compact) : session.explain().toUtf8());
    return Done;
}

int explainAccount(const QCommandLineParser &parser, const Account &account, std::chrono::milliseconds timeout)
{
    const Result<QList<QSslCertificate>> authorities = certificatesIn(account.certificateAuthority);
    if (!authorities)
        return report(authorities.error(), parser.isSet(u"json"_s));
    Session session(sessionOptions(account, *authorities));
    // Enough is known when it stopped moving, or when it does not.
    const auto settled = [&session] { return session.state() != Session::State::Restoring; };
    QObject::connect(&session, &Session::stateChanged, &session, [&] {
        if (settled())
            QCoreApplication::exit(Done);
    });
    interruptOnSignals();
    QTimer::singleShot(0, &session, [&] {
        session.start();
        if (settled() && !session.timeline().isEmpty())
            QCoreApplication::exit(Done);
    });
    QTimer::singleShot(timeout, &session, [] { QCoreApplication::exit(Done); });
    if (const int code = QCoreApplication::exec(); code != Done)
        return code;
    return finish(parser, session);
}

} // namespace

int runExplain(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Says how an account stands and why: state, what to do, versions, keychain, clock, "
                                     "and the last events. Tokens appear as fingerprints."_s);
    parser.addOption({u"account"_s, u"The account; else the last one used."_s, u"name"_s});
    parser.addOption({u"bundle"_s, u"Writes a support bundle to this file instead; JSON if it ends in .json."_s, u"file"_s});
    parser.addOption({u"timeout"_s, u"How long to wait for keychain and provider."_s, u"duration"_s, u"10s"_s});
    if (const std::optional<int> end = parse(parser, u"explain"_s, arguments))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    const auto timeout = durationOf(parser.value(u"timeout"_s));
    if (!timeout)
        return usage(u"a duration is a number with ms, s, min or h"_s);
    const Result<Account> account = accountNamed(parser.value(u"account"_s));
    if (!account)
        return report(account.error(), json);
    return explainAccount(parser, *account, *timeout);
}

} // namespace Watchword::Tool
