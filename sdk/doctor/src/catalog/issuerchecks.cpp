// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

namespace Watchword::Doctoring {

QList<CheckText> issuerChecks()
{
    return {
        {"I1", Practice::Tokens, Severity::High, "The issuer's discovery document is its own, and safe",
         "Clients and servers take keys and addresses from it. Under a wrong name, or over http, they take those of an attacker.",
         "Serve the document by https under the exact name that is in it as issuer, and announce "
         "code_challenge_methods_supported "
         "with S256.",
         "RFC 8414 section 3.3; RFC 9700 section 2.1.1; OWASP ASVS 5.0 10.5.3; CWE-346"},
        {"I2", Practice::Validation, Severity::Critical, "The issuer publishes public keys only",
         "Everybody can read jwks_uri. A private or symmetric key there lets everybody sign tokens.",
         "Publish the public members of signing keys only; replace a key that was published whole, and all tokens of it.",
         "RFC 7517 section 9.2; OWASP ASVS 5.0 9.1.3; CWE-522"},
        {"I3", Practice::Lifetime, Severity::Medium, "A session can be refreshed",
         "Where refreshing does not work, tokens are made long, or people sign in all day and stop looking at what they type "
         "where.",
         "Give native apps refresh tokens (offline_access), and answer with Cache-Control: no-store.",
         "RFC 6749 section 5.1; RFC 6749 section 6; CWE-525"},
        {"I4", Practice::Lifetime, Severity::High, "A used refresh token is refused, and ends the session",
         "A copied refresh token is good for months. Only when the second use of one is seen does anybody notice the copy.",
         "Rotate refresh tokens at each use. When a used one comes again, revoke the whole session.",
         "RFC 9700 section 4.14.2; OWASP ASVS 5.0 10.4.5; CWE-613"},
        {"I5", Practice::Lifetime, Severity::Medium, "A session can be revoked",
         "Without revocation a sign-out only forgets the tokens on one machine, and a leaked one stays good.",
         "Offer a revocation endpoint, and name it as revocation_endpoint in the discovery document.",
         "RFC 7009 section 2; OWASP ASVS 5.0 7.4.1; CWE-613"},
        {"E3", Practice::Lifetime, Severity::High, "A connection ends with its session",
         "Somebody signs out, is locked or notices a theft, and the connection goes on as if nothing had happened.",
         "Tell the server when a session ends (introspection, back-channel logout, a shared list of revoked sessions), and have "
         "it "
         "close with 4410 or 1008.",
         "RFC 7009 section 3; OWASP ASVS 5.0 7.4.1; CWE-613"},
    };
}

} // namespace Watchword::Doctoring
