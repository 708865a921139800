// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/networkhints.h"

namespace Support {

/*! A network that the test switches. */
class ScriptedHints final : public Watchword::NetworkHints
{
public:
    bool isDisconnected() const override { return disconnected; }
    bool isBehindCaptivePortal() const override { return portal; }
    void set(bool nowDisconnected, bool nowPortal = false)
    {
        disconnected = nowDisconnected;
        portal = nowPortal;
        Q_EMIT changed();
    }
    bool disconnected = false;
    bool portal = false;
};

} // namespace Support
