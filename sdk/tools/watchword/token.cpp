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

/*! In which form the token is wanted. */
struct Form
{
    bool raw = false;
    QUrl url; // with headers for a request to it
    QByteArray method;
};

void printJson(const AccessToken &token)
{
    QJsonObject object{{"access_token"_L1, QString::fromUtf8(token.value.reveal())},
                       {"token_type"_L1, token.type},
                       {"scope"_L1, token.scopes.join(u' ')},
                       {"subject"_L1, token.subject}};
    if (token.expiresAt)
        object.insert("expires_at"_L1, toRfc3339(*token.expiresAt));
    printLine(QJsonDocument(object).toJson(QJsonDocument::Compact));
}

int printHeaders(const AccessToken &token, const Form &form, bool json)
{
    const Result<RequestHeaders> headers = token.headersFor(form.method, form.url);
    if (!headers)
        return report(headers.error(), json);
    printLine("Authorization: " + headers->authorization.reveal().toByteArray());
    if (!headers->proof.isEmpty())
        printLine("DPoP: " + headers->proof);
    return Done;
}

int print(const AccessToken &token, const Form &form, bool json)
{
    if (!form.url.isEmpty())
        return printHeaders(token, form, json);
    if (form.raw) {
        if (token.proof)
            printNote(u"The token is bound to a key: use --headers, which makes the proof that it needs."_s);
        printLine(token.value.reveal().toByteArray());
    } else {
        printJson(token);
    }
    return Done;
}

Result<Form> formOf(const QCommandLineParser &parser)
{
    Form form;
    form.raw = parser.isSet(u"raw"_s);
    form.method = parser.value(u"method"_s).toUpper().toLatin1();
    if (parser.isSet(u"headers"_s)) {
        form.url = QUrl(parser.value(u"headers"_s), QUrl::StrictMode);
        if (!form.url.isValid() || form.url.host().isEmpty() || form.raw)
            return Error(ErrorCode::ConfigInvalid, u"--headers needs a URL, and does not go with --raw"_s);
    }
    return form;
}

} // namespace

int runToken(const QStringList &arguments)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(u"Prints a valid access token as JSON; refreshes it first if needed."_s);
    parser.addOption({u"account"_s, u"The account; else the last one used."_s, u"name"_s});
    parser.addOption({u"raw"_s, u"Prints the token alone, for use in a header."_s});
    parser.addOption({u"headers"_s,
                      u"Prints the header lines of one request to this URL, with the proof that a bound token "
                      "needs: watchword token --headers URL | curl -H @- URL"_s,
                      u"url"_s});
    parser.addOption({u"method"_s, u"The method of that request."_s, u"method"_s, u"GET"_s});
    parser.addOption({u"min-valid"_s, u"How long it has to be valid at least."_s, u"duration"_s, u"30s"_s});
    parser.addOption({u"timeout"_s, u"How long to wait for keychain and provider."_s, u"duration"_s, u"30s"_s});
    if (const std::optional<int> end = parse(parser, u"token"_s, arguments))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    const auto valid = durationOf(parser.value(u"min-valid"_s));
    const auto timeout = durationOf(parser.value(u"timeout"_s));
    if (!valid || !timeout)
        return usage(u"a duration is a number with ms, s, min or h"_s);
    const Result<Form> form = formOf(parser);
    if (!form)
        return report(form.error(), json);
    const Result<Account> account = accountNamed(parser.value(u"account"_s));
    if (!account)
        return report(account.error(), json);
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
        QCoreApplication::exit(token ? print(*token, *form, json) : report(token.error(), json));
    });
    watcher.setFuture(session.requestToken(request));
    QTimer::singleShot(*timeout, &session, [&] {
        const bool keychain = session.state() == Session::State::KeychainWaiting;
        QCoreApplication::exit(report(keychain ? session.stateReason() : Error(ErrorCode::Timeout, u"no token in time"_s), json));
    });
    quitOnSignals();
    return QCoreApplication::exec();
}

} // namespace Watchword::Tool
