// SPDX-License-Identifier: Apache-2.0
#include "guide.h"

#include "terminal.h"

#include <QFile>

namespace Watchword::Tool {

using namespace Qt::StringLiterals;

QString guidePage(const QString &page)
{
    QFile file(u":/guide/"_s + page);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

QString guideSection(const QString &page, const QString &heading)
{
    const QString text = u'\n' + guidePage(page);
    const QString head = u"\n## "_s + heading + u'\n';
    const qsizetype begin = text.indexOf(head);
    if (begin < 0)
        return {};
    const qsizetype end = text.indexOf(u"\n## "_s, begin + head.size());
    return text.mid(begin + head.size(), end < 0 ? -1 : end - begin - head.size()).trimmed();
}

Result<QString> explained(const QString &checkId, int width, bool colour)
{
    const Check *check = Check::find(checkId.toUpper());
    if (!check) {
        QStringList ids;
        for (const Check &one : Check::all())
            ids.append(one.id);
        return Error(ErrorCode::NotFound, u"there is no check %1; there are %2"_s.arg(checkId, ids.join(u", "_s)));
    }
    QString text = u"# %1: %2\n\nPractice %3, %4. Severity: %5%6.\n\n"_s.arg(check->id, check->title)
                       .arg(int(check->practice))
                       .arg(nameOf(check->practice), nameOf(check->severity),
                            check->intrusive ? u"; examined with --intrusive only"_s : QString());
    text += u"- Why: %1\n- Fix: %2\n- See: %3\n"_s.arg(check->why, check->fix, check->basis.join(u", "_s));
    return readable(text, width, colour) + u'\n' + readable(guidePage(check->guidePage()), width, colour);
}

} // namespace Watchword::Tool
