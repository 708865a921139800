// SPDX-License-Identifier: Apache-2.0
#include "config/fixedsettings.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

std::optional<Error> firstFixedChange(const GatewayConfig &config, const GatewayConfig &next)
{
    const auto fixed = [](const QString &what) {
        return Error(ErrorCode::ConfigInvalid, what + u" cannot change while the gateway runs; restart it"_s);
    };
    if (next.listen.address != config.listen.address || next.listen.port != config.listen.port
        || next.listen.plain != config.listen.plain)
        return fixed(u"[listen] address"_s);
    if (next.listen.threads != config.listen.threads)
        return fixed(u"[listen] threads"_s);
    if (next.audit.database != config.audit.database)
        return fixed(u"[audit] database"_s);
    if (next.audit.retention != config.audit.retention || next.audit.maxEvents != config.audit.maxEvents
        || next.audit.maxBytes != config.audit.maxBytes)
        return fixed(u"[audit] retention, max_events and max_bytes"_s);
    if (next.cluster != config.cluster || (!next.node.isEmpty() && next.node != config.node))
        return fixed(u"cluster or node of [gateway]"_s);
    if (next.assertionKeyFile != config.assertionKeyFile)
        return fixed(u"[gateway] assertion_keys"_s);
    if (next.locks.database != config.locks.database)
        return fixed(u"[locks] database"_s);
    if (next.api != config.api)
        return fixed(u"[api]"_s);
    if (next.embeddedIssuer != config.embeddedIssuer)
        return fixed(u"[issuer_embedded]"_s);
    const auto pathsOf = [](const std::optional<WatchConfig> &watch) {
        return watch ? watch->path + u' ' + watch->auditPath : QString();
    };
    if (pathsOf(next.watch) != pathsOf(config.watch))
        return fixed(u"[watch]"_s);
    return {};
}

} // namespace Watchword::Gateway
