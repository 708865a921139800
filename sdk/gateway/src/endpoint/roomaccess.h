// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"
#include "watchword/gateway/endpointconfig.h"
#include "watchword/gateway/identity.h"

namespace Watchword::Gateway {

/*! Decides by RoomRules who may do what in which room. Pure. Threads: reentrant value. */
class WATCHWORD_TEST_EXPORT RoomAccess
{
public:
    explicit RoomAccess(QList<RoomRule> rules = {});

    bool maySubscribe(const Identity &identity, const QString &room) const;
    bool mayPublish(const Identity &identity, const QString &room) const;
    bool isOpen() const { return m_rules.isEmpty(); } //!< Everybody may everything.

    //! "{sub}" and "{client}" fit the same characters as they are, whatever these are; who has none fits nothing there.
    static bool fits(QStringView pattern, QStringView room, const Identity &identity);

private:
    const RoomRule *ruleFor(const Identity &identity, const QString &room) const;

    QList<RoomRule> m_rules;
};

} // namespace Watchword::Gateway
