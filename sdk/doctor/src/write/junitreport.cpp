// SPDX-License-Identifier: Apache-2.0
#include "write/writers.h"

#include <QXmlStreamWriter>

namespace Watchword::Doctoring {

using namespace Qt::StringLiterals;

namespace {

void writeCase(QXmlStreamWriter &xml, const Finding &finding)
{
    const Check *check = Check::find(finding.checkId);
    xml.writeStartElement(u"testcase"_s);
    xml.writeAttribute(u"name"_s, finding.checkId + (check ? u' ' + check->title : QString()));
    xml.writeAttribute(u"classname"_s, u"watchword.doctor."_s + QString::number(check ? int(check->practice) : 0));
    xml.writeAttribute(u"time"_s, u"0"_s);
    if (finding.isProblem()) {
        xml.writeStartElement(u"failure"_s);
        xml.writeAttribute(u"type"_s, nameOf(finding.verdict));
        xml.writeAttribute(u"message"_s, finding.summary);
        xml.writeCharacters(finding.evidence.join(u'\n') + (check ? u"\n\n"_s + check->fix : QString()));
        xml.writeEndElement();
    } else if (finding.verdict == Finding::Verdict::Skipped) {
        xml.writeStartElement(u"skipped"_s);
        xml.writeAttribute(u"message"_s, finding.summary);
        xml.writeEndElement();
    }
    xml.writeEndElement();
}

} // namespace

QByteArray junitReport(const Report &report)
{
    QByteArray out;
    QXmlStreamWriter xml(&out);
    xml.setAutoFormatting(true);
    xml.writeStartDocument();
    xml.writeStartElement(u"testsuites"_s);
    xml.writeStartElement(u"testsuite"_s);
    xml.writeAttribute(u"name"_s, u"watchword doctor "_s + report.endpoint.toString());
    xml.writeAttribute(u"tests"_s, QString::number(report.findings.size()));
    xml.writeAttribute(u"failures"_s,
                       QString::number(report.count(Finding::Verdict::Fail) + report.count(Finding::Verdict::Warn)));
    xml.writeAttribute(u"errors"_s, u"0"_s);
    xml.writeAttribute(u"skipped"_s, QString::number(report.count(Finding::Verdict::Skipped)));
    xml.writeAttribute(u"time"_s, QString::number(double(report.took.count()) / 1000, 'f', 3));
    xml.writeAttribute(u"timestamp"_s, report.startedAt.toUTC().toString(u"yyyy-MM-ddThh:mm:ss"_s));
    for (const Finding &finding : report.findings)
        writeCase(xml, finding);
    xml.writeEndDocument();
    return out;
}

} // namespace Watchword::Doctoring
