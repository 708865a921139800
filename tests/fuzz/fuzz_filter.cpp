// SPDX-License-Identifier: Apache-2.0
// The filter language: any text is parsed or refused with a position inside it, and what is parsed survives being written.
#include <monitor/store/completion.h>
#include <monitor/store/query.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace Monitor;
    if (size == 0)
        return 0;
    const QString text = QString::fromUtf8(reinterpret_cast<const char *>(data) + 1, qsizetype(size) - 1);
    const auto fields = data[0] % 3 == 0 ? auditFields() : (data[0] % 3 == 1 ? connectionFields() : laneFields());
    const QueryContext context{fields, 1'795'357'960'000, {{QStringLiteral("s"), QStringLiteral("user:a or $s")}}};
    const ParsedQuery parsed = parseQuery(text, context);
    if (parsed.error.isSet() == (parsed.root != nullptr))
        std::abort();
    if (parsed.error.isSet() && parsed.error.position > text.size())
        std::abort();
    if (parsed.root) {
        const QString canonical = toText(*parsed.root);
        const ParsedQuery again = parseQuery(canonical, context);
        // Writing may make a long text longer than the limit; nothing else may be refused.
        if (again.root ? toText(*again.root) != canonical : canonical.size() <= 4096)
            std::abort();
    }
    completeQuery(text, int(text.size()) / 2, context, {});
    return 0;
}
