// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <QUrl>

#include <functional>

QT_BEGIN_NAMESPACE
class QObject;
QT_END_NAMESPACE

namespace Watchword {

//! Is there anything that openSystemBrowser() could call?
WATCHWORD_TEST_EXPORT bool hasSystemBrowser();
/*!
    Shows \a url in the system's browser, without Qt Gui, and says whether there is a program that does. Where that program
    (xdg-open) tells later that it found no browser, \a failed is called once, in the thread of \a context and not after its end.
    What the program writes goes nowhere. It is never ended: it may be the browser itself.

    An authorization URL may stand in a process list: it holds a state and a challenge, and neither is worth anything without the
    verifier and this process's port.
*/
WATCHWORD_TEST_EXPORT bool openSystemBrowser(const QUrl &url, QObject *context, const std::function<void()> &failed);

} // namespace Watchword
