// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

namespace Watchword::Doctoring {

QList<CheckText> educationChecks()
{
    return {
        {"G1", Practice::Education, Severity::Low, "A refusal says in words what is wrong",
         "Whoever does not understand an error searches for a way around it, and finds one that switches a check off.",
         "Answer with application/problem+json: type, title, status, and a number under which your log knows more.",
         "RFC 9457 section 3"},
        {"G2", Practice::Education, Severity::Low, "A challenge names the error",
         "From error=\"invalid_token\" a client knows that it has to refresh, from insufficient_scope that another sign-in is "
         "needed. "
         "Without it, it tries the same again and again.",
         "Add error=\"invalid_token\" or error=\"insufficient_scope\" to WWW-Authenticate where a token came and was refused.",
         "RFC 6750 section 3.1"},
        {"G3", Practice::Education, Severity::Info, "Who finds a hole is told whom to tell",
         "People who find something and reach nobody publish it, or do nothing.",
         "Serve /.well-known/security.txt with Contact and Expires, and renew it before that.", "RFC 9116"},
        {"G4", Practice::Education, Severity::Low, "A closed connection says why",
         "Without a code a client takes a refusal for a broken line, and connects again at once. A number of your own is a "
         "riddle "
         "to everybody else.",
         "Close with a code of RFC 6455, or one from 4000 to 4999 with its name as the reason, and list yours in your documents.",
         "RFC 6455 section 7.4"},
    };
}

} // namespace Watchword::Doctoring
