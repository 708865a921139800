// SPDX-License-Identifier: Apache-2.0
// What the doctor reads of a server before anything is judged: the answer to a hello, what is shown of bytes, a report from a
// file.
#include "probe/redactor.h"
#include "probe/tlshello.h"
#include "watchword/doctor/reportwriter.h"

#include <algorithm>
#include <cstdlib>

using namespace Watchword;
using namespace Watchword::Doctoring;

namespace {

constexpr char kSecret[] = "canary-token-0123456789";

void require(bool condition)
{
    if (!condition)
        std::abort();
}

bool isHarmless(const QByteArray &text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || uchar(c) >= ' '; });
}

const Redactor &redactor()
{
    static const Redactor knowing = [] {
        Redactor one;
        one.add(Secret::copy(kSecret));
        return one;
    }();
    return knowing;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArray bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    const HelloAnswer answer = readHelloAnswer(bytes);
    require(answer.kind == HelloAnswer::Kind::Other || size >= 7);
    const QByteArray shown = redactor().clean(bytes).toUtf8();
    require(isHarmless(shown) && !shown.contains(kSecret) && !shown.contains('\n'));
    if (!bytes.startsWith('{')) // most bytes are no report
        return 0;
    if (const Result<Report> read = Report::fromJson(bytes)) {
        require(isHarmless(writeReport(*read, ReportFormat::Text)));
        require(bool(Report::fromJson(writeReport(*read, ReportFormat::Json))));
    }
    return 0;
}
