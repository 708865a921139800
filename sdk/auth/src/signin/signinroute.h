// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "provider/discovery.h"
#include "watchword/auth/sessionoptions.h"
#include "watchword/core/testexport.h"

namespace Watchword {

/*! What can be found out about this machine and the provider before a sign-in. */
struct RouteFacts
{
    bool hasDisplay = true; //!< A graphical session that a browser could open in.
    bool isRemoteShell = false; //!< SSH: a browser here would not be before the person.
    bool hasOpener = true; //!< A program that opens the system's browser, or the application's own function.
    bool opensByItself = false; //!< The application's own function: it knows better than any probe.
    bool offersDeviceFlow = false;
    bool hasPrivateUseRedirect = false;
};

//! Looks at the environment, not at the network.
WATCHWORD_TEST_EXPORT RouteFacts probeRoute(const SessionOptions &options, const ProviderMetadata &metadata);

/*!
    Never Automatic. A wish is obeyed, or answered with what is missing. By itself: the browser with a loopback redirect
    where a browser can be seen, else the device flow, else the browser all the same, whose link can be copied.
*/
WATCHWORD_TEST_EXPORT Result<SignInRoute> chooseRoute(SignInRoute wanted, const RouteFacts &facts);

} // namespace Watchword
