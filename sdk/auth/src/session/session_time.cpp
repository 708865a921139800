// SPDX-License-Identifier: Apache-2.0
#include "session/session_p.h"

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kSettleLeast = 1s;
constexpr Duration kSettleMost = 4s;

} // namespace

void Session::Private::onTimeLearned(const ServerTime &time)
{
    if (clock.takeStep())
        log(u"clock.stepped"_s, u"the date of this machine was set"_s);
    clock.observe(time);
    const auto warning = clock.takeWarning();
    if (!warning)
        return;
    log(u"clock.skew"_s, warning->count() == 0 ? u"put right"_s : u"%1 s"_s.arg(warning->count()));
    Q_EMIT q->clockSkewDetected(warning->count());
}

// The network that is there after a wake-up is often the one from before, or none: a refresh token is not spent into it.
void Session::Private::onWokeUp(Duration slept)
{
    log(u"machine.woke"_s, u"after %1 s"_s.arg(slept.count() / 1000));
    if (clock.takeStep())
        log(u"clock.stepped"_s, u"while the machine slept"_s);
    unsettled = true;
    sleeping = false;
    sleepAlarm.cancel();
    if (settleAlarm.isActive()) // it slept again between the two looks at the host: both anew
        settleAlarm.startAt(clock.instant());
    provider.http().onWake();
    updateState();
    // What failed before the sleep is no sign of what will fail now.
    if (holdUntil && holdsForNetwork) {
        retry.reset();
        holdUntil.reset();
        if (refreshAlarm.isActive())
            refreshAlarm.startAt(clock.instant());
    }
    if (std::exchange(heldForSleep, false) && (facts.signedIn || facts.restoring))
        beginRefresh(u"the machine woke up"_s);
}

// After a wake-up the host must be reached twice, with a pause between, since networks come up in stages.
void Session::Private::probe(int current)
{
    wake.look();
    provider.probe([this, current](const Result<void> &result) {
        if (current != serial)
            return;
        wake.look();
        if (!result || !unsettled)
            return feed(RefreshTransaction::Probed{result});
        unsettled = false;
        log(u"network.settling"_s);
        settleAlarm.disconnect(this);
        connect(&settleAlarm, &Alarm::due, this, [this, current] {
            if (current == serial)
                probe(current);
        });
        const double part = random.nextUnit();
        settleAlarm.start(kSettleLeast + Duration(qint64(double((kSettleMost - kSettleLeast).count()) * part)));
    });
}

void Session::Private::send(const RefreshTransaction::Send &action, int current)
{
    if (wake.look() || unsettled || sleeping) {
        const TokenAnswer kept{
            TokenAnswerClass::NotSent, {}, Error(ErrorCode::Offline, u"the machine sleeps, or has just slept"_s), false};
        QMetaObject::invokeMethod(
            this,
            [this, current, kept] {
                if (current == serial)
                    feed(RefreshTransaction::Answered{kept});
            },
            Qt::QueuedConnection);
        return;
    }
    if (sleepSignal)
        sleepSignal->holdUp();
    provider.refresh(action.refreshToken, signerFor(action.proofKey), [this, current](TokenAnswer answer) {
        if (current != serial)
            return;
        if (options.lifetimeFromJwt && !answer.grant.expiresIn)
            answer.grant.expiresIn = lifetimeOfJwt(answer.grant.accessToken, clock.now());
        feed(RefreshTransaction::Answered{answer});
    });
}

} // namespace Watchword
