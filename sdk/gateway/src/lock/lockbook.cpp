// SPDX-License-Identifier: Apache-2.0
#include "lock/lockbook.h"

#include "watchword/core/log.h"
#include "watchword/core/secret.h"

#include <algorithm>

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

namespace {

constexpr std::chrono::minutes kLockUpkeep{1};

QString targetKey(LockTarget::Kind kind, const QString &value)
{
    return QChar(u'0' + int(kind)) + value;
}

int hardness(Lock::Mode mode)
{
    switch (mode) {
    case Lock::Mode::Locked:
        return 4;
    case Lock::Mode::Forbidden:
        return 3;
    case Lock::Mode::Revoked:
        return 2;
    case Lock::Mode::Outdated:
        return 1;
    case Lock::Mode::Held:
        return 0;
    }
    Q_UNREACHABLE();
}

bool lastsAtLeast(const Lock &lock, const Lock &other)
{
    return !lock.until || (other.until && *lock.until >= *other.until);
}

} // namespace

LockBook::LockBook(Clock &clock)
    : m_clock(clock)
    , m_upkeep(clock)
{
    connect(&m_upkeep, &Alarm::due, this, &LockBook::forget);
    m_upkeep.start(kLockUpkeep);
}

Result<void> LockBook::open(const QString &file)
{
    if (const Result<void> opened = m_store.open(file); !opened)
        return opened;
    const Result<QList<Lock>> locks = m_store.load();
    if (!locks)
        return locks.error();
    for (const Lock &lock : *locks)
        insert(lock);
    forget();
    return {};
}

Result<Lock> LockBook::add(const Lock &wanted)
{
    Lock lock = wanted;
    const QStringList ids = m_byTarget.values(targetKey(lock.target.kind, lock.target.value));
    for (const QString &id : ids) {
        const Lock &known = m_locks[id];
        const bool isSame = known.target == lock.target && known.mode == lock.mode && known.before == lock.before
            && known.includesOperators == lock.includesOperators;
        if (isSame && !lastsAtLeast(lock, known))
            return known;
        if (isSame)
            lock.id = id;
    }
    const bool isAddress = lock.target.kind == LockTarget::Kind::Address;
    if (lock.id.isEmpty() && (m_locks.size() >= kMost || (isAddress && m_addresses.size() >= kMostAddresses))) {
        return Error(ErrorCode::RateLimited, u"there are too many locks"_s).withRemedy(u"Remove some, or let them end sooner."_s);
    }
    if (lock.id.isEmpty())
        lock.id = u"l-"_s + QString::fromLatin1(Secret::random(8).reveal().toByteArray().toHex());
    const Result<void> stored = m_store.put(lock);
    take(lock.id);
    insert(lock);
    Q_EMIT added(lock);
    return stored ? Result<Lock>(lock) : Result<Lock>(stored.error());
}

Result<bool> LockBook::remove(const QString &id)
{
    const std::optional<Lock> lock = find(id);
    if (!lock)
        return false;
    if (const Result<void> stored = m_store.remove({id}); !stored)
        return stored.error();
    take(id);
    Q_EMIT removed(*lock);
    return true;
}

std::optional<Lock> LockBook::find(const QString &id) const
{
    const auto found = m_locks.constFind(id);
    return found == m_locks.constEnd() ? std::nullopt : std::optional(*found);
}

QList<Lock> LockBook::locks() const
{
    QList<Lock> all = m_locks.values();
    all.removeIf([now = m_clock.wallNow()](const Lock &lock) { return lock.isOver(now); });
    std::sort(all.begin(), all.end(),
              [](const Lock &a, const Lock &b) { return a.since == b.since ? a.id < b.id : a.since > b.since; });
    return all;
}

std::optional<Lock> LockBook::lockOn(const Identity &identity, const QHostAddress &peer) const
{
    if (m_locks.isEmpty())
        return {};
    const WallTime now = m_clock.wallNow();
    const Lock *hardest = nullptr;
    const auto look = [&](const QString &id) {
        const auto found = m_locks.constFind(id);
        const bool holds = !found->isOver(now) && found->concerns(identity, peer);
        if (holds && (!hardest || hardness(found->mode) > hardness(hardest->mode)))
            hardest = &*found;
    };
    const auto lookAt = [&](LockTarget::Kind kind, const QString &value) {
        for (auto [it, end] = m_byTarget.equal_range(targetKey(kind, value)); it != end; ++it)
            look(*it);
    };
    lookAt(LockTarget::Kind::User, identity.subject);
    lookAt(LockTarget::Kind::Session, identity.sessionId);
    lookAt(LockTarget::Kind::Token, identity.tokenId);
    lookAt(LockTarget::Kind::Client, identity.clientId);
    lookAt(LockTarget::Kind::Tenant, identity.tenant);
    for (const QString &role : identity.roles)
        lookAt(LockTarget::Kind::Role, role);
    for (const QString &id : m_addresses)
        look(id);
    return hardest ? std::optional(*hardest) : std::nullopt;
}

void LockBook::insert(const Lock &lock)
{
    m_locks.insert(lock.id, lock);
    m_byTarget.insert(targetKey(lock.target.kind, lock.target.value), lock.id);
    if (lock.target.kind == LockTarget::Kind::Address)
        m_addresses.append(lock.id);
}

void LockBook::take(const QString &id)
{
    const auto found = m_locks.constFind(id);
    if (found == m_locks.constEnd())
        return;
    m_byTarget.remove(targetKey(found->target.kind, found->target.value), id);
    m_addresses.removeAll(id);
    m_locks.erase(found);
}

void LockBook::forget()
{
    m_upkeep.start(kLockUpkeep);
    QStringList over;
    for (const Lock &lock : std::as_const(m_locks)) {
        if (lock.isOver(m_clock.wallNow()))
            over.append(lock.id);
    }
    if (const Result<void> stored = m_store.remove(over); !stored) {
        qCWarning(logGateway).noquote() << stored.error().toString();
        return;
    }
    for (const QString &id : std::as_const(over))
        take(id);
}

} // namespace Watchword::Gateway
