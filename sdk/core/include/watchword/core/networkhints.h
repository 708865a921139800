// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/export.h"

#include <QObject>

namespace Watchword {

/*!
    What the operating system believes about its network. It may be wrong: a machine that is "disconnected" may still reach its
    server through a tunnel, and one that is "online" may not. So these hints stop nothing: without a network a Connection and a
    Session try every few minutes only, when one comes back they try soon, and a live connection is probed and not closed.

    systemNetworkHints() of Watchword::Link is the real one. Derive from this class to test an application's behaviour without
    a network, and give it to ConnectionOptions::networkHints and SessionOptions::networkHints.

    Threads: that of its users. Ownership: borrowed; it must outlive every Connection and Session that uses it.
*/
class WATCHWORD_CORE_EXPORT NetworkHints : public QObject
{
    Q_OBJECT

public:
    explicit NetworkHints(QObject *parent = nullptr);
    ~NetworkHints() override;

    virtual bool isDisconnected() const = 0; //!< True only if it is known that there is no network.
    virtual bool isBehindCaptivePortal() const = 0; //!< A sign-in page stands between this machine and the network.

Q_SIGNALS:
    void changed(); //!< One of the two, or the way to the network (cable, Wi-Fi, mobile).
};

} // namespace Watchword
