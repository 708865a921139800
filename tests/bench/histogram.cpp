// SPDX-License-Identifier: Apache-2.0
#include "histogram.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>

#include <algorithm>
#include <cstdio>

namespace Bench {

using namespace Qt::StringLiterals;

namespace {

constexpr double kLeft = 60;
constexpr double kTop = 40;
constexpr double kPlotWidth = 860;
constexpr double kPlotHeight = 300;

int niceCeiling(int value)
{
    for (int unit = 1;; unit *= 10) {
        for (const int step : {1, 2, 5}) {
            if (value <= step * unit)
                return step * unit;
        }
    }
}

QString textAt(double x, double y, const QString &anchor, const QString &text)
{
    return u"<text x=\"%1\" y=\"%2\" text-anchor=\"%3\">%4</text>\n"_s.arg(x).arg(y).arg(anchor, text.toHtmlEscaped());
}

} // namespace

QList<int> Histogram::counted(const QList<qint64> &times, qint64 from, qint64 until, qint64 width)
{
    QList<int> counts(std::max<qint64>(1, (until - from) / width + 1), 0);
    for (const qint64 time : times) {
        if (time >= from && time <= until)
            ++counts[(time - from) / width];
    }
    return counts;
}

QByteArray Histogram::toSvg() const
{
    const qsizetype bins = std::max<qsizetype>(1, std::max(tried.size(), succeeded.size()));
    int most = 1;
    for (const QList<int> &counts : {tried, succeeded}) {
        for (const int count : counts)
            most = std::max(most, count);
    }
    most = niceCeiling(most);
    const double bar = kPlotWidth / double(bins);
    const auto rectangle = [&](qsizetype bin, int count, const QString &style) {
        const double height = kPlotHeight * count / most;
        return u"<rect x=\"%1\" y=\"%2\" width=\"%3\" height=\"%4\" %5/>\n"_s.arg(kLeft + bar * double(bin))
            .arg(kTop + kPlotHeight - height)
            .arg(bar * 0.9)
            .arg(height)
            .arg(style);
    };
    QString svg = u"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"410\" font-family=\"sans-serif\" "
                  "font-size=\"13\">\n<rect width=\"960\" height=\"410\" fill=\"#ffffff\"/>\n"_s;
    svg += textAt(kLeft, 24, u"start"_s, title);
    for (int line = 0; line <= 4; ++line) {
        const double y = kTop + kPlotHeight * (4 - line) / 4;
        svg +=
            u"<line x1=\"%1\" x2=\"%2\" y1=\"%3\" y2=\"%3\" stroke=\"#dddddd\"/>\n"_s.arg(kLeft).arg(kLeft + kPlotWidth).arg(y);
        svg += textAt(kLeft - 8, y + 4, u"end"_s, QString::number(most * line / 4.0));
    }
    for (qsizetype bin = 0; bin < bins; ++bin) {
        if (succeeded.value(bin) > 0)
            svg += rectangle(bin, succeeded.value(bin), u"fill=\"#2f6fde\""_s);
        if (tried.value(bin) > 0)
            svg += rectangle(bin, tried.value(bin), u"fill=\"none\" stroke=\"#d9822b\""_s);
    }
    const double x = kLeft + kPlotWidth * double(mark) / double(bins * width);
    svg +=
        u"<line x1=\"%1\" x2=\"%1\" y1=\"%2\" y2=\"%3\" stroke=\"#2e7d32\" stroke-dasharray=\"4 3\"/>\n"_s.arg(x).arg(kTop).arg(
            kTop + kPlotHeight);
    svg += textAt(x + 4, kTop + 12, u"start"_s, markName);
    const qint64 second = std::max<qint64>(1000, bins * width / 12 / 1000 * 1000);
    for (qint64 time = 0; time <= bins * width; time += second)
        svg += textAt(kLeft + kPlotWidth * double(time) / double(bins * width), kTop + kPlotHeight + 18, u"middle"_s,
                      u"%1 s"_s.arg(double(time) / 1000));
    svg += textAt(kLeft, kTop + kPlotHeight + 46, u"start"_s,
                  u"per %1 ms: orange outlines are attempts, blue bars are connections that became ready"_s.arg(width));
    return (svg + u"</svg>\n"_s).toUtf8();
}

QString outputFolder()
{
    const QDir folder(QCoreApplication::applicationDirPath() + u"/../bench"_s);
    QDir().mkpath(folder.absolutePath());
    return QDir::cleanPath(folder.absolutePath());
}

bool writeOutput(const QString &name, const QByteArray &bytes)
{
    QFile file(outputFolder() + u'/' + name);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) {
        std::fprintf(stderr, "cannot write %s: %s\n", qPrintable(file.fileName()), qPrintable(file.errorString()));
        return false;
    }
    std::fprintf(stderr, "  wrote %s\n", qPrintable(file.fileName()));
    return true;
}

} // namespace Bench
