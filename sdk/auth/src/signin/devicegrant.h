// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "signin/devicepolling.h"
#include "signin/grantsource.h"

namespace Watchword {

/*! The device flow (RFC 8628): the person signs in with another device, by a code that is shown here. */
class DeviceGrant final : public GrantSource
{
    Q_OBJECT

public:
    explicit DeviceGrant(const SignInContext &context, QObject *parent = nullptr);
    ~DeviceGrant() override;

    void start(const ProviderMetadata &metadata) override;
    bool hasOwnDeadline() const override { return true; }

private:
    void show(const DeviceAuthorization &authorization);
    void feed(const DevicePolling::Event &event);
    void ask();

    const SignInContext &m_context;
    DevicePolling m_polling;
    Alarm m_wait;
    Secret m_deviceCode;
    Instant m_sentAt{};
};

} // namespace Watchword
