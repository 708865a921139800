// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/linkstatus.h"

#include "monitor/models/text.h"

#include <cmath>

namespace Monitor {

class LinkStatus::Private
{
public:
    Facts facts;
    qint64 now = 0;
    QString shown; // all running texts together
};

LinkStatus::LinkStatus(QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>())
{
}

LinkStatus::~LinkStatus() = default;

const LinkStatus::Facts &LinkStatus::facts() const
{
    return d->facts;
}

void LinkStatus::setFacts(const Facts &facts)
{
    if (facts == d->facts)
        return;
    d->facts = facts;
    d->shown = text() + detail() + lagText();
    Q_EMIT changed();
}

void LinkStatus::setNow(qint64 msSinceEpoch)
{
    d->now = msSinceEpoch;
    const QString shown = text() + detail() + lagText();
    if (shown == d->shown)
        return;
    d->shown = shown;
    Q_EMIT changed();
}

LinkStatus::State LinkStatus::state() const
{
    return d->facts.state;
}

QString LinkStatus::text() const
{
    switch (d->facts.state) {
    case State::Idle:
        return tr("Not connected");
    case State::Connecting:
        return tr("Connecting");
    case State::Loading:
        if (d->facts.expected <= 0)
            return tr("Loading snapshot");
        return tr("Loading snapshot %1 of %2 (%3)")
            .arg(Text::count(d->facts.loaded), Text::count(d->facts.expected),
                 Text::percent(double(d->facts.loaded) / double(d->facts.expected)));
    case State::Live:
        if (isSilent())
            return tr("Silent %1").arg(Text::duration(d->now - d->facts.silentSince));
        return tr("Live %1/s").arg(Text::count(std::llround(d->facts.eventRate)));
    case State::Reconnecting:
        return tr("Reconnecting");
    case State::Lost:
        return tr("Lost");
    case State::File:
        if (d->facts.expected > 0 && d->facts.loaded < d->facts.expected)
            return tr("Reading file (%1)").arg(Text::percent(double(d->facts.loaded) / double(d->facts.expected)));
        return tr("File");
    }
    return {};
}

QString LinkStatus::detail() const
{
    const Facts &f = d->facts;
    if (f.state == State::Lost)
        return f.lostReason;
    if (f.state != State::Reconnecting || f.noDataSince == 0)
        return {};
    QString text = tr("No data since %1 (%2).").arg(Text::clockTime(f.noDataSince), Text::duration(d->now - f.noDataSince));
    if (f.nextTryAt > d->now) {
        const qint64 seconds = (f.nextTryAt - d->now + 999) / 1000;
        text += u' ' + tr("Next try in %1 s.").arg(Text::count(seconds));
    } else {
        text += u' ' + tr("Trying now.");
    }
    return text;
}

QString LinkStatus::serverName() const
{
    return d->facts.serverName;
}

qint64 LinkStatus::loaded() const
{
    return d->facts.loaded;
}

qint64 LinkStatus::expected() const
{
    return d->facts.expected;
}

bool LinkStatus::isSilent() const
{
    return d->facts.state == State::Live && d->facts.silentSince != 0;
}

double LinkStatus::eventRate() const
{
    return d->facts.eventRate;
}

int LinkStatus::lagMs() const
{
    return d->facts.lagMs;
}

double LinkStatus::clockOffsetSeconds() const
{
    return double(d->facts.clockOffsetMs) / 1000;
}

QString LinkStatus::lagText() const
{
    constexpr qint64 quietMs = 5000;
    if (d->facts.state == State::Live && d->facts.heardAt != 0 && d->now - d->facts.heardAt > quietMs)
        return tr("heard %1 ago").arg(Text::duration(d->now - d->facts.heardAt));
    if (d->facts.lagMs < 0)
        return {};
    if (d->facts.lagMs < 10'000)
        return tr("lag %1 ms").arg(Text::count(d->facts.lagMs));
    return tr("lag %1").arg(Text::duration(d->facts.lagMs));
}

QString LinkStatus::clockText() const
{
    if (d->facts.state == State::Idle || d->facts.state == State::File)
        return {};
    // In tenths, and a small lag is no "-0.0".
    const double seconds = std::round(clockOffsetSeconds() * 10) / 10 + 0.0;
    return tr("clock %1 s").arg((seconds >= 0 ? QStringLiteral("+") : QString()) + QString::number(seconds, 'f', 1));
}

QDateTime LinkStatus::noDataSince() const
{
    return d->facts.noDataSince == 0 ? QDateTime() : QDateTime::fromMSecsSinceEpoch(d->facts.noDataSince, Qt::UTC);
}

QDateTime LinkStatus::nextTryAt() const
{
    return d->facts.nextTryAt == 0 ? QDateTime() : QDateTime::fromMSecsSinceEpoch(d->facts.nextTryAt, Qt::UTC);
}

QString LinkStatus::failure() const
{
    return d->facts.state == State::Reconnecting ? d->facts.failure : QString();
}

QString LinkStatus::lostReason() const
{
    return d->facts.lostReason;
}

qint64 LinkStatus::gapCount() const
{
    return d->facts.gapCount;
}

qint64 LinkStatus::missedEvents() const
{
    return d->facts.missedEvents;
}

quint64 LinkStatus::verifiedTo() const
{
    return d->facts.verifiedTo;
}

bool LinkStatus::chainBroken() const
{
    return d->facts.brokenAt != 0;
}

QString LinkStatus::completenessText() const
{
    if (d->facts.missedEvents > 0)
        return tr("%1 events not received").arg(Text::count(d->facts.missedEvents));
    if (d->facts.badLines > 0)
        return tr("%n line(s) could not be read", nullptr, int(d->facts.badLines));
    if (d->facts.completeFrom > 0)
        return tr("Complete since %1").arg(Text::count(qint64(d->facts.completeFrom)));
    return tr("No events yet");
}

QString LinkStatus::verificationText() const
{
    if (d->facts.brokenAt != 0)
        return tr("Chain broken at %1").arg(Text::count(qint64(d->facts.brokenAt)));
    if (d->facts.verifiedTo != 0)
        return tr("Verified to %1").arg(Text::count(qint64(d->facts.verifiedTo)));
    return tr("Not verified");
}

} // namespace Monitor
