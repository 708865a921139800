// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "limit/sharedrates.h"
#include "watchword/core/closepolicy.h"
#include "watchword/gateway/gatewayconfig.h"
#include "watchword/wire/frame.h"

namespace Watchword::Gateway {

/*! A limit of an endpoint that a client broke. */
struct LimitBreach
{
    QString limit;
    CloseCode code = CloseCode::PolicyViolation;
    qint64 value = 0; //!< 0: not known.
    qint64 most = 0;
    Duration after{};
    bool isHeld = false; //!< The frame waits for after; then RelayMeter::takeHeld().
};

/*! The limits of an endpoint for what one client sends, by the announced lengths. Threads: reentrant. */
class WATCHWORD_TEST_EXPORT RelayMeter
{
public:
    RelayMeter(const EndpointLimits &limits, RateShares shares = {});

    void setLimits(const EndpointLimits &limits, RateShares shares);
    const EndpointLimits &limits() const { return m_limits; }
    std::optional<LimitBreach> take(const Wire::FrameHeader &header, Instant now);
    //! The rates alone: of a frame that take() held back, which is not counted in them yet.
    std::optional<LimitBreach> takeHeld(const Wire::FrameHeader &header, Instant now);

private:
    EndpointLimits m_limits;
    ConnectionRates m_rates;
    quint64 m_messageBytes = 0; // announced so far
    qint64 m_frames = 0; // of the message
};

} // namespace Watchword::Gateway
