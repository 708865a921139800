// SPDX-License-Identifier: Apache-2.0
// What the machine says about its network and its sleep. Hints: nothing waits for them for good.
#include "session/session_p.h"

#include "watchword/core/networkhints.h"

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kLookWithoutNetwork = 5min;
constexpr Duration kSoonest = 500ms; // a network that is there again needs a moment
constexpr Duration kLatest = 3s; // and not all programs may ask at once
constexpr Duration kLongestGoodNight = 60s; // awake after it was said that the machine will sleep

} // namespace

void Session::Private::watchSurroundings()
{
    if (NetworkHints *given = options.networkHints) {
        hints = given;
        networkDown = given->isDisconnected();
        connect(given, &NetworkHints::changed, this, &Private::onHints);
        connect(&networkAlarm, &Alarm::due, this, &Private::onNetworkBack);
    }
    if (!clock.source().runsByItself())
        return;
    sleepSignal = std::make_unique<SleepSignal>();
    connect(sleepSignal.get(), &SleepSignal::aboutToSleep, this, &Private::onAboutToSleep);
    connect(sleepSignal.get(), &SleepSignal::awoke, this, &Private::onAwoke);
    connect(&sleepAlarm, &Alarm::due, this, &Private::onAwoke);
}

// A refresh is due by its plan, or again after one that failed.
void Session::Private::onRefreshDue()
{
    if (!hints || !hints->isDisconnected() || waitsForNetwork)
        return beginRefresh(u"schedule"_s);
    waitsForNetwork = true;
    log(u"refresh.paused"_s, u"this machine has no network"_s);
    if (!facts.refreshProblem)
        facts.refreshProblem = Error(ErrorCode::Offline, u"this machine has no network"_s);
    refreshAlarm.start(kLookWithoutNetwork);
    setNextAttempt(kLookWithoutNetwork);
    updateState();
}

void Session::Private::onHints()
{
    if (!hints)
        return;
    const bool wasDown = std::exchange(networkDown, hints->isDisconnected());
    if (networkDown)
        return networkAlarm.cancel();
    const bool wanted = waitsForNetwork || (facts.refreshProblem && holdsForNetwork);
    if (wasDown && wanted && !networkAlarm.isActive())
        networkAlarm.start(kSoonest + Duration(qint64(double((kLatest - kSoonest).count()) * random.nextUnit())));
}

void Session::Private::onNetworkBack()
{
    if (!facts.signedIn && !facts.restoring)
        return;
    retry.reset();
    if (holdsForNetwork)
        holdUntil.reset();
    beginRefresh(u"the network is back"_s);
}

// A page in the way says more than that something failed.
Error Session::Private::explained(const Error &error) const
{
    if (!hints || !hints->isBehindCaptivePortal() || error.condition() != ErrorCondition::Offline)
        return error;
    return Error(ErrorCode::CaptivePortal, error.toString()).withRetryAfter(error.retryAfter());
}

// What was sent may be answered yet; what was not is not begun, so that its answer is not lost in the night.
void Session::Private::onAboutToSleep()
{
    using Step = RefreshTransaction::Step;
    log(u"machine.sleeps"_s);
    sleeping = true;
    sleepAlarm.start(kLongestGoodNight);
    const Step step = transaction.currentStep();
    const bool unsent = step == Step::Locking || step == Step::Reading || step == Step::Probing;
    if (unsent && !replacing && !signingOut) {
        heldForSleep = true;
        feed(RefreshTransaction::Cancel{});
    }
}

// Also if the machine stayed awake after all. The clocks may have told it before, and say how long it was.
void Session::Private::onAwoke()
{
    if (sleeping && !wake.look())
        onWokeUp(Duration::zero());
}

} // namespace Watchword
