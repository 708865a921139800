// SPDX-License-Identifier: Apache-2.0
#include "command.h"
#include "watchword/core/internal/futures.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTimer>

#include <functional>

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
        if (form.url.scheme() != "https"_L1 && form.url.scheme() != "wss"_L1)
            return Error(ErrorCode::InsecureTransport,
                         u"--headers needs https:// or wss://: a token does not travel in plain text"_s)
                .withRemedy(u"Use the https:// or wss:// URL of the service."_s);
    }
    return form;
}

using Answered = std::function<void(const Result<AccessToken> &)>;

// What is missing at \a token, by the clock that the session corrected: the one that expiresAt was made with.
std::optional<Error> whyTooShort(const AccessToken &token, Duration valid, const Session &session)
{
    const std::chrono::seconds ahead(session.explainJson().value("clock"_L1)["error_s"_L1].toInteger());
    const WallTime now = Clock::system().wallNow() - ahead;
    if (token.isValidAt(now, valid))
        return {};
    const auto left = std::chrono::floor<std::chrono::seconds>(*token.expiresAt - now);
    const auto asked = std::chrono::duration_cast<std::chrono::seconds>(valid);
    return Error(ErrorCode::InvalidArgument,
                 u"the newest token is valid for %1 s, and --min-valid asks for %2 s"_s.arg(left.count()).arg(asked.count()))
        .withRemedy(u"Ask for less than the provider's tokens last, or have it issue tokens that last longer."_s);
}

// A session hands out what is left of a short-lived token, too. Then it has to get a new one.
void requestLasting(Session &session, const TokenRequest &request, const Answered &done)
{
    whenDone(session.requestToken(request), &session, [&session, request, done](const Result<AccessToken> &token) {
        if (!token || !whyTooShort(*token, request.minimumValidity, session))
            return done(token);
        TokenRequest newer = request;
        newer.reason = TokenRequest::Reason::Rejected;
        newer.rejectedFingerprint = token->value.fingerprint();
        whenDone(session.requestToken(newer), &session, [&session, newer, done](const Result<AccessToken> &next) {
            const std::optional<Error> why = next ? whyTooShort(*next, newer.minimumValidity, session) : std::nullopt;
            done(why ? Result<AccessToken>(*why) : next);
        });
    });
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
    parser.addOption({u"min-valid"_s,
                      u"How long it has to be valid at least: it is refreshed before that, and if the provider gives none that "
                      "lasts so long, this fails. Without the option: refreshed 30s before its end, if its life is longer."_s,
                      u"duration"_s});
    parser.addOption({u"timeout"_s, u"How long to wait for keychain and provider."_s, u"duration"_s, u"30s"_s});
    if (const std::optional<int> end = parse(parser, u"token"_s, arguments))
        return *end;
    const bool json = parser.isSet(u"json"_s);
    const bool isDemanded = parser.isSet(u"min-valid"_s);
    const auto valid = isDemanded ? durationOf(parser.value(u"min-valid"_s)) : std::optional<Duration>(30'000);
    const auto timeout = durationOf(parser.value(u"timeout"_s));
    if (!valid || !timeout)
        return usage(u"a duration is a number with ms, s, min or h"_s);
    const Result<Form> form = formOf(parser);
    if (!form)
        return misuse(form.error(), json);
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
    const auto finish = [&](const Result<AccessToken> &token) {
        QCoreApplication::exit(token ? print(*token, *form, json) : report(token.error(), json));
    };
    if (isDemanded)
        requestLasting(session, request, finish);
    else
        whenDone(session.requestToken(request), &session, finish);
    QTimer::singleShot(*timeout, &session, [&] {
        const bool keychain = session.state() == Session::State::KeychainWaiting;
        QCoreApplication::exit(report(keychain ? session.stateReason() : Error(ErrorCode::Timeout, u"no token in time"_s), json));
    });
    interruptOnSignals();
    return QCoreApplication::exec();
}

} // namespace Watchword::Tool
