// SPDX-License-Identifier: Apache-2.0
#include "watchword/link/centrifugoauth.h"
#include "watchword/link/graphqlauth.h"

#include <cstdlib>

using namespace Watchword;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

void check(const AuthStrategy &strategy, const QString &text)
{
    const AuthStrategy::Reading reading = strategy.received(text);
    for (const AuthStrategy::Notice &notice : reading.notices) {
        require(!notice.tokenLifetime || notice.tokenLifetime->count() > 0);
        require(!notice.heartbeat || notice.heartbeat->count() > 0);
        require(notice.kind != AuthStrategy::Notice::Kind::Refused || notice.code >= 1000);
        require(notice.reason.size() <= 200);
    }
    if (!reading.application)
        return;
    require(reading.application->size() <= text.size());
    // What is the application's stays the application's.
    const AuthStrategy::Reading again = strategy.received(*reading.application);
    require(again.notices.empty() && again.application == reading.application);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QString text = QString::fromUtf8(reinterpret_cast<const char *>(data), qsizetype(size));
    check(GraphQlAuth(), text);
    check(CentrifugoAuth(), text);
    return 0;
}
