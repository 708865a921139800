// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

namespace Watchword::Doctoring {

namespace {

QList<CheckText> signatureChecks()
{
    return {
        {"H6", Practice::Validation, Severity::Critical, "A token whose signature does not fit is refused",
         "Without this check anybody writes a token for anybody: the claims are only text.",
         "Verify the signature with the issuer's key, by a library, before any claim is read. Decoding is not verifying.",
         "RFC 8725 section 3.3; OWASP ASVS 5.0 9.1.1; CWE-347"},
        {"H4", Practice::Validation, Severity::Critical, "A token without signature is refused",
         "The header says \"alg\":\"none\", and the server believes it: anybody is anybody.",
         "Give the verifying function a list of algorithms (RS256, ES256 ...). Never take the algorithm from the token.",
         "RFC 8725 section 3.1; OWASP ASVS 5.0 9.1.2; CWE-347"},
        {"H5", Practice::Validation, Severity::Critical, "The public key is no password",
         "The token says HS256, and the server hands its public key to that algorithm as the secret. Everybody has the public "
         "key.",
         "Allow only the algorithms of the issuer's keys, and bind each key to its algorithm.",
         "RFC 8725 section 2.1; OWASP ASVS 5.0 9.1.2; CWE-347"},
        {"H9", Practice::Validation, Severity::Critical, "A token cannot bring its own key",
         "The header carries a key (\"jwk\", \"jku\", \"x5u\"), and the server verifies with it: an attacker signs with a key of "
         "his own.",
         "Take keys only from the issuer that is configured; ignore jwk, jku, x5u and x5c of the header.",
         "RFC 8725 section 3.10; OWASP ASVS 5.0 9.1.3; CWE-347"},
        {"H17", Practice::Validation, Severity::High, "A token cannot send the server anywhere",
         "A server that fetches the key from where the token says (jku, x5u) asks an attacker for it, or opens for him what only "
         "the "
         "server can reach.",
         "Ignore jku, x5u and addresses in kid; take keys from the address that is configured for the issuer.",
         "RFC 8725 section 3.10; OWASP ASVS 5.0 9.1.3; CWE-918"},
        {"H15", Practice::Validation, Severity::Critical, "A made-up token is refused",
         "If any text passes as a token, there is no sign-in.",
         "Verify tokens with the issuer's keys, or ask the issuer (RFC 7662).",
         "RFC 6750 section 3.1; OWASP ASVS 5.0 9.1.1; CWE-287"},
    };
}

QList<CheckText> claimChecks()
{
    return {
        {"H2", Practice::Validation, Severity::Critical, "A token that has ended is refused",
         "A token that was stolen once then opens the door for ever.",
         "Check \"exp\" with a leeway of seconds, and refuse tokens without it.",
         "RFC 7519 section 4.1.4; OWASP ASVS 5.0 9.2.1; CWE-613"},
        {"H3", Practice::Validation, Severity::Medium, "A token whose time has not come is refused",
         "\"nbf\" is the issuer's word on when rights begin.", "Check \"nbf\" with a leeway of seconds.",
         "RFC 7519 section 4.1.5; OWASP ASVS 5.0 9.2.1; CWE-613"},
        {"H7", Practice::Validation, Severity::High, "A token for somebody else is refused",
         "Every service that your users give a token to could use it at yours.",
         "Compare \"aud\" with the name of your service, and refuse tokens without it.",
         "RFC 8725 section 3.9; OWASP ASVS 5.0 9.2.3; CWE-863"},
        {"H8", Practice::Validation, Severity::High, "A token of another issuer is refused",
         "Keys are often shared by tenants of one provider; the issuer's name keeps them apart.",
         "Compare \"iss\" with the configured issuer, character by character.",
         "RFC 8725 section 3.8; OWASP ASVS 5.0 9.1.3; CWE-346"},
        {"H12", Practice::Validation, Severity::Medium, "An ID token is no access token",
         "ID tokens lie in browsers and logs, and say who somebody is, not what they may do here.",
         "Ask for \"typ\":\"at+jwt\" where the issuer writes it, and use an audience that is no client id.",
         "RFC 9068 section 4; OWASP ASVS 5.0 9.2.2; CWE-287"},
    };
}

QList<CheckText> placeChecks()
{
    return {
        {"H10", Practice::Tokens, Severity::High, "A token in the URL is refused",
         "URLs stand in the logs of every proxy and server, in histories and in error reports. Then the token does, too.",
         "Take the token from Authorization; answer 400 to one in the URL. For browsers use a subprotocol entry or a ticket that "
         "is good "
         "once.",
         "RFC 9700 section 4.3.2; RFC 6750 section 2.3; OWASP ASVS 5.0 14.2.1; CWE-598"},
        {"H11", Practice::Tokens, Severity::Low, "A request with two tokens is refused",
         "Two programs that look at the same request may each believe another token.",
         "Answer 400 if there is more than one Authorization field or way of sending a token.", "RFC 6750 section 2; CWE-436"},
        {"H13", Practice::Validation, Severity::Medium, "Refusals tell nothing",
         "Whoever learns that the signature is right and the audience is wrong knows what to change next. Traces name files and "
         "versions.",
         "Answer every bad token with the same 401 and text. Write the exact reason into your own log, under a number that the "
         "answer shows.",
         "RFC 6750 section 3.1; OWASP ASVS 5.0 16.5.1; CWE-209"},
        {"H14", Practice::Tokens, Severity::High, "No answer repeats a token",
         "What is repeated gets into logs, caches and pages.", "Do not write what was received into answers or close reasons.",
         "OWASP ASVS 5.0 16.5.1; CWE-200"},
        {"H16", Practice::Validation, Severity::Low, "Refusals take equally long",
         "A clock tells an attacker what the text of the answer hides: that the key was found, that the user exists, that only "
         "the "
         "last step failed.",
         "Do the same work for every bad token, or answer all of them after the same time.", "OWASP ASVS 5.0 11.2.4; CWE-208"},
        {"P1", Practice::Tokens, Severity::Medium, "An entry with a token is never chosen as subprotocol",
         "The answer's headers are logged more often than the request's, and the entry is the token.",
         "Choose only subprotocols that you know; strip the entry with the token before the request goes on.",
         "RFC 6455 section 4.2.2; CWE-200"},
        {"E4", Practice::Lifetime, Severity::Medium, "Tokens live for an hour at most",
         "As long as a stolen token lives, it works. A session stays long by refreshing.",
         "Let access tokens live for 5 to 15 minutes, and give desktop apps refresh tokens with rotation.",
         "RFC 6750 section 5.3; CWE-613"},
        {"E1", Practice::Lifetime, Severity::High, "A connection ends with its token",
         "A WebSocket can live for days. If only the handshake looks at the token, a person who lost all rights stays connected.",
         "Close at \"exp\" with a short grace (code 4401 or 1008), and take a new token on the live connection before that.",
         "OWASP ASVS 5.0 7.4.1; CWE-613"},
        {"E2", Practice::Lifetime, Severity::Low, "A new token is taken on the live connection",
         "Where it is not, every client drops its connection at the end of each token, or the tokens are made long instead.",
         "Verify the new token like the first one, with the same issuer and subject, and go on with its end and its scopes.",
         "RFC 6750 section 5.3"},
        {"E5", Practice::Lifetime, Severity::Critical, "A renewal cannot change who is connected",
         "What was allowed to the first user goes on under the name of another: rooms that are open, limits, the log.",
         "Compare issuer and subject with those of the connection, and refuse all others (4402).",
         "OWASP ASVS 5.0 10.3.3; CWE-287"},
        {"A1", Practice::PrivateEndpoints, Severity::High, "A token without the scope is refused",
         "Not everybody with a token may use every endpoint.",
         "Name a scope for the endpoint and answer 403 insufficient_scope, or 404.",
         "RFC 6750 section 3.1; OWASP ASVS 5.0 10.3.2; CWE-862"},
        {"A2", Practice::PrivateEndpoints, Severity::High, "A weak or old sign-in is not enough where it should not be",
         "A computer that was left open, or a password alone, then does what only the person should.",
         "Look at \"acr\" and \"auth_time\", and answer 401 insufficient_user_authentication with acr_values or max_age.",
         "RFC 9470 section 3; OWASP ASVS 5.0 10.3.4; CWE-308"},
        {"A3", Practice::PrivateEndpoints, Severity::Low, "Only paths that exist are let in",
         "A server that upgrades any path has no place to hang rules on, and typing errors become connections that nobody "
         "expects.",
         "Answer 404 to every path that is not an endpoint.", "CWE-425"},
    };
}

} // namespace

QList<CheckText> tokenChecks()
{
    const QList<CheckText> first{
        {"H1", Practice::Validation, Severity::Critical, "Without a token there is a 401",
         "After the upgrade it is too late: the connection costs memory, and messages may flow before anybody asked who is "
         "there.",
         "Answer the upgrade itself with 401 and WWW-Authenticate: Bearer realm=\"...\".",
         "RFC 6750 section 3; RFC 9110 section 15.5.2; OWASP ASVS 5.0 4.4.3; CWE-306"},
        {"H0", Practice::Validation, Severity::Info, "The valid token is let in", "All checks with tokens compare with it.",
         "Give the doctor a token that the endpoint accepts (--token-file), and, if it wants one, an allowed --origin.",
         "RFC 6750 section 2.1"},
    };
    return first + signatureChecks() + claimChecks() + placeChecks();
}

} // namespace Watchword::Doctoring
