// SPDX-License-Identifier: Apache-2.0
#include "watchword/core/auditevent.h"

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
    const Result<AuditEvent> event = AuditEvent::fromBytes(QByteArrayView(data, qsizetype(size)));
    if (!event)
        return 0;
    require(!event->id.isEmpty() && !event->source.isEmpty() && !event->type.isEmpty());
    (void)event->verify(event->previousHash());
    const QByteArray line = event->toBytes();
    require(!line.contains('\n'));
    const Result<AuditEvent> again = AuditEvent::fromBytes(line);
    if (!again) {
        require(again.error().code() == ErrorCode::ResponseTooLarge); // the escapes of rewriting take room
        return 0;
    }
    require(again->toBytes() == line);
    require(again->time == event->time && again->sequence == event->sequence && again->data == event->data);

    AuditEvent sealed = *event;
    sealed.seal(QStringLiteral("chain"), QStringLiteral("previous"));
    require(sealed.verify(QStringLiteral("previous")).isOk());
    require(!sealed.verify(QStringLiteral("other")));
    sealed.subject += u'x';
    require(!sealed.verify(QStringLiteral("previous")));
    return 0;
}
