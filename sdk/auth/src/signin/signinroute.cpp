// SPDX-License-Identifier: Apache-2.0
#include "signin/signinroute.h"

#include "signin/browser.h"

namespace Watchword {

using namespace Qt::StringLiterals;

RouteFacts probeRoute(const SessionOptions &options, const ProviderMetadata &metadata)
{
    RouteFacts facts;
    facts.opensByItself = bool(options.openBrowser);
    facts.hasOpener = facts.opensByItself || hasSystemBrowser();
#if !defined(Q_OS_WIN) && !defined(Q_OS_MACOS)
    facts.hasDisplay = !qEnvironmentVariableIsEmpty("DISPLAY") || !qEnvironmentVariableIsEmpty("WAYLAND_DISPLAY");
#endif
    facts.isRemoteShell = !qEnvironmentVariableIsEmpty("SSH_CONNECTION");
    facts.offersDeviceFlow = !metadata.deviceAuthorizationEndpoint.isEmpty();
    facts.hasPrivateUseRedirect = !options.privateUseRedirect.isEmpty();
    return facts;
}

Result<SignInRoute> chooseRoute(SignInRoute wanted, const RouteFacts &facts)
{
    switch (wanted) {
    case SignInRoute::Browser:
        return wanted;
    case SignInRoute::Device:
        if (!facts.offersDeviceFlow)
            return Error(ErrorCode::InvalidRequest, u"the provider has no device authorization endpoint (RFC 8628)"_s)
                .withRemedy(u"Sign in by a browser, or ask the provider's administrator to switch the device flow on."_s);
        return wanted;
    case SignInRoute::PrivateUseScheme:
        if (!facts.hasPrivateUseRedirect)
            return Error(ErrorCode::InvalidArgument, u"there is no private-use redirect URI"_s)
                .withRemedy(u"Set SessionOptions::privateUseRedirect to the redirect URI that the provider knows."_s);
        return wanted;
    case SignInRoute::Automatic:
        break;
    }
    const bool browserIsSeen = facts.opensByItself || (facts.hasDisplay && !facts.isRemoteShell && facts.hasOpener);
    if (!browserIsSeen && facts.offersDeviceFlow)
        return SignInRoute::Device;
    return SignInRoute::Browser;
}

} // namespace Watchword
