// SPDX-License-Identifier: Apache-2.0
#include "session/sessionmachine.h"

#include <algorithm>
#include <iterator>

namespace Watchword {

using namespace Qt::StringLiterals;

namespace {

Error signedOutReason()
{
    return Error(ErrorCode::SignedOut, u"the account was signed out"_s);
}

} // namespace

SessionMachine::SessionMachine(Settings settings, CorrectedClock &clock, RandomSource &random)
    : m_settings(std::move(settings))
    , m_clock(&clock)
    , m_random(&random)
    , m_state(Unread{UnreadAccount(random)})
{
}

SessionMachine::Actions SessionMachine::step(const Event &event, Instant now)
{
    m_now = now;
    m_actions.clear();
    std::visit([this](const auto &e) { on(e); }, event);
    return std::exchange(m_actions, {});
}

const SessionMachine::Held *SessionMachine::held() const
{
    if (auto *s = std::get_if<Restoring>(&m_state))
        return &s->held;
    if (auto *s = std::get_if<SignedIn>(&m_state))
        return &s->held;
    if (auto *s = std::get_if<NeedsPerson>(&m_state))
        return &s->held;
    if (auto *s = std::get_if<StoringSignIn>(&m_state))
        return &s->before;
    return nullptr;
}

const TokenSet &SessionMachine::tokens() const
{
    static const TokenSet none;
    return held() ? held()->tokens : none;
}

const TokenSet &SessionMachine::owner() const
{
    const auto *storing = std::get_if<StoringSignIn>(&m_state);
    return storing ? storing->incoming : tokens();
}

void SessionMachine::tellUnlessSigningIn(Notice notice, const Error &reason)
{
    if (!m_signIn.defer(Tell{notice, reason}))
        tell(notice, reason);
}

void SessionMachine::revoke(const Secret &refreshToken)
{
    if (!refreshToken.isEmpty())
        act(Revoke{refreshToken});
}

std::optional<SignInOutcome> SessionMachine::feedSignIn(const SignInMachine::Event &event)
{
    SignInMachine::Step step = m_signIn.step(event);
    std::move(step.actions.begin(), step.actions.end(), std::back_inserter(m_actions));
    return std::move(step.adopted);
}

template <typename E>
void SessionMachine::feedUnread(const E &event)
{
    if (auto *unread = std::get_if<Unread>(&m_state))
        std::visit([this](const auto &meaning) { this->mean(meaning); }, unread->account.on(event, m_actions));
}

void SessionMachine::on(const Start &event)
{
    const auto *unread = std::get_if<Unread>(&m_state);
    if (!unread || !unread->account.is<UnreadAccount::Unstarted>())
        return;
    act(Do{Task::WatchSurroundings});
    if (m_settings.storage != Settings::Storage::MemoryOnly)
        return feedUnread(event);
    m_state = Nobody{};
    need(Error(ErrorCode::SignInRequired, u"tokens are kept in memory only"_s));
}

void SessionMachine::on(const SignIn &event)
{
    const bool ran = m_signIn.isRunning();
    feedSignIn(SignInMachine::Wanted{});
    if (ran)
        return;
    const auto *unread = std::get_if<Unread>(&m_state);
    if (unread && unread->account.is<UnreadAccount::Unstarted>()) {
        act(Do{Task::WatchSurroundings});
        if (m_settings.storage == Settings::Storage::MemoryOnly)
            m_state = Nobody{};
    }
    if (is<Unread>())
        feedUnread(event);
    else
        feedSignIn(SignInMachine::AccountRead{});
}

void SessionMachine::on(const CancelSignIn &event)
{
    const bool waited = m_signIn.is<SignInMachine::AwaitingAccount>();
    feedSignIn(SignInMachine::Cancelled{});
    if (waited)
        feedUnread(event);
}

void SessionMachine::mean(const UnreadAccount::Read &meaning)
{
    const Result<TokenSet> stored = meaning.loaded.tokens;
    if (!m_signIn.isRunning()) // whose tokens will be stored soon
        act(Do{Task::CheckStore});
    if (stored && !stored->tombstone) {
        act(Log{u"session.restored"_s, u"generation %1"_s.arg(stored->generation)});
        adopt(meaning.loaded);
        feedSignIn(SignInMachine::AccountRead{});
        return;
    }
    const bool corrupt = !stored && stored.error().code() != ErrorCode::NotFound;
    const Error nobody(ErrorCode::SignInRequired, u"nobody is signed in"_s);
    const Error reason = stored ? signedOutReason() : corrupt ? stored.error() : nobody;
    act(Log{u"session.empty"_s, reason.toString()});
    act(ShowNextAttempt{});
    if (corrupt)
        m_state = NeedsPerson{{}, reason};
    else
        m_state = Nobody{};
    if (stored)
        finishSignOut(*stored);
    act(FailRequests{reason});
    const bool isKnown = reason == nobody && meaning.nobody == UnreadAccount::Nobody::IsKnown;
    if (!isKnown)
        need(reason);
    feedSignIn(SignInMachine::AccountRead{});
}

// The tombstone was left before this was read: tokens that count all the same are those of a later sign-in.
void SessionMachine::mean(const UnreadAccount::ReadSignedOut &meaning)
{
    const Result<TokenSet> stored = meaning.loaded.tokens;
    if (stored && !stored->tombstone) {
        adopt(meaning.loaded);
    } else {
        m_state = Nobody{};
        if (stored)
            finishSignOut(*stored);
    }
    feedSignIn(SignInMachine::AccountRead{});
}

void SessionMachine::mean(const UnreadAccount::KeyRefused &meaning)
{
    if (m_signIn.is<SignInMachine::AwaitingAccount>())
        feedSignIn(SignInMachine::Ended{meaning.error, {}, {}});
}

void SessionMachine::mean(const UnreadAccount::NoKeyYet &meaning)
{
    act(FailRequests{meaning.reason});
    if (m_signIn.is<SignInMachine::AwaitingAccount>())
        feedSignIn(SignInMachine::Ended{meaning.reason, {}, {}});
    else
        need(meaning.reason);
}

void SessionMachine::on(const NewsRead &event)
{
    const Result<TokenSet> &stored = event.loaded.tokens;
    const bool open = is<Nobody>() || is<NeedsPerson>() || canRefresh();
    if (!open || !stored)
        return;
    // A refused refresh token that could not be taken out of the store has left its number to somebody else.
    const bool isUsed = is<NeedsPerson>() && (stored->tombstone || !stored->refreshToken.isEmpty());
    if (isUsed ? stored->generation < m_generation : stored->generation <= m_generation)
        return;
    if (stored->tombstone)
        return signedOutElsewhere(*stored);
    act(Log{u"tokens.adopted"_s, u"generation %1 of another process"_s.arg(stored->generation)});
    adopt(event.loaded);
}

// Tokens that were not received just now: their age is only known by the calendar.
void SessionMachine::adopt(const RefreshTransaction::Loaded &loaded)
{
    const TokenSet &set = *loaded.tokens;
    if (!m_clock->isMeasured() && set.clockError != Duration::zero())
        m_clock->assume(set.clockError);
    Held next = held() ? std::move(*mutableHeld()) : Held{};
    const bool wasSignedIn = is<SignedIn>();
    m_signIn.defer({}); // nobody is needed any more
    hold(next, set);
    const bool live = next.life.isLive(m_now);
    // The access token is still handed out, as by the session that was told so.
    const std::optional<Error> ended =
        set.refreshToken.isEmpty() ? whyEnded(set, loaded.journal.valueOr({})) : std::optional<Error>();
    if (ended)
        return enterNeedsPerson(std::move(next), *ended);
    if (!live && set.refreshToken.isEmpty())
        return enterNeedsPerson(std::move(next), Error(ErrorCode::SignInRequired, u"the stored tokens have ended"_s));
    if (wasSignedIn)
        m_state = SignedIn{std::move(next), {}, {}};
    else
        enterSignedIn(std::move(next), {});
    act(live ? Action(SettleRequests{}) : Action(Refresh{u"restore"_s}));
}

void SessionMachine::hold(Held &held, const TokenSet &tokens)
{
    const bool otherPerson = held.tokens.subject != tokens.subject || held.tokens.accountName != tokens.accountName;
    const bool isNews = !held.tokens.accessToken.equals(tokens.accessToken);
    held.tokens = tokens;
    held.life.take(tokens, *m_clock, *m_random);
    m_generation = std::max(m_generation, tokens.generation);
    act(Log{u"tokens.published"_s,
            u"generation %1, access token %2"_s.arg(tokens.generation).arg(tokens.accessToken.fingerprint())});
    act(Do{Task::PlanRefresh});
    if (otherPerson)
        tell(Notice::AccountChanged);
    tell(Notice::ExpiresAtChanged);
    if (isNews)
        tell(Notice::TokenChanged);
}

void SessionMachine::enterSignedIn(Held held, const std::optional<Error> &storageProblem)
{
    if (!held.life.isLive(m_now)) {
        m_state = Restoring{std::move(held), {}};
        return;
    }
    m_state = SignedIn{std::move(held), {}, storageProblem};
    tellUnlessSigningIn(Notice::SignedIn);
    if (storageProblem)
        tell(Notice::StorageDegraded, *storageProblem);
}

void SessionMachine::enterNeedsPerson(Held held, const Error &reason)
{
    m_state = NeedsPerson{std::move(held), reason};
    act(Do{Task::PlanRefresh});
    act(SettleRequests{reason});
    need(reason);
}

void SessionMachine::on(const Published &event)
{
    if (Held *mine = mutableHeld())
        hold(*mine, event.tokens);
    else if (!is<Unread>()) // nobody is signed in who could use them
        revoke(event.tokens.refreshToken);
}

void SessionMachine::on(const TransactionEnded &event)
{
    using Outcome = RefreshTransaction::Finish::Outcome;
    const Outcome outcome = event.finish.outcome;
    if (is<Unread>())
        return;
    if (event.of == TransactionEnded::Of::Replacement)
        act(Do{Task::SendRevocations});
    if (event.tokens)
        on(Published{*event.tokens});
    if (is<StoringSignOut>() || is<StoringSignIn>())
        return event.of == TransactionEnded::Of::Replacement ? onStored(event.finish.error) : void(); // else of what was before
    if (!held())
        return;
    if (outcome == Outcome::Refreshed || outcome == Outcome::Adopted || outcome == Outcome::Recovered)
        onSucceeded(event);
    else if (outcome == Outcome::SignedOut)
        signedOutElsewhere({});
    else if (outcome == Outcome::Cancelled)
        act(SettleRequests{});
    else
        onFailed(event);
}

// What could not be written counts as stored in memory; a sign-out is over only when the disk has it.
void SessionMachine::onStored(const Error &problem)
{
    const std::optional<Error> storageProblem = problem == Error() ? std::nullopt : std::optional<Error>(problem);
    if (const auto *storing = std::get_if<StoringSignIn>(&m_state)) {
        Held next = storing->before;
        enterSignedIn(std::move(next), storageProblem);
        act(SettleRequests{{}, SettleRequests::Token::JustReceived});
    } else if (!storageProblem) {
        const bool isAll = std::get<StoringSignOut>(m_state).revokes == StoringSignOut::Revokes::Nothing;
        m_state = Nobody{};
        act(Log{u"signout.finished"_s, isAll ? u"nothing to revoke"_s : QString()});
    }
}

void SessionMachine::onSucceeded(const TransactionEnded &event)
{
    using Outcome = RefreshTransaction::Finish::Outcome;
    const Error &error = event.finish.error;
    Held &mine = *mutableHeld();
    if (event.finish.outcome == Outcome::Refreshed)
        mine.life.noteRefresh(m_now);
    // Who is not served by a new token is not served by another one either.
    const Error useless = Error(ErrorCode::TemporarilyUnavailable, u"the new token does not live as long as is asked for"_s)
                              .withRetryAfter(mine.life.spacing());
    const std::optional<Error> storageProblem = error == Error() ? std::nullopt : std::optional<Error>(error);
    if (auto *signedIn = std::get_if<SignedIn>(&m_state)) {
        if (event.finish.outcome != Outcome::Recovered)
            signedIn->refreshProblem.reset();
        if (storageProblem && !signedIn->storageProblem)
            tell(Notice::StorageDegraded, error);
        signedIn->storageProblem = storageProblem;
    } else if (event.finish.outcome != Outcome::Recovered && !mine.tokens.refreshToken.isEmpty()) {
        Held next = std::move(mine);
        enterSignedIn(std::move(next), storageProblem);
    }
    act(event.finish.outcome == Outcome::Refreshed ? SettleRequests{useless, SettleRequests::Token::JustReceived}
                                                   : SettleRequests{});
}

void SessionMachine::onFailed(const TransactionEnded &event)
{
    const Error &error = event.finish.error;
    if (is<NeedsPerson>())
        return;
    if (event.finish.outcome == RefreshTransaction::Finish::Outcome::NeedsPerson) {
        Held next = std::move(*mutableHeld());
        return enterNeedsPerson(std::move(next), error);
    }
    if (auto *restoring = std::get_if<Restoring>(&m_state))
        restoring->problem = error;
    else
        std::get<SignedIn>(m_state).refreshProblem = error;
    act(SettleRequests{Error(error).withRetryAfter(error.retryAfter().value_or(event.retryIn))});
}

void SessionMachine::on(const RefreshPaused &event)
{
    if (auto *signedIn = std::get_if<SignedIn>(&m_state); signedIn && !signedIn->refreshProblem)
        signedIn->refreshProblem = event.reason;
    else if (auto *restoring = std::get_if<Restoring>(&m_state); restoring && !restoring->problem)
        restoring->problem = event.reason;
}

void SessionMachine::on(const TokenRejected &event)
{
    Held *mine = mutableHeld();
    if (!mine || event.fingerprint.isEmpty() || event.fingerprint != mine->tokens.accessToken.fingerprint())
        return;
    if (!mine->life.isRejected())
        act(Log{u"token.rejected"_s, event.fingerprint});
    mine->life.reject(event.fingerprint);
}

void SessionMachine::on(const TokenEnded &)
{
    if (!canRefresh() || !tokens().refreshToken.isEmpty())
        return;
    Held next = std::move(*mutableHeld());
    enterNeedsPerson(std::move(next),
                     Error(ErrorCode::SignInRequired, u"the access token ended, and there is no refresh token"_s));
}

// Stored with the next refresh: until then a start of the program has the one before it, which is as good.
void SessionMachine::on(const IdTokenVerified &event)
{
    Held *mine = mutableHeld();
    if (!mine || mine->tokens.generation != event.generation)
        return;
    act(Log{u"idtoken.adopted"_s, event.idToken.fingerprint()});
    mine->tokens.idToken = event.idToken;
    if (event.accountName.isEmpty() || event.accountName == mine->tokens.accountName)
        return;
    mine->tokens.accountName = event.accountName;
    tell(Notice::AccountChanged);
}

void SessionMachine::on(const SignInEnded &event)
{
    if (!m_signIn.is<SignInMachine::AskingPerson>())
        return;
    const auto adopted = feedSignIn(SignInMachine::Ended{event.outcome, event.unusedRefreshToken, owner()});
    if (!adopted)
        return;
    Held before = held() ? *held() : Held{};
    adoptSignIn(*adopted, Overtaken::Kept, std::move(before));
}

void SessionMachine::on(const AcceptOtherUser &)
{
    const auto accepted = feedSignIn(SignInMachine::Accepted{});
    if (!accepted)
        return;
    revoke(tokens().refreshToken);
    if (is<StoringSignIn>())
        revoke(owner().refreshToken);
    act(Do{Task::SendRevocations});
    // Until it is stored the account keeps its name, but the owner's tokens are not handed out any more.
    Held before;
    before.tokens.subject = tokens().subject;
    before.tokens.accountName = tokens().accountName;
    tell(Notice::TokenRevoked); // what was connected for the one must not go on for the other
    adoptSignIn(*accepted, Overtaken::Revoked, std::move(before));
}

void SessionMachine::adoptSignIn(const SignInOutcome &outcome, Overtaken overtaken, Held before)
{
    TokenSet next = outcome.tokens;
    next.generation = m_generation;
    before.life.noteSignIn();
    m_state = StoringSignIn{next, std::move(before)};
    act(Log{u"signin.succeeded"_s, u"access token %1"_s.arg(next.accessToken.fingerprint())});
    act(Do{Task::StopRetries});
    act(Store{next, m_generation, overtaken});
}

void SessionMachine::on(const SignOut &event)
{
    const bool waited = m_signIn.is<SignInMachine::AwaitingAccount>();
    feedSignIn(SignInMachine::Stopped{});
    if (event.scope == SignOut::Scope::Everywhere)
        act(EndProviderSession{owner().accountName});
    if (waited)
        feedUnread(CancelSignIn{});
    feedUnread(event);
    if (!held())
        return;
    act(Log{u"signout.started"_s});
    revoke(tokens().refreshToken);
    if (is<StoringSignIn>())
        revoke(owner().refreshToken);
    using Revokes = StoringSignOut::Revokes;
    const bool isRevocable = !tokens().refreshToken.isEmpty() || !owner().refreshToken.isEmpty();
    const bool hadAccount = !tokens().subject.isEmpty() || !tokens().accountName.isEmpty();
    storeSignOut(isRevocable ? Revokes::RefreshToken : Revokes::Nothing);
    forgetTokens(hadAccount);
}

void SessionMachine::storeSignOut(StoringSignOut::Revokes revokes)
{
    TokenSet tombstone;
    tombstone.issuer = m_settings.issuer;
    tombstone.clientId = m_settings.clientId;
    tombstone.tombstone = true;
    tombstone.generation = m_generation;
    m_state = StoringSignOut{revokes};
    act(Store{tombstone, m_generation, Overtaken::Revoked});
}

// A tombstone that was left without the key still holds the refresh token; who has the key takes it back.
void SessionMachine::finishSignOut(const TokenSet &tombstone)
{
    m_generation = std::max(m_generation, tombstone.generation);
    if (tombstone.refreshToken.isEmpty())
        return;
    act(Log{u"signout.completed"_s, u"that was left when the key was out of reach"_s});
    revoke(tombstone.refreshToken);
    storeSignOut(StoringSignOut::Revokes::RefreshToken);
}

void SessionMachine::signedOutElsewhere(const TokenSet &tombstone)
{
    const bool wasSignedIn = held() != nullptr;
    const bool hadAccount = !tokens().subject.isEmpty() || !tokens().accountName.isEmpty();
    m_state = Nobody{};
    finishSignOut(tombstone);
    if (!wasSignedIn)
        return;
    act(Log{u"session.signed_out_elsewhere"_s});
    forgetTokens(hadAccount);
    need(Error(ErrorCode::SignedOut, u"another program of this account signed out"_s).withRemedy(u"Sign in again."_s));
}

// Comes after the state was left that held them.
void SessionMachine::forgetTokens(bool hadAccount)
{
    act(Do{Task::ForgetTokens});
    act(ShowNextAttempt{});
    act(FailRequests{signedOutReason()});
    if (hadAccount)
        tell(Notice::AccountChanged);
    tell(Notice::ExpiresAtChanged);
    tell(Notice::TokenRevoked);
    tell(Notice::SignedOut);
}

} // namespace Watchword
