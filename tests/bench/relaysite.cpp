// SPDX-License-Identifier: Apache-2.0
#include "relaysite.h"

namespace Bench {

using namespace Qt::StringLiterals;

bool RelaySite::prepare(int threads, const QByteArray &listen, int users)
{
    m_upstream = std::make_unique<PeerServer>(QStringList{u"plain-echo"_s});
    return m_upstream->port() != 0
        && m_gateway.prepare(users, "upstream = \"ws://127.0.0.1:" + QByteArray::number(m_upstream->port()) + "/\"",
                             "threads = " + QByteArray::number(threads) + "\nmax_connections = 20000\n" + listen)
        && m_gateway.start();
}

LoadOptions RelaySite::toGateway() const
{
    LoadOptions options;
    options.port = m_gateway.port();
    options.authorityFile = m_gateway.file(u"ca.pem"_s);
    options.tokensFile = m_gateway.file(u"tokens.txt"_s);
    return options;
}

LoadOptions RelaySite::toNginx() const
{
    LoadOptions options = toGateway();
    options.port = m_nginx.port();
    return options;
}

} // namespace Bench
