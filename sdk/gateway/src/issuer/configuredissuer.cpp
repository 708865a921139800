// SPDX-License-Identifier: Apache-2.0
#include "issuer/configuredissuer.h"

#include "gate/configfiles.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

IssuerOptions issuerOptions(const EmbeddedIssuerConfig &config, const QString &node, const QStringList &proxies)
{
    using std::chrono::duration_cast;
    IssuerOptions options;
    options.url = config.publicUrl;
    options.audience = config.audience;
    options.accessTokenLifetime = duration_cast<std::chrono::seconds>(config.accessTokenLifetime);
    options.sessionLifetime = duration_cast<std::chrono::seconds>(config.sessionLifetime);
    options.refreshTokenLifetime = duration_cast<std::chrono::seconds>(config.refreshTokenLifetime);
    options.node = node;
    options.proxies = proxies;
    QStringList everyScope;
    for (const EmbeddedIssuerConfig::User &user : config.users) {
        options.users.append({user.name, user.subject.isEmpty() ? user.name : user.subject, user.passwordHash, user.scopes});
        everyScope += user.scopes;
    }
    everyScope.removeDuplicates();
    for (const EmbeddedIssuerConfig::Client &client : config.clients) {
        options.clients.append(
            {client.id, client.redirectUris, client.redirectUris, client.scopes.isEmpty() ? everyScope : client.scopes});
    }
    for (const EmbeddedIssuerConfig::ResourceServer &server : config.resourceServers)
        options.resourceServers.append({server.id, readSecretFile(server.secretFile).valueOr({})}); // checkFiles() has read it
    if (!config.stateFolder.isEmpty()) {
        options.keyFile = config.stateFolder + u"/issuer.key"_s;
        options.stateFile = config.stateFolder + u"/issuer.sqlite"_s;
        options.userFolder = config.stateFolder;
    }
    return options;
}

} // namespace Watchword::Gateway
