// SPDX-License-Identifier: Apache-2.0
#include "clientmachine.h"

#include <utility>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

using Mode = ClientMachine::Mode;

bool runs(Mode mode)
{
    return mode == Mode::Running || mode == Mode::Accepting;
}

bool wantsPerson(Mode mode)
{
    return mode == Mode::PersonNeeded || mode == Mode::Refused;
}

Error noError()
{
    return Error(ErrorCode::Cancelled);
}

Error nobodySignedIn()
{
    return Error(ErrorCode::SignInRequired, u"nobody is signed in"_s);
}

} // namespace

Client::State ClientMachine::stateOf(Mode mode, Connection::State connection)
{
    switch (mode) {
    case Mode::Stopped:
        return Client::State::Stopped;
    case Mode::Restoring:
        return Client::State::Starting;
    case Mode::PersonNeeded:
    case Mode::Refused:
        return Client::State::SignInNeeded;
    case Mode::SigningIn:
        return Client::State::SigningIn;
    case Mode::Failed:
        return Client::State::Failed;
    case Mode::Running:
    case Mode::Accepting:
        break;
    }
    if (connection == Connection::State::Ready)
        return Client::State::Ready;
    return connection == Connection::State::Waiting ? Client::State::Waiting : Client::State::Connecting;
}

bool ClientMachine::isSignedIn(Session::State state)
{
    return state == Session::State::Active || state == Session::State::Offline || state == Session::State::Degraded;
}

ClientMachine::Actions ClientMachine::step(const Event &event)
{
    Actions actions;
    std::visit([&](const auto &e) { on(e, actions); }, event);
    return actions;
}

void ClientMachine::forget()
{
    m_toTell.reset();
    m_demand.reset();
    m_lastError = noError();
}

void ClientMachine::needPerson(Mode mode, const Error &reason)
{
    m_mode = mode;
    m_reason = m_lastError = reason;
    m_toTell = reason;
}

void ClientMachine::on(const Start &, Actions &actions)
{
    if (m_mode != Mode::Stopped && m_mode != Mode::Failed)
        return;
    const bool wasRefused = m_mode == Mode::Failed && m_lastError.condition() == ErrorCondition::Unauthorized;
    forget();
    m_mode = Mode::Restoring;
    actions.emplace_back(StartSession{});
    if (wasRefused) // the refused token is never sent again, and a person does not wait for the least time between refreshes
        actions.emplace_back(RefreshSession{});
}

void ClientMachine::on(const Stop &, Actions &actions)
{
    if (m_mode == Mode::Stopped)
        return;
    forget();
    m_mode = Mode::Stopped;
    actions.emplace_back(CancelSignIn{});
    actions.emplace_back(CloseConnection{});
}

void ClientMachine::on(const SignIn &, Actions &actions)
{
    if (m_mode == Mode::SigningIn || runs(m_mode))
        return;
    m_toTell.reset();
    m_before = m_mode == Mode::Stopped ? Mode::Restoring : m_mode;
    m_mode = Mode::SigningIn;
    actions.emplace_back(BeginSignIn{});
}

void ClientMachine::on(const SignOut &, Actions &actions)
{
    forget();
    m_reason = Error(ErrorCode::SignedOut, u"the account was signed out"_s);
    m_nobody = m_reason;
    if (m_mode != Mode::Stopped)
        m_mode = Mode::PersonNeeded;
    actions.emplace_back(CloseConnection{});
    actions.emplace_back(SignOutSession{});
}

void ClientMachine::on(const NeedsPerson &event, Actions &)
{
    m_nobody = event.reason;
    switch (m_mode) {
    case Mode::Stopped: // told by the next start()
    case Mode::Refused: // told already
        break;
    case Mode::PersonNeeded:
        if (m_toTell) // a better reason for the same
            needPerson(Mode::PersonNeeded, event.reason);
        break;
    case Mode::SigningIn: // the person is at it
        m_before = Mode::PersonNeeded;
        m_reason = event.reason;
        break;
    default:
        needPerson(Mode::PersonNeeded, event.reason);
    }
}

// Nobody is told that a sign-in is needed: who has just cancelled one knows.
void ClientMachine::on(const SignInFailed &event, Actions &actions)
{
    if (m_mode == Mode::Stopped)
        return;
    if (m_mode == Mode::SigningIn) {
        if (m_before == Mode::Restoring) {
            m_before = Mode::PersonNeeded;
            m_reason = m_nobody.value_or(nobodySignedIn());
        }
        m_mode = m_before;
    }
    if (event.reason.code() == ErrorCode::Cancelled) {
        m_lastError = wantsPerson(m_mode) ? m_reason : m_lastError;
        return;
    }
    m_lastError = event.reason;
    actions.emplace_back(Report{event.reason});
}

void ClientMachine::on(const SignedIn &, Actions &)
{
    m_nobody.reset();
    m_toTell.reset();
    if (m_mode == Mode::Stopped)
        return;
    m_lastError = noError();
    if (m_mode == Mode::SigningIn)
        m_mode = m_before == Mode::Stopped ? Mode::Stopped : Mode::Accepting;
    else if (m_mode != Mode::Accepting)
        m_mode = Mode::Running;
}

void ClientMachine::on(const SignedOut &, Actions &)
{
    const Error reason(ErrorCode::SignedOut, u"the account was signed out by another program"_s);
    switch (m_mode) {
    case Mode::PersonNeeded: // by signOut() of this Client
        break;
    case Mode::Stopped:
        m_nobody = reason;
        break;
    case Mode::Refused:
        m_mode = Mode::PersonNeeded;
        m_nobody = m_reason;
        break;
    case Mode::SigningIn:
        m_before = Mode::PersonNeeded;
        m_nobody = m_reason = reason;
        break;
    default:
        m_nobody = reason;
        needPerson(Mode::PersonNeeded, reason);
    }
}

void ClientMachine::on(const Demands &event, Actions &)
{
    m_demand = event.demand == Demand() ? std::nullopt : std::optional(event.demand);
}

void ClientMachine::on(const Refusal &event, Actions &actions)
{
    const bool isWeak = event.reason.code() == ErrorCode::InsufficientAuthentication;
    const std::optional<Demand> demand = isWeak ? std::exchange(m_demand, std::nullopt) : std::nullopt;
    if (m_mode == Mode::SigningIn && runs(m_before)) {
        m_before = Mode::Refused;
        m_reason = m_lastError = event.reason;
        return;
    }
    if (!runs(m_mode))
        return;
    // The session may be fine for its provider while the server does not want its tokens. A person who signs in again and is
    // refused again must not be sent to the browser in a circle.
    if (m_mode == Mode::Accepting && (!demand || demand == m_asked)) {
        m_mode = Mode::Failed;
        m_lastError = event.reason;
        return;
    }
    m_asked = demand;
    if (event.reason.code() == ErrorCode::SessionRevoked || event.reason.code() == ErrorCode::SignedOut) {
        m_nobody = event.reason;
        needPerson(Mode::PersonNeeded, event.reason);
        actions.emplace_back(SignOutSession{});
        return;
    }
    needPerson(Mode::Refused, event.reason);
    if (demand)
        actions.emplace_back(AskSession{*demand});
}

void ClientMachine::on(const Closed &event, Actions &)
{
    const bool wanted = event.reason.code() == ErrorCode::Cancelled || event.reason.code() == ErrorCode::SignedOut;
    if (wanted)
        return;
    if (m_mode == Mode::SigningIn && runs(m_before)) {
        m_before = Mode::Failed;
        m_lastError = event.reason;
    } else if (runs(m_mode)) {
        m_mode = Mode::Failed;
        m_lastError = event.reason;
    }
}

void ClientMachine::on(const Failure &event, Actions &actions)
{
    m_lastError = event.error;
    actions.emplace_back(Report{event.error});
}

void ClientMachine::on(const Ready &, Actions &actions)
{
    actions.emplace_back(TellReady{});
}

void ClientMachine::on(const Switch &, Actions &actions)
{
    forget();
    m_nobody.reset();
    m_asked.reset();
    m_connection = Connection::State::Disconnected;
    actions.emplace_back(ReplaceAccount{});
    if (m_mode == Mode::Stopped)
        return;
    m_mode = Mode::Restoring;
    actions.emplace_back(StartSession{});
}

void ClientMachine::on(const Settled &now, Actions &actions)
{
    look(now);
    const bool waits = now.session == Session::State::KeychainWaiting || now.session == Session::State::Restoring;
    if (m_mode == Mode::Restoring && waits && now.sessionReason != Error() && now.sessionReason != m_lastError) {
        m_lastError = now.sessionReason; // why it takes so long
        actions.emplace_back(Report{m_lastError});
    }
    if (runs(m_mode)) {
        if (now.connection == Connection::State::Ready) {
            if (m_connection != Connection::State::Ready)
                m_lastError = noError();
            m_mode = Mode::Running;
        }
        if (now.connection == Connection::State::Disconnected)
            actions.emplace_back(OpenConnection{});
    }
    m_connection = now.connection;
    actions.emplace_back(Show{stateOf(m_mode, now.connection), m_lastError});
    if (m_toTell && wantsPerson(m_mode))
        actions.emplace_back(TellSignInNeeded{*m_toTell});
    m_toTell.reset();
}

// What the session is now, against what it was taken for.
void ClientMachine::look(const Settled &now)
{
    using S = Session::State;
    const S session = now.session;
    const bool needsPerson = session == S::NeedsSignIn || session == S::StepUp;
    if (session == S::SigningIn) {
        if (m_mode != Mode::SigningIn)
            m_before = std::exchange(m_mode, Mode::SigningIn);
        return;
    }
    const bool isOver = isSignedIn(session) || needsPerson || session == S::SignedOut;
    if (m_mode == Mode::SigningIn && isOver) // by the session's own slots: nobody said how
        m_mode = m_before == Mode::Restoring && session == S::SignedOut ? Mode::PersonNeeded : m_before;
    switch (m_mode) {
    case Mode::Restoring:
        if (session == S::Active)
            m_lastError = noError();
        if (isSignedIn(session))
            m_mode = Mode::Running;
        else if (needsPerson)
            needPerson(Mode::PersonNeeded, m_nobody.value_or(now.sessionReason));
        else if (session == S::SignedOut && m_nobody)
            needPerson(Mode::PersonNeeded, *m_nobody);
        break;
    case Mode::Running:
    case Mode::Accepting:
    case Mode::Failed:
        if (needsPerson)
            needPerson(Mode::PersonNeeded, now.sessionReason);
        else if (session == S::SignedOut)
            needPerson(Mode::PersonNeeded, m_nobody.value_or(nobodySignedIn()));
        break;
    case Mode::PersonNeeded:
        if (isSignedIn(session)) { // another process signed in
            m_mode = Mode::Running;
            m_lastError = noError();
        } else if (session == S::Restoring) {
            m_mode = Mode::Restoring;
        }
        break;
    case Mode::Refused:
        if (session == S::NeedsSignIn || session == S::SignedOut)
            m_mode = Mode::PersonNeeded;
        break;
    case Mode::Stopped:
    case Mode::SigningIn:
        break;
    }
}

} // namespace Watchword
