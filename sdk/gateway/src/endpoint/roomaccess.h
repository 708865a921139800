// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"
#include "watchword/gateway/endpointconfig.h"
#include "watchword/gateway/identity.h"

#include <QJsonObject>

namespace Watchword::Gateway {

/*! Decides by RoomRules who may do what in which room. Pure. Threads: reentrant value. */
class WATCHWORD_TEST_EXPORT RoomAccess
{
public:
    explicit RoomAccess(QList<RoomRule> rules = {});

    enum class Verdict {
        Allowed,
        Forbidden,
        StepUp //!< With a stronger or fresher sign-in it would be allowed (RFC 9470).
    };
    Verdict maySubscribe(const Identity &identity, const QString &room, WallTime now) const;
    Verdict mayPublish(const Identity &identity, const QString &room, WallTime now) const;
    QJsonObject stepUpMembers(const Identity &identity, const QString &room) const; //!< "acr_values" and "max_age" of the room.
    bool isOpen() const { return m_rules.isEmpty(); } //!< Everybody may everything.

    //! "{sub}" and "{client}" fit the same characters as they are, whatever these are; who has none fits nothing there.
    static bool fits(QStringView pattern, QStringView room, const Identity &identity);

private:
    const RoomRule *ruleFor(const Identity &identity, const QString &room) const;

    QList<RoomRule> m_rules;
};

} // namespace Watchword::Gateway
