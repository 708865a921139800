// SPDX-License-Identifier: Apache-2.0
#include "write/baseline.h"
#include "write/writers.h"

#include <QXmlStreamWriter>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

// XML has no place for some characters, not even escaped; what a server said may hold them.
QString writable(const QString &text)
{
    QString result;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const QChar c = text.at(i);
        const bool isPair = c.isHighSurrogate() && i + 1 < text.size() && text.at(i + 1).isLowSurrogate();
        const bool isText = isPair || (c >= u' ' && !c.isSurrogate() && c < QChar(0xfffe)) || c == u'\n' || c == u'\t';
        result += isText ? c : QChar(QChar::ReplacementCharacter);
        if (isPair)
            result += text.at(++i);
    }
    return result;
}

void writeProperty(QXmlStreamWriter &xml, const QString &name, const QString &value)
{
    xml.writeEmptyElement(u"property"_s);
    xml.writeAttribute(u"name"_s, name);
    xml.writeAttribute(u"value"_s, writable(value));
}

void writeCase(QXmlStreamWriter &xml, const Finding &finding, const QString &age)
{
    const Check *check = Check::find(finding.checkId);
    xml.writeStartElement(u"testcase"_s);
    xml.writeAttribute(u"name"_s, finding.checkId + (check ? u' ' + check->title : QString()));
    xml.writeAttribute(u"classname"_s, u"watchword.doctor."_s + QString::number(check ? int(check->practice) : 0));
    xml.writeAttribute(u"time"_s, u"0"_s);
    if (finding.isProblem()) {
        xml.writeStartElement(u"failure"_s);
        xml.writeAttribute(u"type"_s, nameOf(finding.verdict));
        xml.writeAttribute(u"message"_s, writable(age.isEmpty() ? finding.summary : age + u": "_s + finding.summary));
        xml.writeCharacters(writable(finding.evidence.join(u'\n')) + (check ? u"\n\n"_s + check->fix : QString()));
        xml.writeEndElement();
    } else if (finding.verdict == Finding::Verdict::Skipped) {
        xml.writeTextElement(u"skipped"_s, writable(finding.summary));
    }
    xml.writeEndElement();
}

} // namespace

QByteArray junitReport(const Report &report, const ReportStyle &style)
{
    QByteArray out;
    QXmlStreamWriter xml(&out);
    xml.setAutoFormatting(true);
    xml.writeStartDocument();
    xml.writeStartElement(u"testsuites"_s);
    xml.writeStartElement(u"testsuite"_s);
    xml.writeAttribute(u"name"_s, u"watchword doctor "_s + report.endpoint.toString());
    xml.writeAttribute(u"package"_s, u"watchword.doctor"_s);
    xml.writeAttribute(u"id"_s, u"0"_s);
    xml.writeAttribute(u"hostname"_s, report.endpoint.host().isEmpty() ? u"localhost"_s : report.endpoint.host());
    xml.writeAttribute(u"tests"_s, QString::number(report.findings.size()));
    xml.writeAttribute(u"failures"_s,
                       QString::number(report.count(Finding::Verdict::Fail) + report.count(Finding::Verdict::Warn)));
    xml.writeAttribute(u"errors"_s, u"0"_s);
    if (const int skipped = report.count(Finding::Verdict::Skipped); skipped > 0) // the schema of Ant does not know it
        xml.writeAttribute(u"skipped"_s, QString::number(skipped));
    xml.writeAttribute(u"time"_s, QString::number(double(report.took.count()) / 1000, 'f', 3));
    xml.writeAttribute(u"timestamp"_s, report.startedAt.toUTC().toString(u"yyyy-MM-ddThh:mm:ss"_s));
    xml.writeStartElement(u"properties"_s);
    writeProperty(xml, u"endpoint"_s, report.endpoint.toString());
    writeProperty(xml, u"grade"_s, report.grade().isEmpty() ? u"none"_s : report.grade());
    writeProperty(xml, u"coverage"_s, coverageOf(report));
    writeProperty(xml, u"requests"_s, QString::number(report.requests));
    if (style.baseline) {
        const Changes changes = report.since(*style.baseline);
        for (const auto &[name, list] : {std::pair(u"new"_s, changes.fresh), std::pair(u"known"_s, changes.known),
                                         std::pair(u"fixed"_s, changes.fixed), std::pair(u"unseen"_s, changes.unseen)})
            writeProperty(xml, u"baseline."_s + name, idsOf(list).join(u' '));
    }
    xml.writeEndElement();
    for (const Finding &finding : report.findings)
        writeCase(xml, finding, ageOf(finding, report, style));
    xml.writeTextElement(u"system-out"_s, writable(report.note));
    xml.writeTextElement(u"system-err"_s, QString());
    xml.writeEndDocument();
    return out;
}

} // namespace Watchword::Doctoring
