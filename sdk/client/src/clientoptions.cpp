// SPDX-License-Identifier: Apache-2.0
#include "watchword/client/clientoptions.h"

#include "watchword/link/networkhints.h"

namespace Watchword {

namespace {

template <typename T>
T setOr(const T &value, const T &otherwise)
{
    return value == T() ? otherwise : value;
}

} // namespace

SessionOptions ClientOptions::sessionOptions() const
{
    SessionOptions session;
    session.issuer = issuer;
    session.clientId = clientId;
    session.scopes = scopes;
    session.resource = resource;
    session.account = account;
    session.applicationId = applicationId;
    session.storage = storage;
    session.storageFolder = storageFolder;
    session.keyStore = keyStore;
    session.askPassphrase = askPassphrase;
    session.certificateAuthorities = certificateAuthorities;
    session.additionalCertificateAuthorities = additionalCertificateAuthorities;
    session.openBrowser = openBrowser;
    session.route = route;
    session.privateUseRedirect = privateUseRedirect;
    session.redirectPorts = redirectPorts;
    session.redirectPath = redirectPath;
    session.loginHint = loginHint;
    session.extraParameters = extraParameters;
    session.pushedAuthorization = pushedAuthorization;
    session.signInTimeout = signInTimeout;
    session.tokenBinding = tokenBinding;
    session.lifetimeFromJwt = lifetimeFromJwt;
    session.destructionGrace = destructionGrace;
    session.allowLoopbackHttp = allowLoopbackHttp;
    session.clock = clock;
    session.random = random;
    session.networkHints = networkHints;
    if (!session.networkHints && (!session.clock || session.clock->runsByItself()))
        session.networkHints = systemNetworkHints(issuer);
    return session.completed();
}

ConnectionOptions ClientOptions::connectionOptions() const
{
    ConnectionOptions link = connection;
    link.url = setOr(connection.url, server);
    link.origin = setOr(connection.origin, origin);
    link.certificateAuthorities = setOr(connection.certificateAuthorities, certificateAuthorities);
    link.additionalCertificateAuthorities = additionalCertificateAuthorities + connection.additionalCertificateAuthorities;
    link.clock = setOr(connection.clock, clock);
    link.random = setOr(connection.random, random);
    link.networkHints = setOr(connection.networkHints, networkHints);
    return link;
}

} // namespace Watchword
