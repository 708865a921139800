// SPDX-License-Identifier: Apache-2.0
#include "sessionworld.h"

#include "sessiontable.h"

namespace SessionTest {

World::World(quint64 seed)
    : Outside(seed)
{
    kill();
}

// The process ends without a word, and is started anew.
void World::kill()
{
    note(u"killed"_s);
    ++m_life;
    m_store.clear();
    m_network.clear();
    m_keychain.clear();
    m_outputs.clear();
    m_actions.clear();
    // Nobody knows of an answer that died with the process before the disk had it.
    for (auto it = m_predecessors.cbegin(); it != m_predecessors.cend(); ++it) {
        if (!m_saved.contains(it.key()))
            m_answered.remove(it.value());
    }
    m_outstanding.clear();
    m_flow = Flow::None;
    m_wait = m_keyRetry = m_storeRetry = Alarm::Off;
    m_lock = Lock::Free;
    m_corrected = std::make_unique<CorrectedClock>(m_clock);
    const M::Settings settings{u"https://issuer.example"_s, u"app"_s, M::Settings::Storage::Files};
    m_machine = std::make_unique<M>(settings, *m_corrected, m_random);
    m_queue = std::make_unique<TransactionQueue>(m_random, QByteArrayLiteral("run"));
    // What was decided and not on the disk yet is lost with the process; a person sees that nobody, or somebody, is signed in.
    const TokenSet now = stored();
    const bool present = now.generation > 0 && !now.tombstone;
    m_decision = present ? Decision::SignedIn : now.tombstone ? Decision::SignedOut : Decision::None;
    m_decidedFor = present ? now.subject : QString();
    count(u"kill"_s);
}

// --- What happens

void World::step()
{
    const double chance = m_random.nextUnit();
    if (chance < 0.10)
        personActs();
    else if (chance < 0.12)
        otherProcessActs();
    else if (chance < 0.13)
        providerActs();
    else if (chance < 0.132)
        kill();
    else if (chance < 0.20)
        signInEnds();
    else if (chance < 0.26)
        refresh();
    else if (chance < 0.32 && m_wait == Alarm::On) {
        m_wait = Alarm::Off;
        run(m_queue->step(T::Elapsed{}, m_corrected->now(), m_clock.now()));
    } else if (chance < 0.36 && m_keyRetry == Alarm::On) {
        m_keyRetry = Alarm::Off;
        dispatch(M::KeyRetryDue{});
    } else if (chance < 0.40 && m_storeRetry == Alarm::On) {
        m_storeRetry = Alarm::Off;
        dispatch(M::StoreRetryDue{});
    } else if (chance < 0.42) {
        m_clock.advance(Duration(qint64(m_random.nextUnit() * 120'000)));
        dispatch(M::TokenEnded{});
    } else {
        std::deque<Work> *const all[] = {&m_store, &m_network, &m_keychain};
        auto &work = *all[size_t(m_random.nextUnit() * 3)];
        if (!work.empty()) {
            const Work next = std::move(work.front());
            work.pop_front();
            next();
        }
    }
    checkStep();
    if (isQuiet())
        checkQuiet();
}

void World::personActs()
{
    const double chance = m_random.nextUnit();
    if (chance < 0.30)
        return dispatch(M::Start{});
    if (chance < 0.60)
        return dispatch(M::SignIn{});
    if (chance < 0.70)
        return dispatch(M::CancelSignIn{});
    if (chance < 0.80)
        return dispatch(M::RetryKeychain{});
    if (chance < 0.90) {
        const SignInOutcome *other = m_machine->signIn().otherUser();
        if (other) {
            m_decision = Decision::SignedIn;
            m_decidedFor = other->claims.subject;
            m_outstanding.removeIf([this](const auto &one) { return one.value() == m_decidedFor; });
            received(textOf(other->tokens.refreshToken), m_decidedFor);
            count(u"other user accepted"_s);
        }
        return dispatch(M::AcceptOtherUser{});
    }
    if (chance < 0.93)
        return dispatch(M::OtherUserPatienceEnded{});
    const bool canSignOut = m_machine->held() || m_machine->is<M::Unread>();
    const auto *unread = std::get_if<M::Unread>(&m_machine->state());
    const bool unknown = unread
        && (unread->account.is<UnreadAccount::OpeningKey>() || unread->account.is<UnreadAccount::MakingKey>()
            || unread->account.is<UnreadAccount::AwaitingKeychain>() || unread->account.is<UnreadAccount::ReadingStore>());
    if (canSignOut && (!unread || unknown)) {
        m_decision = Decision::SignedOut;
        m_decidedFor.clear();
        count(unread ? u"signed out unread"_s : u"signed out"_s);
    }
    dispatch(M::SignOut{});
    if (m_machine->held())
        violate(u"somebody is signed in after signing out"_s);
}

// It ends a session, for everybody who shares it.
void World::providerActs()
{
    const QString token = textOf(m_disk.refreshToken);
    if (!token.isEmpty() && !m_disk.tombstone)
        m_ended += m_tokens.value(token).family;
}

// Under the lock, and while this process has decided nothing that is not on the disk yet.
void World::otherProcessActs()
{
    const auto *unread = std::get_if<M::Unread>(&m_machine->state());
    const bool deciding = m_machine->is<M::StoringSignIn>() || m_machine->is<M::StoringSignOut>() || m_queue->isDeciding()
        || (unread
            && (unread->account.is<UnreadAccount::SignedOutUnread>() || unread->account.is<UnreadAccount::ReadingSignedOut>()));
    if (m_lock == Lock::Mine || deciding || m_key == Key::None)
        return;
    const TokenSet now = stored();
    const double chance = m_random.nextUnit();
    TokenSet next;
    if (chance < 0.4 && !now.tombstone && !now.refreshToken.isEmpty()) {
        const QString token = textOf(now.refreshToken);
        if (m_spent.contains(token) || m_ended.contains(m_tokens.value(token).family))
            return;
        m_spent += token;
        m_answered += token;
        next = newTokens(now.subject);
        m_tokens[textOf(next.refreshToken)].family = m_tokens.value(token).family;
        count(u"another process refreshed"_s);
    } else if (chance < 0.7) {
        next.tombstone = true;
        m_decision = Decision::SignedOut;
        m_decidedFor.clear();
        m_mayEnd = MaySayEnded::Yes;
        count(u"another process signed out"_s);
    } else {
        next = newTokens(u"alice"_s);
        m_decision = Decision::SignedIn;
        m_decidedFor = u"alice"_s;
        m_outstanding.removeIf([](const auto &one) { return one.value() == u"alice"_s; });
        count(u"another process signed in"_s);
    }
    next.generation = now.generation + 1;
    note(u"another process stored %1 %2 generation %3"_s.arg(next.subject, textOf(next.refreshToken)).arg(next.generation));
    m_disk = next;
}

void World::signInEnds()
{
    if (m_flow == Flow::None)
        return;
    const double chance = m_random.nextUnit();
    if (chance < 0.2)
        return dispatch(M::SignInEnded{Error(ErrorCode::AccessDenied)});
    const QString subject = chance < 0.75 ? u"alice"_s : u"bob"_s;
    const TokenSet tokens = newTokens(subject);
    received(textOf(tokens.refreshToken), subject);
    if (chance < 0.3)
        return dispatch(M::SignInEnded{Error(ErrorCode::BadSignature), tokens.refreshToken});
    SignInOutcome outcome;
    outcome.tokens = tokens;
    outcome.claims.subject = outcome.claims.accountName = subject;
    const QString owner = m_machine->owner().subject;
    if (owner.isEmpty() || owner == subject) {
        m_decision = Decision::SignedIn;
        m_decidedFor = subject;
        // Who signs in again needs nothing of before.
        m_outstanding.removeIf([&](const auto &one) { return one.value() == subject; });
        received(textOf(tokens.refreshToken), subject);
        count(u"signed in"_s);
    }
    dispatch(M::SignInEnded{outcome});
}

// --- The session

void World::dispatch(const M::Event &event)
{
    if (onEvent)
        onEvent(*m_machine, event);
    const QString before = nameOf(*m_machine) + u" + "_s + nameOf(event);
    const M::Actions actions = m_machine->step(event, m_clock.now());
    note(before + u" = "_s + nameOf(*m_machine));
    for (const M::Action &action : actions)
        note(u"    "_s + nameOf(action));
    m_actions.insert(m_actions.end(), actions.begin(), actions.end());
    drain();
}

void World::drain()
{
    while (!m_actions.empty()) {
        const M::Action next = std::move(m_actions.front());
        m_actions.pop_front();
        perform(next);
    }
}

void World::refresh()
{
    if (m_machine->canRefresh())
        run(m_queue->refresh(m_machine->tokens(), m_corrected->now(), m_clock.now()));
}

void World::perform(const M::Action &action)
{
    using Task = M::Task;
    if (const auto *task = std::get_if<M::Do>(&action)) {
        if (task->task == Task::ReadStore) {
            later([this, reading = ++m_readings] {
                const T::Loaded loaded{load(), m_journal};
                if (reading == m_readings)
                    dispatch(M::StoreRead{loaded});
            });
        } else if (task->task == Task::LeaveTombstone) {
            later([this] {
                const bool failed = fails(0.3);
                if (!failed && m_disk.generation > 0 && !stored().tombstone)
                    m_leftTombstone = m_disk.generation + 2;
                dispatch(M::TombstoneLeft{failed ? Result<void>(Error(ErrorCode::StorageFailed)) : Result<void>()});
            });
        } else if (task->task == Task::BeginSignIn) {
            m_flow = Flow::Running;
        } else if (task->task == Task::EndSignIn) {
            m_flow = Flow::None;
        } else if (task->task == Task::StopRetries) {
            m_keyRetry = m_storeRetry = Alarm::Off;
        }
    } else if (std::holds_alternative<M::OpenKey>(action)) {
        m_keyRetry = Alarm::Off;
        m_key = std::get<M::OpenKey>(action).creation == M::KeyCreation::Never ? m_key : Key::Made;
        openKey();
    } else if (std::holds_alternative<M::RetryKey>(action)) {
        m_keyRetry = Alarm::On;
    } else if (std::holds_alternative<M::RetryStore>(action)) {
        m_storeRetry = Alarm::On;
    } else if (std::holds_alternative<M::Refresh>(action)) {
        refresh();
    } else if (const auto *store = std::get_if<M::Store>(&action)) {
        m_wait = Alarm::Off;
        run(m_queue->replace(*store, m_corrected->now(), m_clock.now()));
    } else if (const auto *stray = std::get_if<M::Revoke>(&action)) {
        takenBack(stray->refreshToken);
    } else if (const auto *notice = std::get_if<M::Tell>(&action)) {
        tell(*notice);
    }
}

void World::openKey()
{
    m_keychain.push_back([this, call = ++m_keyCalls] {
        if (call != m_keyCalls)
            return;
        const double chance = m_random.nextUnit();
        if (chance < 0.1) {
            m_keychain.push_front([this, call] {
                if (call == m_keyCalls)
                    dispatch(M::KeyOpened{});
            });
            return dispatch(M::KeychainSilent{});
        }
        if (m_key == Key::None)
            return dispatch(M::KeyFailed{Error(ErrorCode::NotFound)});
        if (chance < 0.25)
            return dispatch(M::KeyFailed{Error(ErrorCode::KeychainLocked)});
        if (chance < 0.30)
            return dispatch(M::KeyFailed{Error(ErrorCode::DecryptionFailed)});
        dispatch(M::KeyOpened{});
    });
}

void World::tell(const M::Tell &tell)
{
    using Notice = M::Notice;
    count(u"told %1"_s.arg(int(tell.notice)));
    const bool out = m_decision == Decision::SignedOut;
    if (tell.notice == Notice::SignedOut && !out && m_mayEnd == MaySayEnded::No)
        violate(u"signed out although nobody wanted it"_s);
    if (tell.notice == Notice::SignedIn && !m_machine->held())
        violate(u"signed in without tokens"_s);
}

void World::run(TransactionQueue::Outputs outputs)
{
    m_outputs.insert(m_outputs.end(), outputs.begin(), outputs.end());
    while (!m_outputs.empty()) {
        const TransactionQueue::Output next = std::move(m_outputs.front());
        m_outputs.pop_front();
        ++m_serial;
        perform(next);
    }
}

void World::perform(const TransactionQueue::Output &output)
{
    const auto feed = [this, serial = m_serial](const T::Event &event) {
        if (serial == m_serial)
            run(m_queue->step(event, m_corrected->now(), m_clock.now()));
    };
    if (std::holds_alternative<T::TryLock>(output)) {
        later([this, feed, serial = m_serial] {
            const bool busy = fails(0.1);
            if (!busy && serial == m_serial)
                m_lock = Lock::Mine;
            feed(T::LockTried{busy ? Result<void>(Error(ErrorCode::LockBusy)) : Result<void>()});
        });
    } else if (std::holds_alternative<T::Load>(output)) {
        later([this, feed] {
            const T::Loaded loaded{load(), m_journal};
            m_reading = loaded.tokens ? Reading::Done : Reading::Failed;
            feed(loaded);
        });
    } else if (std::holds_alternative<T::Probe>(output)) {
        m_network.push_back(
            [this, feed] { feed(T::Probed{fails(0.1) ? Result<void>(Error(ErrorCode::HostNotFound)) : Result<void>()}); });
    } else if (const auto *write = std::get_if<T::WriteJournal>(&output)) {
        later([this, feed, journal = write->journal] {
            const bool failed = fails(0.05);
            if (!failed)
                m_journal = journal;
            feed(T::JournalWritten{failed ? Result<void>(Error(ErrorCode::StorageFailed)) : Result<void>()});
        });
    } else if (const auto *send = std::get_if<T::Send>(&output)) {
        const QString token = textOf(send->refreshToken);
        if (m_answered.contains(token))
            violate(u"%1 was sent again"_s.arg(token));
        count(u"sent"_s);
        note(u"sent %1"_s.arg(token));
        m_network.push_back([this, feed, token] {
            const auto *storing = std::get_if<M::StoringSignIn>(&m_machine->state());
            feed(T::Answered{answer(token, storing ? storing->incoming.subject : QString())});
        });
    } else if (const auto *store = std::get_if<T::Save>(&output)) {
        m_lock = Lock::Mine; // or nobody's any more, after the time that a decision waits for it
        later([this, feed, set = store->tokens] { feed(T::Saved{save(set)}); });
    } else if (std::holds_alternative<T::Wait>(output)) {
        m_wait = Alarm::On;
    } else if (std::holds_alternative<T::Unlock>(output)) {
        m_lock = Lock::Free;
    } else if (const auto *stray = std::get_if<M::Revoke>(&output)) {
        takenBack(stray->refreshToken);
    } else if (const auto *news = std::get_if<M::Published>(&output)) {
        dispatch(*news);
    } else if (const auto *end = std::get_if<M::TransactionEnded>(&output)) {
        dispatch(*end);
    }
}

// --- The laws

void World::checkStep()
{
    if (const auto *needs = std::get_if<M::NeedsPerson>(&m_machine->state())) {
        const QString token = textOf(m_machine->tokens().accessToken).mid(1); // as the provider names both alike
        if (!m_ended.contains(m_tokens.value(token).family))
            violate(u"a person is needed although the provider ended nothing: "_s + needs->reason.toString());
    }
    if (m_decision == Decision::SignedOut && m_mayEnd == MaySayEnded::No && m_machine->held())
        violate(u"somebody is signed in after signing out"_s);
}

bool World::isQuiet() const
{
    return m_store.empty() && m_network.empty() && m_keychain.empty() && !m_queue->isRunning()
        && m_queue->currentStep() == T::Step::Idle && m_keyRetry == Alarm::Off && m_storeRetry == Alarm::Off
        && m_flow == Flow::None && !m_machine->is<M::Unread>();
}

// Nothing is under way: what was decided is what is, in memory and on the disk, and everything received is somewhere.
void World::checkQuiet()
{
    count(u"quiet"_s);
    const SignInOutcome *other = m_machine->signIn().otherUser();
    if (other)
        kept(other->tokens.refreshToken); // held until it is accepted, or not
    for (auto it = m_outstanding.cbegin(); it != m_outstanding.cend(); ++it)
        violate(u"%1 was received and lost"_s.arg(it.key()));
    for (const QString &token : std::as_const(m_overwritten))
        violate(u"%1 was stored, is nobody's any more, and was not revoked"_s.arg(token));
    m_outstanding.clear();
    if (other)
        m_outstanding.insert(textOf(other->tokens.refreshToken), other->claims.subject);
    const TokenSet before = stored();
    dispatch(M::NewsRead{
        {before.generation == 0 ? Result<TokenSet>(Error(ErrorCode::NotFound)) : Result<TokenSet>(before), m_journal}});
    if (!isQuiet())
        return; // it has begun something
    const TokenSet now = stored();
    const bool present = now.generation > 0 && !now.tombstone;
    if (m_decision == Decision::SignedOut && (present || m_machine->held()))
        violate(u"a sign-out was undone"_s);
    if (m_decision == Decision::SignedIn && (!present || !m_machine->held()))
        violate(u"a sign-in was undone"_s);
    if (m_decision == Decision::SignedIn && (now.subject != m_decidedFor || m_machine->tokens().subject != m_decidedFor))
        violate(u"somebody else is signed in than %1"_s.arg(m_decidedFor));
    m_mayEnd = MaySayEnded::No;
}

} // namespace SessionTest
