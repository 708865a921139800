// SPDX-License-Identifier: Apache-2.0
#include "session/unreadaccount.h"

#include <algorithm>
#include <iterator>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

// Keyrings start late, and people unlock them when they come to it.
constexpr std::chrono::seconds kKeyRetries[] = {1s, 2s, 5s, 10s, 30s, 60s};

// A person who typed a wrong passphrase, or none, is asked again when they want to be.
bool awaitsPerson(const Error &error)
{
    return error.code() == ErrorCode::DecryptionFailed || error.code() == ErrorCode::Cancelled;
}

// Only then is a new key made in the place of one that cannot be had: a person decided to sign in anew.
bool isKeyLost(const std::optional<Error> &problem)
{
    return problem && (problem->code() == ErrorCode::KeychainInconsistent || problem->code() == ErrorCode::StoreCorrupt);
}

} // namespace

using Meaning = UnreadAccount::Meaning;
using Key = UnreadAccount::SignedOutUnread::Key;
using Tombstone = UnreadAccount::SignedOutUnread::Tombstone;

UnreadAccount::UnreadAccount(RandomSource &random)
    : m_random(&random)
{
}

std::optional<Error> UnreadAccount::keyProblem() const
{
    if (const auto *waiting = std::get_if<AwaitingKeychain>(&m_state))
        return waiting->problem;
    if (const auto *making = std::get_if<MakingKey>(&m_state))
        return making->problem;
    const auto *opening = std::get_if<OpeningKey>(&m_state);
    return opening ? opening->problem : std::nullopt;
}

bool UnreadAccount::isOpening() const
{
    const auto *unread = std::get_if<SignedOutUnread>(&m_state);
    return is<OpeningKey>() || is<MakingKey>() || (unread && unread->key == Key::Opening);
}

Meaning UnreadAccount::on(const Start &, Actions &actions)
{
    if (!is<Unstarted>())
        return Nothing{};
    m_state = OpeningKey{};
    actions.push_back(OpenKey{KeyCreation::Never});
    return Nothing{};
}

// Before the browser opens: a person who signs in wants to stay signed in.
Meaning UnreadAccount::on(const SignIn &, Actions &actions)
{
    if (is<ReadingStore>() || is<ReadingSignedOut>()) {
        actions.push_back(Do{Task::ReadStore}); // it may be waiting to do so
        return Nothing{};
    }
    if (auto *unread = std::get_if<SignedOutUnread>(&m_state)) {
        if (unread->key == Key::There)
            return Nothing{};
        unread->key = Key::Opening;
        actions.push_back(OpenKey{KeyCreation::Always});
        return Nothing{};
    }
    const std::optional<Error> problem = keyProblem();
    if (is<NeverSignedIn>())
        m_state = MakingKey{};
    else if (const auto *waiting = std::get_if<AwaitingKeychain>(&m_state))
        m_state = OpeningKey{problem, waiting->failures};
    else if (is<Unstarted>())
        m_state = OpeningKey{};
    actions.push_back(Log{u"signin.needs_key"_s});
    actions.push_back(OpenKey{isKeyLost(problem) ? KeyCreation::Always : KeyCreation::IfNeverMade});
    return Nothing{};
}

// A key is not made for a sign-in that nobody wants any more.
Meaning UnreadAccount::on(const CancelSignIn &, Actions &actions)
{
    if (isOpening())
        actions.push_back(OpenKey{KeyCreation::Never});
    if (is<MakingKey>())
        m_state = NeverSignedIn{};
    return Nothing{};
}

Meaning UnreadAccount::on(const SignOut &, Actions &actions)
{
    if (const auto *opening = std::get_if<OpeningKey>(&m_state)) {
        signOut(Key::Opening, opening->failures, actions);
    } else if (const auto *waiting = std::get_if<AwaitingKeychain>(&m_state)) {
        signOut(awaitsPerson(waiting->problem) ? Key::AwaitsPerson : Key::Waiting, waiting->failures, actions);
    } else if (is<MakingKey>()) {
        signOut(Key::Opening, 0, actions);
    } else if (is<ReadingStore>()) {
        signOut(Key::There, 0, actions);
    } else {
        return Nothing{};
    }
    return SignedOutNow{};
}

void UnreadAccount::signOut(Key key, int failures, Actions &actions)
{
    actions.push_back(Log{u"signout.started"_s, key == Key::There ? u"before the store was read"_s : u"without the key"_s});
    m_state = SignedOutUnread{key, Tombstone::BeingLeft, failures};
    actions.push_back(Do{Task::LeaveTombstone});
}

Meaning UnreadAccount::on(const RetryKeychain &, Actions &actions)
{
    const auto *waiting = std::get_if<AwaitingKeychain>(&m_state);
    if (!waiting)
        return Nothing{};
    m_state = OpeningKey{waiting->problem, waiting->failures};
    actions.push_back(OpenKey{KeyCreation::Never});
    return Nothing{};
}

Meaning UnreadAccount::on(const KeyRetryDue &, Actions &actions)
{
    auto *unread = std::get_if<SignedOutUnread>(&m_state);
    if (!unread || unread->key != Key::Waiting)
        return on(RetryKeychain{}, actions);
    unread->key = Key::Opening;
    actions.push_back(OpenKey{KeyCreation::Never});
    return Nothing{};
}

Meaning UnreadAccount::on(const KeychainSilent &, Actions &)
{
    const Error problem(ErrorCode::KeychainUnresponsive, u"the keychain has not answered yet"_s);
    if (auto *opening = std::get_if<OpeningKey>(&m_state))
        opening->problem = problem;
    else if (auto *making = std::get_if<MakingKey>(&m_state))
        making->problem = problem;
    return Nothing{};
}

Meaning UnreadAccount::on(const KeyOpened &, Actions &actions)
{
    if (!isOpening())
        return Nothing{};
    if (auto *unread = std::get_if<SignedOutUnread>(&m_state)) {
        unread->key = Key::There;
        readWhenSignedOut(actions);
        return Nothing{};
    }
    m_state = ReadingStore{is<MakingKey>() ? Nobody::IsKnown : Nobody::IsNews};
    actions.insert(actions.end(), {ShowNextAttempt{}, Do{Task::ReadStore}});
    return Nothing{};
}

Meaning UnreadAccount::on(const KeyFailed &event, Actions &actions)
{
    if (!isOpening())
        return Nothing{};
    actions.push_back(Log{u"key.failed"_s, event.error.toString()});
    if (event.error.code() != ErrorCode::NotFound) {
        waitForKey(event.error, actions);
        return KeyRefused{event.error};
    }
    const bool wasAsked = !is<SignedOutUnread>(); // else there was nobody to sign out
    m_state = NeverSignedIn{};
    if (!wasAsked)
        return Nothing{};
    return NoKeyYet{Error(ErrorCode::SignInRequired, u"nobody has signed in yet"_s)};
}

void UnreadAccount::waitForKey(const Error &error, Actions &actions)
{
    auto *unread = std::get_if<SignedOutUnread>(&m_state);
    const auto *opening = std::get_if<OpeningKey>(&m_state);
    const int failures = unread ? unread->failures : opening ? opening->failures : 0;
    const Duration wait = kKeyRetries[std::min<size_t>(size_t(failures), std::size(kKeyRetries) - 1)];
    const bool asked = awaitsPerson(error);
    if (unread) {
        unread->key = asked ? Key::AwaitsPerson : Key::Waiting;
        unread->failures = failures + 1;
    } else {
        m_state = AwaitingKeychain{error, failures + 1};
        actions.push_back(ShowNextAttempt{asked ? std::nullopt : std::optional<Duration>(wait)});
        actions.push_back(FailRequests{error});
    }
    if (!asked)
        actions.push_back(RetryKey{wait});
}

Meaning UnreadAccount::on(const StoreRead &event, Actions &actions)
{
    const bool fails = !event.loaded.tokens && event.loaded.tokens.error().code() == ErrorCode::StorageFailed;
    if (auto *reading = std::get_if<ReadingStore>(&m_state)) {
        if (!fails)
            return Read{event.loaded, reading->nobody};
        const Duration wait = reading->retry.next(RetryPlanner::Cause::Storage, {}, *m_random);
        reading->problem = event.loaded.tokens.error();
        actions.push_back(Log{u"store.failed"_s, reading->problem->toString()});
        actions.push_back(ShowNextAttempt{wait});
        actions.push_back(RetryStore{wait});
        return Unreadable{};
    }
    if (auto *reading = std::get_if<ReadingSignedOut>(&m_state)) {
        if (!fails)
            return ReadSignedOut{event.loaded};
        actions.push_back(RetryStore{reading->retry.next(RetryPlanner::Cause::Storage, {}, *m_random)});
        return Unreadable{};
    }
    return Nothing{};
}

Meaning UnreadAccount::on(const StoreRetryDue &, Actions &actions)
{
    const auto *unread = std::get_if<SignedOutUnread>(&m_state);
    if (unread && unread->tombstone == Tombstone::BeingLeft)
        actions.push_back(Do{Task::LeaveTombstone});
    else if (is<ReadingStore>() || is<ReadingSignedOut>())
        actions.push_back(Do{Task::ReadStore});
    return Nothing{};
}

Meaning UnreadAccount::on(const TombstoneLeft &event, Actions &actions)
{
    auto *unread = std::get_if<SignedOutUnread>(&m_state);
    if (!unread || unread->tombstone == Tombstone::Left)
        return Nothing{};
    if (event.result) {
        actions.push_back(Log{u"signout.left"_s});
        unread->tombstone = Tombstone::Left;
        readWhenSignedOut(actions);
        return Nothing{};
    }
    actions.push_back(Log{u"store.failed"_s, event.result.error().toString()});
    actions.push_back(Tell{Notice::StorageDegraded, event.result.error()});
    actions.push_back(RetryStore{unread->retry.next(RetryPlanner::Cause::Storage, {}, *m_random)});
    return unread->key == Key::There ? Meaning(Unreadable{}) : Meaning(Nothing{});
}

void UnreadAccount::readWhenSignedOut(Actions &actions)
{
    const auto &unread = std::get<SignedOutUnread>(m_state);
    if (unread.key != Key::There || unread.tombstone != Tombstone::Left)
        return;
    m_state = ReadingSignedOut{};
    actions.push_back(Do{Task::ReadStore});
}

} // namespace Watchword
