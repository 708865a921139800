// SPDX-License-Identifier: Apache-2.0
#include "config/embeddedissuerreader.h"

#include "config/configvalues.h"

namespace Watchword::Gateway {

using namespace Qt::StringLiterals;

EmbeddedIssuerConfig readEmbeddedIssuer(TableReader table)
{
    EmbeddedIssuerConfig issuer;
    const QString written = table.text("address", u"127.0.0.1:8444"_s);
    if (const auto address = parseListenAddress(written)) {
        issuer.address = address->first;
        issuer.port = address->second;
    } else {
        table.fail("address", u"address of [issuer_embedded] must be an IP address with a port"_s);
    }
    issuer.publicUrl = table.url("url", {u"https"_s});
    issuer.audience = table.requiredText("audience");
    issuer.stateFolder = table.file("state");
    issuer.accessTokenLifetime = table.duration("access_token_lifetime", issuer.accessTokenLifetime);
    issuer.refreshTokenLifetime = table.duration("refresh_token_lifetime", issuer.refreshTokenLifetime);
    issuer.sessionLifetime = table.duration("session_lifetime", issuer.sessionLifetime);
    for (TableReader &user : table.tables("user")) {
        EmbeddedIssuerConfig::User entry;
        entry.name = user.requiredText("name");
        entry.subject = user.text("subject");
        entry.passwordHash = user.requiredText("password_hash");
        entry.scopes = user.texts("scopes");
        user.finish();
        issuer.users.append(entry);
    }
    for (TableReader &client : table.tables("client")) {
        EmbeddedIssuerConfig::Client entry;
        entry.id = client.requiredText("id");
        entry.redirectUris = client.texts("redirect_uris");
        if (entry.redirectUris.isEmpty())
            client.fail("redirect_uris", u"client needs redirect_uris = [\"http://127.0.0.1/callback\"]"_s);
        entry.scopes = client.texts("scopes");
        client.finish();
        issuer.clients.append(entry);
    }
    for (TableReader &server : table.tables("resource_server")) {
        EmbeddedIssuerConfig::ResourceServer entry;
        entry.id = server.requiredText("id");
        entry.secretFile = server.requiredFile("secret_file");
        server.finish();
        issuer.resourceServers.append(entry);
    }
    table.finish();
    return issuer;
}

} // namespace Watchword::Gateway
