// SPDX-License-Identifier: Apache-2.0
#include "write/baseline.h"

#include <algorithm>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

QString ageOf(const Finding &finding, const Report &report, const ReportStyle &style)
{
    if (!style.baseline || !finding.isProblem())
        return {};
    return report.newSince(*style.baseline).contains(finding) ? u"new"_s : u"known"_s;
}

QStringList idsOf(const QList<Finding> &findings)
{
    QStringList ids;
    std::transform(findings.begin(), findings.end(), std::back_inserter(ids), [](const Finding &one) { return one.checkId; });
    return ids;
}

QString sinceBaseline(const Report &report, const ReportStyle &style)
{
    if (!style.baseline)
        return {};
    const Changes changes = report.since(*style.baseline);
    QStringList parts;
    const auto add = [&parts](const QList<Finding> &findings, const QString &word) {
        if (!findings.isEmpty())
            parts.append(u"%1 %2 (%3)"_s.arg(findings.size()).arg(word, idsOf(findings).join(u", "_s)));
    };
    add(changes.fresh, u"new"_s);
    add(changes.known, u"known"_s);
    add(changes.fixed, u"fixed"_s);
    add(changes.unseen, u"known, but not examined now"_s);
    const QDateTime from = style.baseline->startedAt.toUTC();
    const QString since =
        from.isValid() ? u"Since "_s + from.toString(u"yyyy-MM-dd hh:mm"_s) + u" UTC"_s : u"Since the baseline"_s;
    return since + u": "_s + (parts.isEmpty() ? u"no problem then, and none now"_s : parts.join(u", "_s)) + u'.';
}

} // namespace Watchword::Doctoring
