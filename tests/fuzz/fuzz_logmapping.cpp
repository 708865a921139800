// SPDX-License-Identifier: Apache-2.0
// A mapping table and a line that is read by it: the text before the first line of dashes is the table, the rest are lines.
#include <monitor/store/auditline.h>
#include <monitor/store/logmapping.h>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace Monitor;
    const QByteArray input(reinterpret_cast<const char *>(data), qsizetype(size));
    const qsizetype cut = input.indexOf("\n---\n");
    const LogMapping::Parsed parsed = LogMapping::fromToml(QString::fromUtf8(input.left(cut)), QStringLiteral("fuzz.toml"));
    if (bool(parsed.mapping) == !parsed.error.isEmpty())
        std::abort();
    AuditLineParser parser;
    if (parsed.mapping)
        parser.setMappings({*parsed.mapping});
    for (const QByteArray &line : input.mid(cut < 0 ? 0 : cut + 5).split('\n')) {
        AuditLine out;
        if (parser.parse(line, out))
            continue;
        if (out.severity < 0 || out.severity > 5 || out.outcome < 0 || out.outcome > 3 || out.mapping > 1)
            std::abort();
        qsizetype bytes = 0;
        for (const QByteArrayView text :
             {out.kind, out.actor, out.client, out.session, out.ip, out.node, out.reason, out.message})
            bytes += text.toByteArray().size(); // reads all of it
        if (bytes < 0)
            std::abort();
    }
    return 0;
}
