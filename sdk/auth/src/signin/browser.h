// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QUrl>

namespace Watchword {

/*!
    Shows \a url in the system's browser, without Qt Gui. An authorization URL may stand in a process list: it holds a
    state and a challenge, and neither is worth anything without the verifier and this process's port.
*/
bool openSystemBrowser(const QUrl &url);
//! Is there anything that openSystemBrowser() could call?
bool hasSystemBrowser();

} // namespace Watchword
