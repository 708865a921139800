// SPDX-License-Identifier: Apache-2.0
#include "refresh/refreshtransaction.h"

#include "signin/idtoken.h"
#include "watchword/core/backoff.h"
#include "watchword/core/internal/overloaded.h"

#include <QUuid>

namespace Watchword {

using namespace std::chrono_literals;
using Outcome = RefreshTransaction::Finish::Outcome;

namespace {

constexpr Duration kLockPatience = 45s;

Duration between(Duration low, Duration high, RandomSource &random)
{
    return low + Duration(qint64(double((high - low).count()) * random.nextUnit()));
}

RefreshTransaction::Actions joined(RefreshTransaction::Actions first, const RefreshTransaction::Actions &rest)
{
    first.insert(first.end(), rest.begin(), rest.end());
    return first;
}

} // namespace

std::optional<Error> whyEnded(const TokenSet &tokens, const std::optional<RefreshJournal> &journal)
{
    if (!journal || !journal->ended)
        return std::nullopt;
    const bool taken = tokens.refreshToken.isEmpty() && tokens.generation == journal->generation;
    const bool left = !tokens.refreshToken.isEmpty() && tokens.refreshToken.fingerprint() == journal->fingerprint;
    if (!taken && !left)
        return std::nullopt;
    return Error(*journal->ended, QStringLiteral("the provider had said so before"));
}

RefreshTransaction::RefreshTransaction(RandomSource &random, QByteArray run)
    : m_random(&random)
    , m_run(std::move(run))
{
}

bool RefreshTransaction::isCommitted() const
{
    return m_step == Step::Journaling || m_step == Step::Sending || m_step == Step::Saving;
}

RefreshTransaction::Actions RefreshTransaction::step(const Event &event, WallTime now, Instant instant)
{
    Actions actions = std::visit(Overloaded{
                                     [&](const Start &e) { return onStart(e, instant); },
                                     [&](const Replace &e) { return onReplace(e, instant); },
                                     [&](const LockTried &e) { return onLockTried(e, instant); },
                                     [&](const Loaded &e) { return m_step == Step::Rereading ? onReloaded(e) : onLoaded(e); },
                                     [&](const Probed &e) { return onProbed(e, now); },
                                     [&](const JournalWritten &e) { return onJournalWritten(e, instant); },
                                     [&](const Answered &e) { return onAnswered(e.answer, now); },
                                     [&](const Saved &e) { return onSaved(e); },
                                     [&](const Elapsed &) { return onElapsed(); },
                                     [&](const Cancel &) { return onCancel(); },
                                 },
                                 event);
    if (m_step == Step::Idle)
        forget();
    return actions;
}

// Who is idle holds no tokens: they would outlive the sign-out that wipes them everywhere else.
void RefreshTransaction::forget()
{
    m_known = m_base = m_new = {};
    m_orphan.clear();
    m_unexamined.clear();
    m_replacement.reset();
}

RefreshTransaction::Actions RefreshTransaction::onStart(const Start &event, Instant instant)
{
    if (isRunning())
        return {};
    m_known = event.known;
    m_started = instant;
    m_orphan.clear();
    m_unexamined.clear();
    m_sends = 0;
    m_lockTries = 0;
    m_before.reset();
    m_pending.reset();
    m_replacement.reset();
    if (m_step == Step::SavingLater) {
        // The lock is held and m_new is newer than the store: go on from it.
        m_base = m_new;
        m_step = Step::Probing;
        return {Probe{}};
    }
    m_step = Step::Locking;
    return {TryLock{}};
}

RefreshTransaction::Actions RefreshTransaction::onReplace(const Replace &event, Instant instant)
{
    if (isRunning())
        return {};
    m_known = event.tokens;
    m_known.generation = event.knownGeneration;
    m_unexamined.clear();
    m_replacement = event.tokens;
    m_started = instant;
    m_lockTries = 0;
    m_pending.reset();
    if (m_step == Step::SavingLater) { // what could not be saved is not wanted any more, but its lock is
        const TokenSet unsaved = std::exchange(m_new, {});
        m_known.generation = std::max(m_known.generation, unsaved.generation);
        m_step = Step::Reading;
        if (event.tokens.tombstone && !unsaved.refreshToken.isEmpty())
            return {Discard{unsaved.refreshToken}, Load{}};
        return {Load{}};
    }
    m_step = Step::Locking;
    return {TryLock{}};
}

// Another process may have refreshed, or signed somebody in, after the person decided: nobody here knows of those tokens.
bool RefreshTransaction::orphansStoredToken(const TokenSet &decision, const TokenSet &stored)
{
    const bool isOut = decision.tombstone || stored.tombstone || decision.subject != stored.subject;
    return isOut && !stored.refreshToken.isEmpty();
}

RefreshTransaction::Actions RefreshTransaction::replaceStored(quint64 storedGeneration)
{
    m_new = *m_replacement;
    m_new.generation = std::max(storedGeneration, m_known.generation) + 1;
    return save();
}

RefreshTransaction::Actions RefreshTransaction::onLockTried(const LockTried &event, Instant instant)
{
    if (m_step != Step::Locking)
        return {};
    if (event.result) {
        m_step = Step::Reading;
        return {Load{}};
    }
    if (event.result.error().code() == ErrorCode::LockBusy && instant - m_started < kLockPatience)
        return {Wait{lockPause()}};
    if (m_replacement) {
        // A person's decision does not wait for ever; the generation keeps an older answer from overwriting it.
        m_step = Step::Reading;
        return {Load{}};
    }
    m_step = Step::Idle;
    return {Finish{Outcome::Storage, event.result.error()}};
}

// From 50 ms up to 250 ms: most transactions are over soon, and the others are not hurried by asking.
Duration RefreshTransaction::lockPause()
{
    const Duration longest = std::min<Duration>(50ms * (1 << std::min(m_lockTries++, 3)), 250ms);
    return between(longest / 2 + 25ms, longest, *m_random);
}

RefreshTransaction::Actions RefreshTransaction::onLoaded(const Loaded &event)
{
    if (m_step != Step::Reading)
        return {};
    if (m_replacement) {
        Actions actions = replaceStored(event.tokens ? event.tokens->generation : 0);
        if (event.tokens && orphansStoredToken(*m_replacement, *event.tokens))
            actions.insert(actions.begin(), Discard{event.tokens->refreshToken});
        return actions;
    }
    if (!event.journal)
        return end(Outcome::Storage, event.journal.error());
    m_before = *event.journal;
    if (event.tokens)
        return onStored(*event.tokens);
    const ErrorCode code = event.tokens.error().code();
    const bool gone = code == ErrorCode::NotFound || code == ErrorCode::StoreCorrupt;
    if (!gone)
        return end(Outcome::Storage, event.tokens.error());
    if (m_known.refreshToken.isEmpty())
        return end(Outcome::NeedsPerson,
                   code == ErrorCode::StoreCorrupt ? event.tokens.error()
                                                   : Error(ErrorCode::SignInRequired, QStringLiteral("no tokens are stored")));
    // The file was removed under us, but nothing was signed out: what the session holds is still good.
    return onStored(m_known);
}

RefreshTransaction::Actions RefreshTransaction::onStored(const TokenSet &stored)
{
    const Secret orphan = std::exchange(m_orphan, {});
    if (stored.tombstone) {
        Actions actions;
        if (!orphan.isEmpty())
            actions.push_back(Discard{orphan});
        return joined(actions,
                      end(Outcome::SignedOut, Error(ErrorCode::SignedOut, QStringLiteral("the account was signed out"))));
    }
    m_base = stored;
    const std::optional<Error> ended = whyEnded(stored, m_before);
    if (ended && stored.refreshToken.isEmpty()) {
        Actions actions;
        if (stored.generation > m_known.generation)
            actions.push_back(Publish{stored, true});
        return joined(actions, end(Outcome::NeedsPerson, *ended));
    }
    if (ended) { // whoever was told so died before the token was taken out
        m_journal = *m_before;
        return remove(*ended);
    }
    if (stored.generation > m_known.generation)
        return joined({Publish{stored, true}}, end(Outcome::Adopted));
    if (stored.refreshToken.isEmpty())
        return end(Outcome::NeedsPerson,
                   Error(ErrorCode::SignInRequired, QStringLiteral("the provider gave no refresh token, or took it back")));
    m_step = Step::Probing;
    return {Probe{}};
}

RefreshTransaction::Actions RefreshTransaction::onProbed(const Probed &event, WallTime now)
{
    if (m_step != Step::Probing)
        return {};
    if (!event.result) {
        // Its discovery document, or the page of a portal, may be what answered: then somebody is there, and asks for time.
        const ErrorCode code = event.result.error().code();
        const bool answered = code == ErrorCode::TemporarilyUnavailable || code == ErrorCode::CaptivePortal;
        return end(answered ? Outcome::Busy : Outcome::Network, event.result.error());
    }
    m_step = Step::Journaling;
    m_journal = nextJournal(now);
    return {WriteJournal{m_journal}};
}

RefreshJournal RefreshTransaction::nextJournal(WallTime now)
{
    const QString fingerprint = m_base.refreshToken.fingerprint();
    if (m_sends > 0) { // the quick repetition: the first send is unresolved too
        RefreshJournal next = m_journal;
        ++next.unresolved;
        return next;
    }
    // A provider that does not rotate lets a token be sent again and again: what was stored since then is the answer to that.
    const bool isOpen = m_before && m_before->fingerprint == fingerprint && m_before->generation == m_base.generation;
    return {fingerprint, QUuid::createUuid().toString(QUuid::WithoutBraces),
            now,         (isOpen ? m_before->unresolved : 0) + 1,
            {},          m_base.generation};
}

RefreshTransaction::Actions RefreshTransaction::onJournalWritten(const JournalWritten &event, Instant instant)
{
    if (m_step == Step::Resolving) {
        // An entry that could not be set back only makes a later refusal sound less sure.
        const Finish finish = *m_pending;
        return end(finish.outcome, finish.error);
    }
    if (m_step == Step::Concluding) {
        const Finish finish = *m_pending;
        return remove(finish.error);
    }
    if (m_step != Step::Journaling)
        return {};
    // A token is not spent that could not be accounted for afterwards. Unsaved tokens are lost with the process anyway.
    if (!event.result && !m_published)
        return end(Outcome::Storage, event.result.error());
    m_step = Step::Sending;
    ++m_sends;
    m_sentAt = instant;
    return {Send{m_base.refreshToken, m_base.proofKey}};
}

RefreshTransaction::Actions RefreshTransaction::onAnswered(const TokenAnswer &answer, WallTime now)
{
    if (m_step != Step::Sending)
        return {};
    switch (answer.meaning) {
    case TokenAnswerClass::Success:
        return onGrant(answer.grant, now);
    case TokenAnswerClass::NotSent:
        return resolve(Outcome::Network, answer.error);
    case TokenAnswerClass::Ambiguous:
        if (m_sends < 2) {
            m_step = Step::Pausing;
            return {Wait{between(200ms, 1000ms, *m_random)}};
        }
        return end(Outcome::Network, answer.error);
    case TokenAnswerClass::Busy:
        return answer.maybeSpent ? end(Outcome::Busy, answer.error) : resolve(Outcome::Busy, answer.error);
    case TokenAnswerClass::Garbage:
        return end(Outcome::Busy, answer.error);
    case TokenAnswerClass::Unusable:
        return answer.grant.refreshToken.isEmpty() ? end(Outcome::Busy, answer.error) : onUnusable(answer);
    case TokenAnswerClass::FinalConfiguration:
        return resolve(Outcome::Configuration, answer.error);
    case TokenAnswerClass::FinalUser:
        break;
    }
    if (answer.error.code() != ErrorCode::InvalidGrant)
        return resolve(Outcome::NeedsPerson, answer.error);
    m_pending = Finish{Outcome::NeedsPerson, answer.error};
    m_step = Step::Rereading;
    return {Load{}};
}

RefreshTransaction::Actions RefreshTransaction::onGrant(const TokenGrant &grant, WallTime now)
{
    // Without a person to compare with, an ID token that nobody asked for says nothing.
    m_unexamined = m_base.subject.isEmpty() ? Secret() : grant.idToken;
    if (!m_unexamined.isEmpty() && namesAnotherPerson(m_unexamined, m_base.issuer, m_base.subject))
        return refuseGrant(grant);
    m_pending.reset();
    m_new = successor();
    m_new.accessToken = grant.accessToken;
    if (!grant.tokenType.isEmpty())
        m_new.tokenType = grant.tokenType;
    if (!grant.refreshToken.isEmpty())
        m_new.refreshToken = grant.refreshToken;
    if (grant.scopes)
        m_new.scopes = *grant.scopes;
    m_new.issuedAt = now;
    m_new.sentAt = m_sentAt;
    m_new.bootId = m_run;
    m_new.expiresAt = grant.expiresIn ? std::optional<WallTime>(now + *grant.expiresIn) : std::nullopt;
    return save();
}

// The refresh token that was sent is spent, and its successor came with something that cannot be used.
RefreshTransaction::Actions RefreshTransaction::onUnusable(const TokenAnswer &answer)
{
    m_pending = Finish{Outcome::Busy, answer.error};
    m_new = successor();
    m_new.refreshToken = answer.grant.refreshToken;
    return save();
}

// What is stored, one generation later.
TokenSet RefreshTransaction::successor() const
{
    TokenSet next = m_base;
    if (m_known.generation == m_base.generation && !m_known.idToken.isEmpty()) { // examined since it was saved
        next.idToken = m_known.idToken;
        next.accountName = m_known.accountName;
    }
    next.generation = std::max(m_base.generation, m_known.generation) + 1;
    next.tombstone = false;
    return next;
}

RefreshTransaction::Actions RefreshTransaction::save()
{
    m_published = false;
    m_saveFailures = 0;
    m_step = Step::Saving;
    return {Save{m_new}};
}

// What was sent is spent, and what came is somebody else's: only a new sign-in helps.
RefreshTransaction::Actions RefreshTransaction::refuseGrant(const TokenGrant &grant)
{
    const Error error = Error(ErrorCode::IdentityChanged, QStringLiteral("a refresh brought the ID token of another person"))
                            .withRemedy(QStringLiteral("Sign in again; if it persists, the provider mixes up its sessions."));
    m_pending = Finish{Outcome::NeedsPerson, error};
    m_new = m_base;
    m_new.refreshToken.clear();
    m_new.generation = std::max(m_base.generation, m_known.generation) + 1;
    m_step = Step::Removing;
    return {Discard{grant.refreshToken}, Save{m_new}};
}

RefreshTransaction::Actions RefreshTransaction::onReloaded(const Loaded &event)
{
    // One from before a sign-in that could not be stored yet does not count.
    if (event.tokens && event.tokens->tombstone && event.tokens->generation >= m_base.generation)
        return end(Outcome::SignedOut, Error(ErrorCode::SignedOut, QStringLiteral("the account was signed out")));
    // An older generation is what could not be replaced yet, and is spent.
    if (event.tokens && !event.tokens->refreshToken.isEmpty() && event.tokens->generation >= m_base.generation
        && !event.tokens->refreshToken.equals(m_base.refreshToken))
        return joined({Publish{*event.tokens, true}}, end(Outcome::Adopted));
    // The attempt that was refused is itself counted as unresolved.
    const QString said = m_pending->error.detail();
    if (m_journal.unresolved > 1)
        m_pending->error = Error(ErrorCode::RotationLost,
                                 QStringLiteral("an earlier refresh was carried out, but its "
                                                "answer never arrived (%1)")
                                     .arg(said));
    else
        m_pending->error = Error(ErrorCode::RevokedOrExpired, QStringLiteral("the provider ended the session (%1)").arg(said));
    m_journal.ended = m_pending->error.code();
    m_journal.generation = std::max(m_base.generation, m_known.generation) + 1;
    m_step = Step::Concluding;
    return {WriteJournal{m_journal}};
}

RefreshTransaction::Actions RefreshTransaction::remove(const Error &why)
{
    m_pending = Finish{Outcome::NeedsPerson, why};
    m_new = m_base;
    m_new.refreshToken.clear();
    m_new.generation = std::max(m_base.generation, m_known.generation) + 1;
    m_step = Step::Removing;
    return {Save{m_new}};
}

RefreshTransaction::Actions RefreshTransaction::onSaved(const Saved &event)
{
    if (m_step == Step::Removing) {
        // If it stays in the store, the next start is refused once more; that loses nothing.
        m_published = m_published && !event.result;
        Actions actions{Publish{m_new, bool(event.result)}};
        const Finish finish = *m_pending;
        return joined(actions, end(finish.outcome, finish.error));
    }
    if (m_step != Step::Saving)
        return {};
    if (event.result) {
        const bool late = m_published;
        m_published = false;
        m_step = Step::Idle;
        if (late)
            return {Unlock{}, Finish{Outcome::Recovered, {}}};
        return joined(published(true), {Unlock{}, m_pending.value_or(Finish{Outcome::Refreshed, {}})});
    }
    if (event.result.error().code() == ErrorCode::WrongState) {
        // Somebody wrote without the lock, as a sign-out may, or an earlier save arrived after all: look at what it is.
        m_published = false;
        m_orphan = m_new.refreshToken;
        m_known = m_new;
        --m_known.generation;
        m_step = Step::Reading;
        return {Load{}};
    }
    m_step = Step::SavingLater;
    ++m_saveFailures;
    const BackoffPolicy policy{.base = 1s, .floor = 500ms, .cap = 60s, .slowCap = 60s};
    const Wait wait{policy.delay(m_saveFailures, Duration::zero(), *m_random)};
    if (std::exchange(m_published, true))
        return {wait};
    return joined(published(false), {m_pending.value_or(Finish{Outcome::Refreshed, event.result.error()}), wait});
}

// Keys may have to be fetched for the ID token; neither the access token nor the lock wait for that.
RefreshTransaction::Actions RefreshTransaction::published(bool stored)
{
    Actions actions{Publish{m_new, stored}};
    if (!m_unexamined.isEmpty())
        actions.push_back(Examine{std::exchange(m_unexamined, {})});
    return actions;
}

RefreshTransaction::Actions RefreshTransaction::onElapsed()
{
    switch (m_step) {
    case Step::Locking:
        return {TryLock{}};
    case Step::Pausing:
        m_step = Step::Probing;
        return {Probe{}};
    case Step::SavingLater:
        m_step = Step::Saving;
        return {Save{m_new}};
    default:
        return {};
    }
}

RefreshTransaction::Actions RefreshTransaction::onCancel()
{
    if (!isRunning() || isCommitted())
        return {};
    return end(Outcome::Cancelled, Error(ErrorCode::Cancelled, QStringLiteral("the refresh was cancelled")));
}

RefreshTransaction::Actions RefreshTransaction::resolve(Finish::Outcome outcome, const Error &error)
{
    m_pending = Finish{outcome, error};
    m_step = Step::Resolving;
    RefreshJournal back = m_journal;
    --back.unresolved;
    return {WriteJournal{back}};
}

RefreshTransaction::Actions RefreshTransaction::end(Finish::Outcome outcome, Error error)
{
    if (m_published) { // unsaved tokens keep the lock and go on being saved
        m_step = Step::SavingLater;
        return {Finish{outcome, std::move(error)}, Wait{1s}};
    }
    m_step = Step::Idle;
    return {Unlock{}, Finish{outcome, std::move(error)}};
}

} // namespace Watchword
