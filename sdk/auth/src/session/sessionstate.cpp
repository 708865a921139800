// SPDX-License-Identifier: Apache-2.0
#include "session/sessionstate.h"

namespace Watchword {

namespace {

using State = Session::State;

VisibleState ofUnread(const UnreadAccount &account)
{
    if (const std::optional<Error> problem = account.keyProblem())
        return {State::KeychainWaiting, *problem};
    if (const auto *reading = std::get_if<UnreadAccount::ReadingStore>(&account.state()))
        return {State::Restoring, reading->problem.value_or(Error())};
    if (account.is<UnreadAccount::OpeningKey>())
        return {State::Restoring, {}};
    return {};
}

VisibleState ofSignedIn(const SessionMachine::SignedIn &account, Instant now)
{
    if (!account.held.life.isLive(now))
        return {State::Offline, account.refreshProblem.value_or(Error(ErrorCode::TokenExpired))};
    if (account.storageProblem)
        return {State::Degraded, *account.storageProblem};
    return {State::Active, {}};
}

} // namespace

std::optional<Error> refusalOf(const SessionMachine &machine)
{
    using M = SessionMachine;
    if (const auto *needs = std::get_if<M::NeedsPerson>(&machine.state()))
        return needs->reason;
    if (machine.is<M::StoringSignIn>())
        return std::nullopt;
    if (const auto *unread = std::get_if<M::Unread>(&machine.state())) {
        using U = UnreadAccount;
        const U &account = unread->account;
        const std::optional<Error> problem = account.keyProblem();
        if (problem || account.is<U::OpeningKey>() || account.is<U::MakingKey>() || account.is<U::ReadingStore>())
            return problem;
    }
    if (!machine.canRefresh())
        return Error(ErrorCode::SignInRequired, QStringLiteral("nobody is signed in"));
    if (machine.tokens().refreshToken.isEmpty())
        return Error(ErrorCode::SignInRequired, QStringLiteral("the access token ended, and the provider gave no refresh token"));
    return std::nullopt;
}

VisibleState visibleState(const SessionMachine &machine, StepUpWish stepUp, Instant now)
{
    using M = SessionMachine;
    const auto *unread = std::get_if<M::Unread>(&machine.state());
    // Nobody can sign in before the keychain answers.
    const bool keyMissing = unread && unread->account.keyProblem();
    if ((machine.signIn().isRunning() && !keyMissing) || machine.is<M::StoringSignIn>())
        return {State::SigningIn, {}};
    if (unread)
        return ofUnread(unread->account);
    if (const auto *needs = std::get_if<M::NeedsPerson>(&machine.state()))
        return {State::NeedsSignIn, needs->reason};
    if (!machine.held())
        return {State::SignedOut, {}};
    const auto *restoring = std::get_if<M::Restoring>(&machine.state());
    if (restoring && !restoring->problem)
        return {State::Restoring, {}};
    if (stepUp == StepUpWish::Asked)
        return {State::StepUp, Error(ErrorCode::InsufficientAuthentication)};
    if (restoring)
        return {State::Offline, *restoring->problem};
    return ofSignedIn(std::get<M::SignedIn>(machine.state()), now);
}

} // namespace Watchword
