// SPDX-License-Identifier: Apache-2.0
#include "signin/devicepolling.h"

#include <algorithm>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds kSlowDown = 5s;
constexpr std::chrono::seconds kLongestDoubled = 60s; // so that a code can still be used when the network is back

} // namespace

DevicePolling::Actions DevicePolling::step(const Event &event, Instant now)
{
    if (const auto *start = std::get_if<Start>(&event)) {
        if (m_step != Step::Idle)
            return {};
        m_interval = std::max(start->interval, 1s);
        m_deadline = now + start->expiresIn;
        return wait(m_interval, now);
    }
    if (std::holds_alternative<Elapsed>(event)) {
        if (m_step != Step::Waiting)
            return {};
        if (now >= m_deadline) {
            QString why = u"nobody finished the sign-in before the code ended"_s;
            if (m_lastProblem)
                why += u"; the last question to the provider failed: "_s + m_lastProblem->toString();
            return finish(Error(ErrorCode::DeviceCodeExpired, why));
        }
        m_step = Step::Asking;
        return {Ask{}};
    }
    if (m_step != Step::Asking)
        return {};
    return onAnswer(std::get<Answered>(event).answer, now);
}

DevicePolling::Actions DevicePolling::onAnswer(const TokenAnswer &answer, Instant now)
{
    m_lastProblem.reset();
    switch (answer.meaning) {
    case TokenAnswerClass::Success:
        return finish(answer.grant);
    case TokenAnswerClass::FinalUser:
    case TokenAnswerClass::FinalConfiguration:
    case TokenAnswerClass::Unusable: // the device code was redeemed
        return finish(answer.error);
    case TokenAnswerClass::Busy:
        if (answer.error.code() == ErrorCode::SlowDown)
            m_interval += kSlowDown;
        else if (answer.error.code() != ErrorCode::AuthorizationPending)
            m_lastProblem = answer.error;
        return wait(std::max<Duration>(m_interval, answer.error.retryAfter().value_or(0ms)), now);
    case TokenAnswerClass::NotSent:
    case TokenAnswerClass::Ambiguous:
        m_lastProblem = answer.error;
        if (answer.error.code() == ErrorCode::Timeout)
            m_interval = std::max(m_interval, std::min(2 * m_interval, kLongestDoubled));
        return wait(m_interval, now);
    case TokenAnswerClass::Garbage:
        m_lastProblem = answer.error;
        return wait(m_interval, now);
    }
    return {};
}

DevicePolling::Actions DevicePolling::wait(Duration pause, Instant now)
{
    m_step = Step::Waiting;
    return {Wait{std::min(now + pause, m_deadline)}};
}

DevicePolling::Actions DevicePolling::finish(Result<TokenGrant> result)
{
    m_step = Step::Done;
    return {Finish{std::move(result)}};
}

} // namespace Watchword
