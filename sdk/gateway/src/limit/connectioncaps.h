// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/testexport.h"

#include <QHash>
#include <QString>

#include <memory>

namespace Watchword::Gateway {

/*!
    Counts who holds how many connections of which endpoint. A Slot is one connection: it counts as long as it lives, so
    no path can forget to give it back.
    Threads: one. A Slot may outlive its ConnectionCaps.
*/
class WATCHWORD_TEST_EXPORT ConnectionCaps
{
    struct Counts
    {
        QHash<QString, int> perEndpoint;
        QHash<std::pair<QString, QString>, int> perUser; // of an endpoint
    };

public:
    enum class Refusal { None, EndpointFull, UserFull };

    class WATCHWORD_TEST_EXPORT Slot
    {
    public:
        ~Slot();
        Slot(const Slot &) = delete;
        Slot &operator=(const Slot &) = delete;

    private:
        friend class ConnectionCaps;
        Slot(std::shared_ptr<Counts> counts, QString endpoint, QString user);
        std::shared_ptr<Counts> m_counts;
        QString m_endpoint;
        QString m_user;
    };

    ConnectionCaps();

    //! Counts of 0 are no limit. \a user is issuer and subject.
    Refusal check(const QString &endpoint, const QString &user, int endpointMost, int userMost) const;
    std::shared_ptr<Slot> take(const QString &endpoint, const QString &user);
    int endpointCount(const QString &endpoint) const;
    int userCount(const QString &endpoint, const QString &user) const;

private:
    std::shared_ptr<Counts> m_counts;
};

} // namespace Watchword::Gateway
