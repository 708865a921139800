// SPDX-License-Identifier: Apache-2.0
#include "session/signinmachine.h"

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

QString nameForPeople(const QString &name, const QString &subject)
{
    return name.isEmpty() ? subject : name;
}

bool isSomebodyElse(const SignInOutcome &outcome, const TokenSet &owner)
{
    return !owner.subject.isEmpty() && !outcome.claims.subject.isEmpty() && outcome.claims.subject != owner.subject;
}

Error wrongUser(const SignInOutcome &outcome, const TokenSet &owner)
{
    return Error(ErrorCode::WrongUser,
                 u"\"%1\" signed in, but this account belongs to \"%2\""_s.arg(
                     nameForPeople(outcome.claims.accountName, outcome.claims.subject),
                     nameForPeople(owner.accountName, owner.subject)))
        .withRemedy(u"Sign in as the owner, add another account, or accept the other user for this one."_s);
}

} // namespace

SignInMachine::Step SignInMachine::step(const Event &event)
{
    return std::visit([this](const auto &e) { return on(e); }, event);
}

SignInMachine::Step SignInMachine::on(const Wanted &)
{
    if (is<AskingPerson>())
        return {{Do{Task::ShowSignInAgain}}};
    if (is<AwaitingAccount>())
        return {};
    Step step = forgetOtherUser();
    m_state = AwaitingAccount{};
    return step;
}

SignInMachine::Step SignInMachine::on(const AccountRead &)
{
    if (!is<AwaitingAccount>())
        return {};
    m_state = AskingPerson{*later()};
    return {{Log{u"signin.started"_s}, Do{Task::BeginSignIn}}};
}

SignInMachine::Step SignInMachine::on(const Ended &event)
{
    if (!isRunning())
        return {};
    if (!event.outcome) {
        Step step = failed(event.outcome.error());
        step.actions.insert(step.actions.begin(), {Revoke{event.unusedRefreshToken}, Do{Task::SendRevocations}});
        return step;
    }
    if (isSomebodyElse(*event.outcome, event.owner)) {
        Step step = failed(wrongUser(*event.outcome, event.owner));
        step.actions.insert(step.actions.begin(), {Log{u"signin.other_user"_s}, Tell{Notice::OtherUserChanged}});
        m_state = OtherUserWaits{*event.outcome};
        return step;
    }
    m_state = None{};
    return {{Do{Task::EndSignIn}, Do{Task::ConfirmStepUp}}, *event.outcome};
}

SignInMachine::Step SignInMachine::on(const Cancelled &)
{
    if (!isRunning())
        return {};
    return failed(Error(ErrorCode::Cancelled, u"the sign-in was cancelled"_s));
}

SignInMachine::Step SignInMachine::failed(const Error &error)
{
    Step step;
    const std::optional<Tell> deferred = *later();
    if (is<AskingPerson>())
        step.actions.push_back(Do{Task::EndSignIn});
    m_state = None{};
    const bool cancelled = error.code() == ErrorCode::Cancelled;
    step.actions.push_back(Log{cancelled ? u"signin.cancelled"_s : u"signin.failed"_s, cancelled ? QString() : error.toString()});
    step.actions.push_back(Tell{Notice::SignInFailed, error});
    if (deferred)
        step.actions.push_back(*deferred);
    return step;
}

SignInMachine::Step SignInMachine::on(const Stopped &)
{
    if (!isRunning())
        return forgetOtherUser();
    const bool asking = is<AskingPerson>();
    m_state = None{};
    return asking ? Step{{Do{Task::EndSignIn}}} : Step{};
}

SignInMachine::Step SignInMachine::on(const Accepted &)
{
    auto *waiting = std::get_if<OtherUserWaits>(&m_state);
    if (!waiting)
        return {};
    SignInOutcome outcome = std::move(waiting->outcome);
    m_state = None{};
    return {{Log{u"signin.other_user_accepted"_s}, Tell{Notice::OtherUserChanged}}, std::move(outcome)};
}

SignInMachine::Step SignInMachine::on(const PatienceEnded &)
{
    return forgetOtherUser();
}

// Tokens that nobody will use are revoked.
SignInMachine::Step SignInMachine::forgetOtherUser()
{
    const auto *waiting = std::get_if<OtherUserWaits>(&m_state);
    if (!waiting)
        return {};
    Step step{{Revoke{waiting->outcome.tokens.refreshToken}, Do{Task::SendRevocations}, Tell{Notice::OtherUserChanged}}};
    m_state = None{};
    return step;
}

std::optional<SessionActions::Tell> *SignInMachine::later()
{
    if (auto *waiting = std::get_if<AwaitingAccount>(&m_state))
        return &waiting->later;
    auto *asking = std::get_if<AskingPerson>(&m_state);
    return asking ? &asking->later : nullptr;
}

bool SignInMachine::defer(const std::optional<Tell> &notice)
{
    std::optional<Tell> *const kept = later();
    if (kept)
        *kept = notice;
    return kept;
}

const SignInOutcome *SignInMachine::otherUser() const
{
    const auto *waiting = std::get_if<OtherUserWaits>(&m_state);
    return waiting ? &waiting->outcome : nullptr;
}

} // namespace Watchword
