// SPDX-License-Identifier: Apache-2.0
#include "api/lockreach.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

// What it would do if it made no difference between operators and others: an operator's other programs are at the same address.
Lock withoutExceptions(Lock lock)
{
    lock.includesOperators = true;
    return lock;
}

QString wordOf(const AddressCount &count)
{
    if (count.ipv4 >= 4'294'967'296.0 || count.ipv6 >= 340'282'366'920'938'463'463'374'607'431'768'211'456.0)
        return u"every_address"_s;
    return areMany(count) ? u"many_addresses"_s : QString();
}

QString phraseOf(const QString &word)
{
    static const QHash<QString, QString> phrases{{u"you"_s, u"includes you"_s},
                                                 {u"an_operator"_s, u"includes an operator"_s},
                                                 {u"this_machine"_s, u"includes the gateway's own machine"_s},
                                                 {u"every_address"_s, u"covers every address"_s},
                                                 {u"many_addresses"_s, u"covers many addresses"_s},
                                                 {u"everybody_connected"_s, u"ends everybody's connection"_s}};
    return phrases.value(word);
}

} // namespace

LockReach LockReach::of(const Lock &lock, const LockScene &scene)
{
    LockReach reach;
    const Lock blind = withoutExceptions(lock);
    const auto isHit = [&blind](const Presence &one) { return blind.concerns(one.identity, one.address); };
    if (isHit(scene.you))
        reach.covers.append(u"you"_s);
    if (std::any_of(scene.operators.begin(), scene.operators.end(), isHit))
        reach.covers.append(u"an_operator"_s);
    const auto range = lock.target.kind == LockTarget::Kind::Address ? AddressRange::parse(lock.target.value) : std::nullopt;
    if (range) {
        if (range->contains(QHostAddress(QHostAddress::LocalHost)) || range->contains(QHostAddress(QHostAddress::LocalHostIPv6))
            || range->contains(scene.server))
            reach.covers.append(u"this_machine"_s);
        if (const QString word = wordOf(countAddresses(scene.lockedAddresses + QList<AddressRange>{*range})); !word.isEmpty())
            reach.covers.append(word);
    }
    for (const LiveConnection &connection : scene.connections) {
        if (lock.concerns(connection.identity, connection.peer))
            reach.connections.append(connection.id);
    }
    if (reach.connections.size() > 1 && reach.connections.size() == scene.connections.size())
        reach.covers.append(u"everybody_connected"_s);
    reach.connections.sort();
    return reach;
}

QString LockReach::toText(const Lock &lock) const
{
    if (covers.isEmpty())
        return {};
    QStringList phrases;
    for (const QString &word : covers)
        phrases.append(phraseOf(word));
    const bool isExempt = lock.target.kind == LockTarget::Kind::Address && !lock.includesOperators;
    return u"It %1.%2"_s.arg(phrases.join(u", "_s),
                             isExempt ? u" Operators stay: it has not \"include_operators\"."_s : QString());
}

} // namespace Watchword::Gateway
