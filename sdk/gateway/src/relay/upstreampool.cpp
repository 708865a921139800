// SPDX-License-Identifier: Apache-2.0
#include "relay/upstreampool.h"

#include <algorithm>

namespace Watchword::Gateway {

UpstreamPool::Server *UpstreamPool::find(const QUrl &url)
{
    const auto it = std::find_if(m_servers.begin(), m_servers.end(), [&url](const Server &server) { return server.url == url; });
    return it == m_servers.end() ? nullptr : &*it;
}

void UpstreamPool::setServers(const QList<QUrl> &urls, const QList<QUrl> &draining)
{
    std::vector<Server> servers;
    for (const QUrl &url : urls) {
        const Server *known = find(url);
        Server server = known ? *known : Server{url};
        server.isDraining = draining.contains(url);
        servers.push_back(std::move(server));
    }
    m_servers = std::move(servers);
}

QList<QUrl> UpstreamPool::urls() const
{
    QList<QUrl> list;
    for (const Server &server : m_servers)
        list.append(server.url);
    return list;
}

QList<QUrl> UpstreamPool::order(Instant now) const
{
    std::vector<const Server *> servers;
    const bool allDrain = std::all_of(m_servers.begin(), m_servers.end(), [](const Server &server) { return server.isDraining; });
    for (const Server &server : m_servers) {
        if (allDrain || !server.isDraining)
            servers.push_back(&server);
    }
    const auto rests = [now](const Server &server) { return server.restsUntil > now; };
    std::stable_sort(servers.begin(), servers.end(), [&rests](const Server *a, const Server *b) {
        if (rests(*a) != rests(*b))
            return rests(*b);
        return rests(*a) ? a->restsUntil < b->restsUntil : *a->connections < *b->connections;
    });
    QList<QUrl> list;
    for (const Server *server : servers)
        list.append(server->url);
    return list;
}

bool UpstreamPool::failed(const QUrl &url, Instant now)
{
    Server *server = find(url);
    if (!server)
        return false;
    const Duration rest = std::min(kLongestRest, kShortestRest * (1 << std::min(server->failures, 10)));
    server->restsUntil = now + rest;
    return server->failures++ == 0;
}

bool UpstreamPool::works(const QUrl &url)
{
    Server *server = find(url);
    if (!server)
        return false;
    server->restsUntil = {};
    return std::exchange(server->failures, 0) > 0;
}

std::shared_ptr<void> UpstreamPool::take(const QUrl &url)
{
    const Server *server = find(url);
    if (!server)
        return {};
    ++*server->connections;
    return std::shared_ptr<void>(nullptr, [count = server->connections](void *) { --*count; });
}

int UpstreamPool::connections(const QUrl &url) const
{
    const auto it = std::find_if(m_servers.begin(), m_servers.end(), [&url](const Server &server) { return server.url == url; });
    return it == m_servers.end() ? 0 : *it->connections;
}

} // namespace Watchword::Gateway
