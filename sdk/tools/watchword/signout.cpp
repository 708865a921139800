// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <QCoreApplication>
#include <QTimer>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

int runSignOut(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Forgets the tokens of an account here, then revokes them at the provider."_s);
    parser.addOption({u"account"_s, u"The account; else the last one used."_s, u"name"_s});
    if (const std::optional<int> end = parse(parser, u"sign-out"_s, arguments))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    Result<Accounts> accounts = Accounts::load();
    if (!accounts)
        return report(accounts.error(), json);
    const std::optional<Account> account = accounts->find(parser.value(u"account"_s));
    if (!account)
        return report(Error(ErrorCode::SignedOut, u"there is no such account here"_s), json);
    const Result<QList<QSslCertificate>> authorities = certificatesIn(account->certificateAuthority);
    if (!authorities)
        return report(authorities.error(), json);

    Session session(sessionOptions(*account, *authorities));
    const auto done = [&] {
        accounts.value().remove(account->name);
        const Result<void> saved = accounts->save();
        if (saved && !json)
            printLine("Signed out.");
        QCoreApplication::exit(saved ? int(Done) : report(saved.error(), json));
    };
    QObject::connect(&session, &Session::signedOut, &session, done);
    QObject::connect(&session, &Session::stateChanged, &session, [&](Session::State state) {
        if (state == Session::State::KeychainWaiting)
            QCoreApplication::exit(std::max(report(session.stateReason(), json), int(Storage)));
        else if (state == Session::State::SignedOut || state == Session::State::NeedsSignIn)
            QTimer::singleShot(0, &session, done); // nothing was stored any more
        else if (state != Session::State::Restoring)
            session.signOut();
    });
    quitOnSignals();
    QTimer::singleShot(0, &session, [&session] { session.start(); });
    QTimer::singleShot(30s, &session, [json] {
        QCoreApplication::exit(report(Error(ErrorCode::Timeout, u"signing out took too long"_s), json));
    });
    return QCoreApplication::exec();
}

} // namespace Watchword::Tool
