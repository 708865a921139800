// SPDX-License-Identifier: Apache-2.0
#include "signin/loopbackrequest.h"

#include <cstdlib>

using namespace Watchword;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using Kind = LoopbackVerdict::Kind;
    const QByteArrayView received(data, qsizetype(size));
    const ExpectedRedirect expected{QStringLiteral("/callback"), Secret::copy("st4te"), QStringLiteral("https://login.test"),
                                    true};
    const LoopbackVerdict verdict = judgeLoopbackRequest(received, expected);
    require((verdict.kind == Kind::Accepted) == !verdict.code.isEmpty());
    // Nothing without the state can end a sign-in, whatever else it says.
    if (verdict.kind == Kind::Accepted || verdict.kind == Kind::Refused) {
        require(received.toByteArray().contains("state"));
        ExpectedRedirect other = expected;
        other.state = Secret::copy("an0ther");
        const Kind kind = judgeLoopbackRequest(received, other).kind;
        require(kind == Kind::Stray);
    }
    require(!verdict.error.detail().contains(u'\n'));
    const QByteArray page = loopbackAnswer(verdict);
    require(page.startsWith("HTTP/1.1 ") && page.indexOf("\r\n\r\n") > 0);
    return 0;
}
