// SPDX-License-Identifier: Apache-2.0
#include "config/fixedsettings.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

std::optional<Error> fixedChanges(const GatewayConfig &config, const GatewayConfig &next)
{
    QStringList lines;
    const auto fixed = [&lines](const QString &what) {
        lines.append(what + u" cannot change while the gateway runs; restart it"_s);
    };
    if (next.listen.address != config.listen.address || next.listen.port != config.listen.port
        || next.listen.plain != config.listen.plain)
        fixed(u"[listen] address"_s);
    if (next.listen.threads != config.listen.threads)
        fixed(u"[listen] threads"_s);
    if (next.audit.database != config.audit.database)
        fixed(u"[audit] database"_s);
    if (next.audit.retention != config.audit.retention || next.audit.maxEvents != config.audit.maxEvents
        || next.audit.maxBytes != config.audit.maxBytes)
        fixed(u"[audit] retention, max_events and max_bytes"_s);
    if (next.cluster != config.cluster || (!next.node.isEmpty() && next.node != config.node))
        fixed(u"cluster or node of [gateway]"_s);
    if (next.canary != config.canary)
        fixed(u"[gateway] canary"_s);
    if (next.assertionKeyFile != config.assertionKeyFile)
        fixed(u"[gateway] assertion_keys"_s);
    if (next.locks.database != config.locks.database)
        fixed(u"[locks] database"_s);
    if (next.api != config.api)
        fixed(u"[api]"_s);
    if (next.embeddedIssuer != config.embeddedIssuer)
        fixed(u"[issuer_embedded]"_s);
    const auto pathsOf = [](const std::optional<WatchConfig> &watch) {
        return watch ? watch->path + u' ' + watch->auditPath : QString();
    };
    if (pathsOf(next.watch) != pathsOf(config.watch))
        fixed(u"[watch]"_s);
    return lines.isEmpty() ? std::nullopt : std::optional(Error(ErrorCode::ConfigInvalid, lines.join(u'\n')));
}

} // namespace Watchword::Gateway
