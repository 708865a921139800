// SPDX-License-Identifier: Apache-2.0
#include "session/sessionstate.h"

namespace Watchword {

VisibleState visibleState(const SessionFacts &facts)
{
    using State = Session::State;
    if (facts.signingIn)
        return {State::SigningIn, {}};
    if (facts.openingKey && facts.keychainProblem)
        return {State::KeychainWaiting, *facts.keychainProblem};
    if (facts.openingKey || facts.restoring)
        return {State::Restoring, facts.refreshProblem.value_or(Error())};
    if (facts.needsPerson)
        return {State::NeedsSignIn, *facts.needsPerson};
    if (!facts.signedIn)
        return {State::SignedOut, {}};
    if (facts.stepUpAsked)
        return {State::StepUp, Error(ErrorCode::InsufficientAuthentication)};
    if (!facts.tokenUsable)
        return {State::Offline, facts.refreshProblem.value_or(Error(ErrorCode::TokenExpired))};
    if (facts.unsaved)
        return {State::Degraded, facts.storageProblem.value_or(Error(ErrorCode::StorageFailed))};
    return {State::Active, {}};
}

} // namespace Watchword
