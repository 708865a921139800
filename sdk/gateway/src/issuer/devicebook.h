// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "watchword/core/clock.h"
#include "watchword/core/secret.h"
#include "watchword/core/testexport.h"

#include <QHash>
#include <QStringList>

#include <chrono>
#include <optional>

namespace Watchword::Gateway {

/*! What a device asked for, and what became of it (RFC 8628). */
struct DeviceRequest
{
    enum class State { Pending, Allowed, Denied };
    QString userCode; //!< As it is shown: "BDFG-HJKL".
    QString clientId;
    QStringList scopes;
    QString network; //!< Of the device.
    WallTime expires{};
    State state = State::Pending;
    QString subject{}; //!< Who allowed it, and as what.
    QString name{};
    QStringList granted{};
    WallTime authTime{};
};

/*!
    Device authorizations from the device's first question to its tokens. Of device codes only hashes are kept.

    Bounded: kMost, and kMostOfANetwork that wait at once from one network, so that nobody alone keeps others out.
    Threads: reentrant.
*/
class WATCHWORD_TEST_EXPORT DeviceBook
{
public:
    static constexpr qsizetype kMost = 1'000;
    static constexpr int kMostOfANetwork = 20;
    static constexpr std::chrono::seconds kLifetime{600};
    static constexpr std::chrono::seconds kInterval{5}; //!< Between two polls; each that comes too soon makes it longer.

    struct Begun
    {
        Secret deviceCode;
        QString userCode;
    };
    std::optional<Begun> begin(const QString &clientId, const QStringList &scopes, const QString &network, WallTime now);

    //! However it was typed: in lower case, without the hyphen. Only those that still wait for a person.
    std::optional<DeviceRequest> findByUserCode(const QString &typed, WallTime now) const;
    bool allow(const QString &userCode, const QString &subject, const QString &name, const QStringList &granted, WallTime now);
    bool deny(const QString &userCode, WallTime now);

    enum class Poll {
        Unknown, //!< Or of another client.
        Expired,
        TooSoon,
        Pending,
        Denied, //!< The code is forgotten; the next too.
        Allowed
    };
    struct Polled
    {
        Poll poll = Poll::Unknown;
        DeviceRequest request{};
    };
    Polled poll(const Secret &deviceCode, const QString &clientId, WallTime now);
    void forget(WallTime now);
    qsizetype size() const { return m_requests.size(); }

private:
    struct Entry
    {
        DeviceRequest request;
        std::chrono::seconds interval = kInterval;
        std::optional<WallTime> lastPoll{};
    };
    Entry *waiting(const QString &userCode, WallTime now);

    QHash<QByteArray, Entry> m_requests; // by the hash of the device code
    QHash<QString, QByteArray> m_byUserCode; // the hash, by the bare code
};

} // namespace Watchword::Gateway
