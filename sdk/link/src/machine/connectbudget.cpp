// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/connectbudget.h"

#include <QHash>
#include <QMutex>
#include <QUrl>

#include <algorithm>
#include <deque>

namespace Watchword {

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Duration kLongestMemory = 1h;
constexpr size_t kMostStarts = 4096;

} // namespace

class ConnectBudget::Private
{
public:
    Instant allowedAt(const QString &server, int attempts, Duration window, Instant now) const
    {
        const auto found = starts.constFind(server);
        if (found == starts.cend())
            return now;
        const auto first = std::upper_bound(found->cbegin(), found->cend(), now - window);
        const auto count = found->cend() - first;
        const auto limit = std::max(attempts, 1);
        return count < limit ? now : *(first + (count - limit)) + window;
    }
    void forget(Instant now)
    {
        for (auto entry = starts.begin(); entry != starts.end();) {
            while (!entry->empty() && (entry->front() + kLongestMemory <= now || entry->size() > kMostStarts))
                entry->pop_front();
            entry = entry->empty() ? starts.erase(entry) : std::next(entry);
        }
    }

    mutable QMutex mutex;
    QHash<QString, std::deque<Instant>> starts; //!< In order, oldest first.
};

ConnectBudget::ConnectBudget()
    : d(std::make_unique<Private>())
{
}

ConnectBudget::~ConnectBudget() = default;

std::shared_ptr<ConnectBudget> ConnectBudget::process()
{
    static const auto budget = std::make_shared<ConnectBudget>();
    return budget;
}

QString ConnectBudget::serverOf(const QUrl &url)
{
    return url.host(QUrl::FullyEncoded).toLower() + u':' + QString::number(url.port(url.scheme() == "ws"_L1 ? 80 : 443));
}

Instant ConnectBudget::allowedAt(const QString &server, int attempts, Duration window, Instant now) const
{
    const QMutexLocker lock(&d->mutex);
    return d->allowedAt(server, attempts, window, now);
}

bool ConnectBudget::take(const QString &server, int attempts, Duration window, Instant now)
{
    const QMutexLocker lock(&d->mutex);
    if (d->allowedAt(server, attempts, window, now) > now)
        return false;
    std::deque<Instant> &starts = d->starts[server];
    // Threads read the clock before they come here, so that they may come in another order.
    starts.insert(std::upper_bound(starts.cbegin(), starts.cend(), now), now);
    d->forget(now);
    return true;
}

} // namespace Watchword
