// SPDX-License-Identifier: Apache-2.0
#include "refresh/transactionqueue.h"

#include <algorithm>
#include <utility>

namespace Watchword {

using T = RefreshTransaction;

TransactionQueue::TransactionQueue(RandomSource &random, QByteArray run)
    : m_transaction(random, std::move(run))
{
}

bool TransactionQueue::isDeciding() const
{
    return std::holds_alternative<Replacing>(m_state) || std::holds_alternative<Outdated>(m_state);
}

TransactionQueue::Outputs TransactionQueue::refresh(const TokenSet &known, WallTime now, Instant instant)
{
    if (isRunning() || std::holds_alternative<Outdated>(m_state))
        return {};
    m_state = Refreshing{};
    return step(T::Start{known}, now, instant);
}

TransactionQueue::Outputs TransactionQueue::replace(const SessionActions::Store &store, WallTime now, Instant instant)
{
    Outputs outputs;
    SessionActions::Store next = store;
    // What runs for the one before a sign-out is nobody's after the next sign-in either.
    if (const auto *before = std::get_if<Outdated>(&m_state);
        before && before->next.overtaken == SessionActions::Overtaken::Revoked)
        next.overtaken = SessionActions::Overtaken::Revoked;
    m_state = Outdated{next};
    feed(T::Cancel{}, now, instant, outputs);
    beginNext(now, instant, outputs);
    return outputs;
}

TransactionQueue::Outputs TransactionQueue::step(const T::Event &event, WallTime now, Instant instant)
{
    Outputs outputs;
    feed(event, now, instant, outputs);
    beginNext(now, instant, outputs);
    return outputs;
}

void TransactionQueue::feed(const T::Event &event, WallTime now, Instant instant, Outputs &outputs)
{
    const T::Actions actions = m_transaction.step(event, now, instant);
    std::optional<TokenSet> published;
    std::optional<T::Examine> examine;
    // What follows from an end comes after everything else has been set in motion.
    Outputs atLast;
    for (const T::Action &action : actions) {
        if (const auto *news = std::get_if<T::Publish>(&action)) {
            published = news->tokens;
        } else if (const auto *end = std::get_if<T::Finish>(&action)) {
            finish(*end, std::exchange(published, std::nullopt), atLast);
        } else if (std::holds_alternative<T::Examine>(action)) {
            examine = std::get<T::Examine>(action);
        } else if (const auto *stray = std::get_if<T::Discard>(&action)) {
            outputs.push_back(SessionActions::Revoke{stray->refreshToken});
        } else if (std::holds_alternative<T::Wait>(action) && std::holds_alternative<Outdated>(m_state)
                   && currentStep() == T::Step::Pausing) {
            feed(T::Cancel{}, now, instant, outputs); // a token that is about to be replaced is not sent once more
        } else {
            std::visit(
                [&outputs](const auto &one) {
                    if constexpr (std::is_constructible_v<Output, decltype(one)>)
                        outputs.push_back(one);
                },
                action);
        }
    }
    outputs.insert(outputs.end(), atLast.begin(), atLast.end());
    if (examine)
        outputs.push_back(*examine);
}

void TransactionQueue::finish(const T::Finish &finish, std::optional<TokenSet> published, Outputs &outputs)
{
    using Of = SessionEvents::TransactionEnded::Of;
    if (published && published->tombstone)
        published.reset();
    if (auto *outdated = std::get_if<Outdated>(&m_state)) {
        if (published) // its number is used up, stored or not
            outdated->next.knownGeneration = std::max(outdated->next.knownGeneration, published->generation);
        if (published && outdated->next.overtaken == SessionActions::Overtaken::Revoked)
            outputs.push_back(SessionActions::Revoke{published->refreshToken});
        else if (published)
            outputs.push_back(SessionEvents::Published{*published});
        return;
    }
    const Of of = std::holds_alternative<Replacing>(m_state) ? Of::Replacement : Of::Refresh;
    if (of == Of::Refresh || currentStep() != T::Step::SavingLater)
        m_state = Free{};
    outputs.push_back(SessionEvents::TransactionEnded{finish, of, {}, std::move(published)});
}

void TransactionQueue::beginNext(WallTime now, Instant instant, Outputs &outputs)
{
    const auto *outdated = std::get_if<Outdated>(&m_state);
    if (!outdated || isRunning())
        return;
    const SessionActions::Store next = outdated->next;
    m_state = Replacing{};
    feed(T::Replace{next.tokens, std::max(next.knownGeneration, next.tokens.generation)}, now, instant, outputs);
}

} // namespace Watchword
