// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/refreshtransaction.h"

#include <QSet>

/*! A disk, a provider and a process around a RefreshTransaction. */
namespace RefreshWorld {

using namespace Watchword;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;
using T = RefreshTransaction;
using Outcome = T::Finish::Outcome;

inline Secret secretOf(const QString &text)
{
    return Secret::take(text.toLatin1());
}

inline QString textOf(const Secret &secret)
{
    return QString::fromLatin1(secret.reveal());
}

inline TokenSet tokensOf(quint64 generation, const QString &refreshToken)
{
    TokenSet tokens;
    tokens.subject = u"alice"_s;
    tokens.accessToken = secretOf(u"access-%1"_s.arg(generation));
    tokens.refreshToken = secretOf(refreshToken);
    tokens.generation = generation;
    return tokens;
}

/* What one network exchange does, seen from outside. */
enum class Network { Fine, NotSent, LostBefore, LostAfter, Busy, BadGateway, Portal, Denied, Unusable, BadClient };

/*
    A disk, a provider that rotates and ends a family at the first reuse, and nothing else. Both survive a crash of the
    process. The provider and the disk check the two laws at every step.
*/
struct World
{
    TokenSet stored = tokensOf(1, u"r1"_s);
    std::optional<RefreshJournal> journal;
    bool lockedByOther = false;

    QString valid = u"r1"_s; // what the provider accepts; empty: family ended
    int counter = 1;
    QSet<QString> replaced; // whose successor was saved
    QStringList received; // handed to a machine
    QStringList violations;
    int posts = 0;

    TokenAnswer post(const QString &token, Network network)
    {
        using M = TokenAnswerClass;
        if (replaced.contains(token))
            violations += u"spent token %1 was sent again"_s.arg(token);
        switch (network) {
        case Network::NotSent:
            return {M::NotSent, {}, Error(ErrorCode::ConnectionRefused), false};
        case Network::LostBefore:
            return {M::Ambiguous, {}, Error(ErrorCode::ConnectionLost), true};
        case Network::Busy:
            return {M::Busy, {}, Error(ErrorCode::TemporarilyUnavailable), false};
        case Network::BadGateway:
            return {M::Busy, {}, Error(ErrorCode::TemporarilyUnavailable), true};
        case Network::Portal:
            return {M::Garbage, {}, Error(ErrorCode::CaptivePortal), true};
        case Network::BadClient:
            return {M::FinalConfiguration, {}, Error(ErrorCode::InvalidClient), false};
        case Network::Denied:
            valid.clear();
            break;
        default:
            break;
        }
        ++posts;
        if (token != valid) {
            valid.clear(); // reuse ends the family
            return {M::FinalUser, {}, Error(ErrorCode::InvalidGrant), false};
        }
        valid = u"r%1"_s.arg(++counter);
        if (network == Network::LostAfter)
            return {M::Ambiguous, {}, Error(ErrorCode::ConnectionLost), true};
        TokenAnswer answer;
        answer.meaning = network == Network::Unusable ? M::Unusable : M::Success;
        answer.error = Error(ErrorCode::InvalidResponse); // of Unusable
        answer.grant.accessToken = secretOf(u"access-%1"_s.arg(counter));
        answer.grant.refreshToken = secretOf(valid);
        answer.grant.tokenType = u"Bearer"_s;
        answer.grant.expiresIn = 300s;
        received += valid;
        return answer;
    }

    Result<void> save(const TokenSet &tokens)
    {
        if (tokens.generation <= stored.generation)
            return Error(ErrorCode::WrongState);
        if (!tokens.refreshToken.equals(stored.refreshToken) && !tokens.refreshToken.isEmpty())
            replaced += textOf(stored.refreshToken);
        stored = tokens;
        return {};
    }
};

/* A process: carries out actions until it ends, or dies before its n-th action. */
struct Process
{
    explicit Process(World &w)
        : world(w)
        , random(1)
        , machine(random)
    {
    }

    World &world;
    SeededRandom random;
    T machine;
    int dieAt = -1; // action number; -1: lives
    bool dieAfter = false; // carried out, but the answer is never seen
    int failAt = -1; // the action that fails
    QList<Network> network; // of the next exchanges; then Fine
    int actions = 0;
    bool dead = false;
    Instant time{1h};
    QList<T::Finish> finishes;
    QList<std::pair<TokenSet, bool>> published;
    QStringList trace;

    void run(const T::Event &event, int limit = 200)
    {
        QList<T::Event> events{event};
        while (!events.isEmpty() && !dead && limit-- > 0) {
            const T::Actions todo = machine.step(events.takeFirst(), wallTimeFromSeconds(1'800'000'000), time);
            for (const T::Action &action : todo) {
                const int number = actions++;
                if (number == dieAt && !dieAfter) {
                    dead = true;
                    return;
                }
                perform(action, number == failAt, events);
                if (number == dieAt) {
                    dead = true;
                    return;
                }
            }
        }
    }

    void perform(const T::Action &action, bool fails, QList<T::Event> &events)
    {
        const Error broken(ErrorCode::StorageFailed, u"disk full"_s);
        if (std::holds_alternative<T::TryLock>(action)) {
            trace += u"lock"_s;
            const bool busy = world.lockedByOther || fails;
            events += T::LockTried{busy ? Result<void>(Error(ErrorCode::LockBusy)) : Result<void>()};
        } else if (std::holds_alternative<T::Load>(action)) {
            trace += u"load"_s;
            events += T::Loaded{fails ? Result<TokenSet>(broken) : Result<TokenSet>(world.stored), world.journal};
        } else if (std::holds_alternative<T::Probe>(action)) {
            trace += u"probe"_s;
            events += T::Probed{fails ? Result<void>(Error(ErrorCode::Offline)) : Result<void>()};
        } else if (const auto *write = std::get_if<T::WriteJournal>(&action)) {
            trace += u"journal"_s;
            if (!fails)
                world.journal = write->journal;
            events += T::JournalWritten{fails ? Result<void>(broken) : Result<void>()};
        } else if (const auto *send = std::get_if<T::Send>(&action)) {
            trace += u"send"_s;
            const Network how = fails ? Network::LostAfter : network.isEmpty() ? Network::Fine : network.takeFirst();
            events += T::Answered{world.post(textOf(send->refreshToken), how)};
        } else if (const auto *save = std::get_if<T::Save>(&action)) {
            trace += u"save"_s;
            events += T::Saved{fails ? Result<void>(broken) : world.save(save->tokens)};
        } else if (const auto *wait = std::get_if<T::Wait>(&action)) {
            trace += u"wait"_s;
            time += wait->time;
            events += T::Elapsed{};
        } else if (const auto *news = std::get_if<T::Publish>(&action)) {
            trace += u"publish"_s;
            published.append({news->tokens, news->stored});
        } else if (std::holds_alternative<T::Unlock>(action)) {
            trace += u"unlock"_s;
        } else if (const auto *finish = std::get_if<T::Finish>(&action)) {
            trace += u"finish"_s;
            finishes += *finish;
        }
    }
};

} // namespace RefreshWorld
