// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <QCoreApplication>
#include <QFutureWatcher>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTimer>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

void print(const AccessToken &token, bool raw)
{
    if (raw) {
        printLine(token.value.reveal().toByteArray());
        return;
    }
    QJsonObject object {{"access_token"_L1, QString::fromUtf8(token.value.reveal())},
                        {"token_type"_L1, token.type},
                        {"scope"_L1, token.scopes.join(u' ')},
                        {"subject"_L1, token.subject}};
    if (token.expiresAt)
        object.insert("expires_at"_L1, toRfc3339(*token.expiresAt));
    printLine(QJsonDocument(object).toJson(QJsonDocument::Compact));
}

} // namespace

int runToken(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Prints a valid access token as JSON; refreshes it first if needed."_s);
    parser.addOption({u"account"_s, u"The account; else the last one used."_s, u"name"_s});
    parser.addOption({u"raw"_s, u"Prints the token alone, for use in a header."_s});
    parser.addOption({u"min-valid"_s, u"How long it has to be valid at least."_s, u"duration"_s, u"30s"_s});
    parser.addOption({u"timeout"_s, u"How long to wait for keychain and provider."_s, u"duration"_s, u"30s"_s});
    if (const std::optional<int> end = parse(parser, u"token"_s, arguments))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    const auto valid = durationOf(parser.value(u"min-valid"_s));
    const auto timeout = durationOf(parser.value(u"timeout"_s));
    if (!valid || !timeout)
        return usage(u"a duration is a number with ms, s, min or h"_s);
    const Result<Accounts> accounts = Accounts::load();
    if (!accounts)
        return report(accounts.error(), json);
    const std::optional<Account> account = accounts->find(parser.value(u"account"_s));
    if (!account) {
        return report(Error(ErrorCode::SignInRequired, u"there is no such account here"_s)
                          .withRemedy(u"Run: watchword sign-in --issuer URL --client-id ID"_s), json);
    }
    const Result<QList<QSslCertificate>> authorities = certificatesIn(account->certificateAuthority);
    if (!authorities)
        return report(authorities.error(), json);

    Session session(sessionOptions(*account, *authorities));
    session.start();
    TokenRequest request;
    request.reason = TokenRequest::Reason::Application;
    request.minimumValidity = *valid;
    QFutureWatcher<Result<AccessToken>> watcher;
    QObject::connect(&watcher, &QFutureWatcherBase::finished, &session, [&] {
        const Result<AccessToken> token = watcher.result();
        if (token)
            print(*token, parser.isSet(u"raw"_s));
        QCoreApplication::exit(token ? int(Done) : report(token.error(), json));
    });
    watcher.setFuture(session.requestToken(request));
    QTimer::singleShot(*timeout, &session, [&] {
        const bool keychain = session.state() == Session::State::KeychainWaiting;
        QCoreApplication::exit(
            report(keychain ? session.stateReason() : Error(ErrorCode::Timeout, u"no token in time"_s), json));
    });
    quitOnSignals();
    return QCoreApplication::exec();
}

} // namespace Watchword::Tool
