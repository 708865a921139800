// SPDX-License-Identifier: Apache-2.0
#include "signin/devicegrant.h"

#include <QPointer>

namespace Watchword {

using namespace Qt::StringLiterals;

DeviceGrant::DeviceGrant(const SignInContext &context, QObject *parent)
    : GrantSource(parent)
    , m_context(context)
    , m_wait(context.clock.source())
{
    connect(&m_wait, &Alarm::due, this, [this] { feed(DevicePolling::Elapsed{}); });
}

DeviceGrant::~DeviceGrant() = default;

void DeviceGrant::start(const ProviderMetadata &)
{
    m_context.provider.authorizeDevice(deviceParameters(m_context.options, m_context.wish),
                                       [self = QPointer(this)](const Result<DeviceAuthorization> &result) {
                                           if (!self)
                                               return;
                                           if (!result)
                                               return Q_EMIT self->failed(result.error());
                                           self->show(*result);
                                       });
}

void DeviceGrant::show(const DeviceAuthorization &authorization)
{
    m_deviceCode = authorization.deviceCode;
    DeviceSignIn code;
    code.userCode = authorization.userCode;
    code.verificationUri = authorization.verificationUri;
    code.verificationUriComplete = authorization.verificationUriComplete;
    code.expiresAt = toDateTime(m_context.clock.source().wallNow() + authorization.expiresIn);
    feed(DevicePolling::Start{authorization.interval, authorization.expiresIn});
    Q_EMIT codeReceived(code);
}

void DeviceGrant::feed(const DevicePolling::Event &event)
{
    const auto actions = m_polling.step(event, m_context.clock.instant());
    for (const DevicePolling::Action &action : actions) {
        if (const auto *wait = std::get_if<DevicePolling::Wait>(&action)) {
            m_wait.startAt(wait->until);
        } else if (std::holds_alternative<DevicePolling::Ask>(action)) {
            ask();
        } else if (const auto *finish = std::get_if<DevicePolling::Finish>(&action)) {
            m_deviceCode.clear();
            if (finish->result)
                Q_EMIT granted(*finish->result, m_sentAt);
            else
                Q_EMIT failed(finish->result.error());
            return;
        }
    }
}

void DeviceGrant::ask()
{
    m_sentAt = m_context.clock.instant();
    m_context.provider.exchangeDeviceCode(m_deviceCode, m_context.signer, [self = QPointer(this)](const TokenAnswer &answer) {
        if (!self)
            return;
        const ErrorCode code = answer.error.code();
        if (answer.meaning != TokenAnswerClass::Success && code != ErrorCode::AuthorizationPending)
            Q_EMIT self->noted(u"signin.device_answer"_s, answer.error.toString());
        if (answer.meaning == TokenAnswerClass::Unusable)
            Q_EMIT self->grantUnusable(answer.grant);
        self->feed(DevicePolling::Answered{answer});
    });
}

} // namespace Watchword
