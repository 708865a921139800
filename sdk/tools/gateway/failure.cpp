// SPDX-License-Identifier: Apache-2.0
#include "failure.h"

#include <algorithm>
#include <cstdio>

namespace Watchword::Tools {

QString printable(QString text)
{
    const auto isUnseen = [](QChar c) {
        switch (c.category()) {
        case QChar::Other_Control:
        case QChar::Other_Format:
        case QChar::Separator_Line:
        case QChar::Separator_Paragraph:
            return c != u'\n';
        default:
            return false;
        }
    };
    std::replace_if(text.begin(), text.end(), isUnseen, QChar(QChar::ReplacementCharacter));
    return text;
}

int fail(const Error &error)
{
    const QString what = error.detail().isEmpty() ? error.toString() : error.detail();
    std::fprintf(stderr, "watchword-gateway: %s\n", qPrintable(printable(what)));
    if (!error.remedy().isEmpty())
        std::fprintf(stderr, "%s\n", qPrintable(printable(error.remedy())));
    return kFailed;
}

int usage(const QString &text, const char *how)
{
    std::fprintf(stderr, "watchword-gateway: %s\nUsage: watchword-gateway %s\n", qPrintable(printable(text)), how);
    return kUsage;
}

} // namespace Watchword::Tools
