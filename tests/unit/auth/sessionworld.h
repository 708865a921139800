// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "refresh/transactionqueue.h"
#include "session/sessionmachine.h"
#include "sessionoutside.h"

#include <deque>

namespace SessionTest {

using M = SessionMachine;
using T = RefreshTransaction;

/*
    A disk, a keychain, a provider and a person around one session's machines, driven by chance. Whatever is asked of disk,
   keychain and provider is answered later, in an order that chance picks, well or badly; meanwhile anything else may happen.
   Another process refreshes, signs in and signs out on the same disk, and the process of the session may be killed.

    The laws of SessionMachine are checked at each step, and in full whenever nothing is under way.
*/
class World : public Outside
{
public:
    explicit World(quint64 seed);

    void step();
    //! Called with each state and event before the event is fed.
    std::function<void(const M &, const M::Event &)> onEvent;

private:
    using Work = std::function<void()>;

    // The person, the provider and the other process.
    void personActs();
    void providerActs();
    void otherProcessActs();
    void signInEnds();
    void kill();

    // The session.
    void dispatch(const M::Event &event);
    void run(TransactionQueue::Outputs outputs);
    void drain();
    void perform(const M::Action &action);
    void perform(const TransactionQueue::Output &output);
    void openKey();
    void tell(const M::Tell &tell);
    void refresh();

    void later(Work work) { m_store.push_back(std::move(work)); }

    // The laws.
    void checkStep();
    void checkQuiet();
    bool isQuiet() const;

    std::unique_ptr<CorrectedClock> m_corrected;
    std::unique_ptr<M> m_machine;
    std::unique_ptr<TransactionQueue> m_queue;
    int m_serial = 0; // of the one asynchronous output that may still report
    int m_life = 0; // of the process; what was asked in an earlier one is not answered
    std::deque<Work> m_store; // in order, in the thread of the store
    std::deque<Work> m_network;
    std::deque<Work> m_keychain;
    std::deque<TransactionQueue::Output> m_outputs;
    std::deque<M::Action> m_actions;
    int m_readings = 0;
    int m_keyCalls = 0;
    enum class Flow { None, Running } m_flow = Flow::None;
    enum class Alarm { Off, On } m_wait = Alarm::Off, m_keyRetry = Alarm::Off, m_storeRetry = Alarm::Off;
    enum class Lock { Free, Mine } m_lock = Lock::Free;
};

} // namespace SessionTest
