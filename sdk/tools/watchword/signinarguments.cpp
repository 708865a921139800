// SPDX-License-Identifier: Apache-2.0
#include "signinarguments.h"

#include "command.h"

#include <QFileInfo>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

namespace {

Error wrong(const QString &what)
{
    return Error(ErrorCode::ConfigInvalid, what);
}

Result<Account> readAccount(const QCommandLineParser &parser)
{
    Account account;
    account.issuer = QUrl(parser.value(u"issuer"_s), QUrl::StrictMode);
    account.clientId = parser.value(u"client-id"_s);
    account.name = parser.value(u"account"_s);
    account.scopes = parser.value(u"scope"_s).split(u' ', Qt::SkipEmptyParts);
    account.resource = QUrl(parser.value(u"resource"_s), QUrl::StrictMode);
    account.lifetimeFromJwt = parser.isSet(u"lifetime-from-jwt"_s);
    if (parser.isSet(u"dpop"_s))
        account.binding = TokenBinding::Required;
    else if (parser.isSet(u"dpop-when-offered"_s))
        account.binding = TokenBinding::WhenOffered;
    if (parser.isSet(u"ca"_s))
        account.certificateAuthority = QFileInfo(parser.value(u"ca"_s)).absoluteFilePath();
    if (parser.isSet(u"passphrase-file"_s)) {
        account.passphraseFile = QFileInfo(parser.value(u"passphrase-file"_s)).absoluteFilePath();
        if (const Result<Secret> passphrase = secretIn(account.passphraseFile); !passphrase)
            return passphrase.error();
    }
    if (account.issuer.scheme() != "https"_L1 || account.issuer.host().isEmpty())
        return wrong(u"--issuer needs an https URL"_s);
    if (account.clientId.isEmpty())
        return wrong(u"--client-id is needed"_s);
    if (account.name.isEmpty())
        return wrong(u"--account needs a name"_s);
    if (parser.isSet(u"resource"_s) && (account.resource.scheme().isEmpty() || account.resource.hasFragment()))
        return wrong(u"--resource needs an absolute URL without a fragment (RFC 8707 section 2)"_s);
    return account;
}

Result<void> readRedirect(const QCommandLineParser &parser, SignInArguments &arguments)
{
    const QStringList ports = parser.values(u"redirect-port"_s);
    for (const QString &text : ports) {
        bool isNumber = false;
        const uint port = text.toUInt(&isNumber);
        if (!isNumber || port < 1 || port > 65535)
            return wrong(u"--redirect-port is a number from 1 to 65535"_s);
        arguments.redirectPorts.append(quint16(port));
    }
    arguments.redirectPath = parser.value(u"redirect-path"_s);
    if (!arguments.redirectPath.startsWith(u'/'))
        return wrong(u"--redirect-path begins with \"/\""_s);
    return {};
}

Result<void> readRequest(const QCommandLineParser &parser, SignInArguments &arguments)
{
    const QStringList parameters = parser.values(u"parameter"_s);
    for (const QString &text : parameters) {
        const qsizetype equals = text.indexOf(u'=');
        if (equals < 1)
            return wrong(u"--parameter is NAME=VALUE"_s);
        arguments.extraParameters.append({text.first(equals), text.mid(equals + 1)});
    }
    static const QHash<QString, PushedAuthorization> pushed{{u"when-required"_s, PushedAuthorization::WhenRequired},
                                                            {u"when-offered"_s, PushedAuthorization::WhenOffered},
                                                            {u"always"_s, PushedAuthorization::Always}};
    const auto par = pushed.constFind(parser.value(u"par"_s));
    if (par == pushed.constEnd())
        return wrong(u"--par is when-required, when-offered or always"_s);
    arguments.pushedAuthorization = *par;
    arguments.strength.acrValues = parser.value(u"acr"_s).split(u' ', Qt::SkipEmptyParts);
    if (parser.isSet(u"max-age"_s)) {
        const auto age = durationOf(parser.value(u"max-age"_s));
        if (!age)
            return wrong(u"--max-age: a duration is a number with ms, s, min or h"_s);
        arguments.strength.maxAge = std::chrono::duration_cast<std::chrono::seconds>(*age);
    }
    if (arguments.asksForStrength() && !parser.value(u"scope"_s).split(u' ').contains(u"openid"_s))
        return wrong(u"--acr and --max-age need the scope openid: only an ID token says how somebody signed in"_s);
    return {};
}

Result<void> readRoute(const QCommandLineParser &parser, SignInArguments &arguments)
{
    const bool device = parser.isSet(u"device"_s);
    arguments.opensBrowser = !parser.isSet(u"no-browser"_s);
    if (int(device) + int(parser.isSet(u"browser"_s)) + int(!arguments.opensBrowser) > 1)
        return wrong(u"only one of --device, --browser and --no-browser is possible"_s);
    if (device)
        arguments.route = SignInRoute::Device;
    else if (parser.isSet(u"browser"_s) || !arguments.opensBrowser)
        arguments.route = SignInRoute::Browser;
    const auto timeout = durationOf(parser.value(u"timeout"_s));
    if (!timeout || *timeout < std::chrono::seconds(1))
        return wrong(u"--timeout is one second or longer, a number with ms, s, min or h"_s);
    arguments.timeout = std::chrono::duration_cast<std::chrono::seconds>(*timeout);
    return {};
}

} // namespace

void SignInArguments::addOptions(QCommandLineParser &parser)
{
    parser.addOptions({
        {u"issuer"_s, u"The OpenID provider, as it names itself."_s, u"url"_s},
        {u"client-id"_s, u"The public client registered there."_s, u"id"_s},
        {u"account"_s, u"A name for this sign-in."_s, u"name"_s, u"default"_s},
        {u"scope"_s, u"Scopes, separated by spaces."_s, u"scopes"_s, u"openid offline_access"_s},
        {u"resource"_s, u"The service the token is for (RFC 8707)."_s, u"url"_s},
        {u"ca"_s, u"Trusts the certificate authorities in this PEM file too, beside those of the system."_s, u"file"_s},
        {u"passphrase-file"_s,
         u"Keeps the key of the tokens in a file instead of the keychain; the first line of this file opens it. Only you may be "
         "able to read it. All accounts that do so have the same passphrase."_s,
         u"file"_s},
        {u"browser"_s, u"Opens a browser also where none seems to be, as over SSH."_s},
        {u"no-browser"_s, u"Prints the URL instead of opening a browser, and waits for the redirect."_s},
        {u"device"_s, u"Signs in with another device, by a link and a code (RFC 8628)."_s},
        {u"timeout"_s, u"How long the person has."_s, u"duration"_s, u"10min"_s},
        {u"login-hint"_s, u"Who will sign in; the provider fills its form with it."_s, u"name"_s},
        {u"acr"_s, u"How strong the sign-in has to be: acr_values, separated by spaces."_s, u"values"_s},
        {u"max-age"_s, u"How long ago the person may have typed the password; 0 asks again."_s, u"duration"_s},
        {u"parameter"_s, u"One more parameter of the authorization request; may be repeated."_s, u"name=value"_s},
        {u"redirect-port"_s, u"A port of this machine that is registered for the redirect; else any. May be repeated."_s,
         u"port"_s},
        {u"redirect-path"_s, u"The path that is registered for the redirect."_s, u"path"_s, u"/callback"_s},
        {u"par"_s, u"Whether the request is pushed to the provider first (RFC 9126): when-required, when-offered or always."_s,
         u"when"_s, u"when-required"_s},
        {u"dpop"_s, u"Binds the tokens to a key of this account (RFC 9449); see \"watchword token --headers\"."_s},
        {u"dpop-when-offered"_s, u"The same, if the provider offers it."_s},
        {u"lifetime-from-jwt"_s, u"Reads how long a token is valid from the token, if the provider does not say."_s},
    });
}

Result<SignInArguments> SignInArguments::read(const QCommandLineParser &parser)
{
    SignInArguments arguments;
    const Result<Account> account = readAccount(parser);
    if (!account)
        return account.error();
    arguments.account = *account;
    arguments.loginHint = parser.value(u"login-hint"_s);
    for (const auto part : {&readRedirect, &readRequest, &readRoute}) {
        if (const Result<void> done = part(parser, arguments); !done)
            return done.error();
    }
    return arguments;
}

void SignInArguments::applyTo(SessionOptions &options) const
{
    options.loginHint = loginHint;
    options.redirectPorts = redirectPorts;
    options.redirectPath = redirectPath;
    options.pushedAuthorization = pushedAuthorization;
    options.route = route;
    options.signInTimeout = timeout;
    options.extraParameters = extraParameters;
}

} // namespace Watchword::Tool
