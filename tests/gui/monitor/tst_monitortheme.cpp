// SPDX-License-Identifier: Apache-2.0
#include "support/testmain.h"

#include "monitor/models/text.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"

#include <QPainter>
#include <QSignalSpy>

#include <cmath>

using namespace Monitor;
using namespace Qt::StringLiterals;

namespace {

double luminance(const QColor &color)
{
    const auto linear = [](double part) { return part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

double contrast(const QColor &a, const QColor &b)
{
    const double first = luminance(a);
    const double second = luminance(b);
    return (std::max(first, second) + 0.05) / (std::min(first, second) + 0.05);
}

} // namespace

class TestMonitorTheme : public WatchwordTest
{
    Q_OBJECT

private Q_SLOTS:
    void textCanBeRead_data();
    void textCanBeRead();
    void severitiesDifferInLightness();
    void choiceChangesThePalette();
    void numbersKeepTheirWidth();
    void iconsAreTinted();
    void everyGlyphOfTheModelsExists();
};

void TestMonitorTheme::textCanBeRead_data()
{
    QTest::addColumn<int>("scheme");
    QTest::addColumn<int>("text");
    QTest::addColumn<int>("ground");
    QTest::addColumn<double>("least");
    const QList<std::tuple<Ink, Ink, double>> pairs{
        {Ink::TextPrimary, Ink::SurfacePanel, 7.0},   {Ink::TextPrimary, Ink::SurfaceWindow, 7.0},
        {Ink::TextSecondary, Ink::SurfacePanel, 4.5}, {Ink::TextSecondary, Ink::SurfaceWindow, 4.5},
        {Ink::TextMuted, Ink::SurfacePanel, 4.5},     {Ink::TextMuted, Ink::SurfaceWindow, 4.5},
        {Ink::AccentText, Ink::SurfacePanel, 4.5},    {Ink::AccentOn, Ink::AccentFill, 4.5},
        {Ink::SelectText, Ink::SelectFill, 7.0},      {Ink::SelectAccent, Ink::SelectFill, 4.5},
        {Ink::SeverityError, Ink::TintError, 4.5},    {Ink::SeverityCritical, Ink::TintCritical, 4.5},
        {Ink::BannerText, Ink::BannerFill, 7.0},      {Ink::DangerOn, Ink::DangerFill, 4.5},
        {Ink::TooltipText, Ink::TooltipFill, 7.0},    {Ink::SeverityWarning, Ink::SurfacePanel, 3.0},
        {Ink::SeverityOk, Ink::SurfacePanel, 3.0},    {Ink::SeverityOkInk, Ink::SurfacePanel, 4.5},
        {Ink::AccentFocus, Ink::SurfacePanel, 3.0},   {Ink::TimelineTextOnBar, Ink::SeverityInfo, 4.5},
    };
    for (const auto scheme : {Theme::Scheme::Light, Theme::Scheme::Dark, Theme::Scheme::HighContrast}) {
        for (const auto &[text, ground, least] : pairs) {
            const QByteArray name = QByteArray::number(int(scheme)) + ' ' + QByteArray(Theme::name(text).data()) + " on "
                + QByteArray(Theme::name(ground).data());
            QTest::newRow(name.constData()) << int(scheme) << int(text) << int(ground) << least;
        }
    }
}

void TestMonitorTheme::textCanBeRead()
{
    QFETCH(int, scheme);
    QFETCH(int, text);
    QFETCH(int, ground);
    QFETCH(double, least);
    const Theme &theme = Theme::instance();
    const double found = contrast(theme.color(Ink(text), Theme::Scheme(scheme)), theme.color(Ink(ground), Theme::Scheme(scheme)));
    QVERIFY2(found >= least, QByteArray::number(found).constData());
}

void TestMonitorTheme::severitiesDifferInLightness()
{
    // Who does not see colours tells them apart by lightness.
    const Theme &theme = Theme::instance();
    for (const auto scheme : {Theme::Scheme::Light, Theme::Scheme::Dark}) {
        const double warning = luminance(theme.color(Ink::SeverityWarning, scheme));
        const double error = luminance(theme.color(Ink::SeverityError, scheme));
        QVERIFY(std::abs(std::log(warning + 0.05) - std::log(error + 0.05)) > 0.5);
    }
}

void TestMonitorTheme::choiceChangesThePalette()
{
    Theme &theme = Theme::instance();
    QSignalSpy changed(&theme, &Theme::changed);
    theme.setChoice(Theme::Choice::Dark);
    QCOMPARE(theme.scheme(), Theme::Scheme::Dark);
    QCOMPARE(QApplication::palette().color(QPalette::Base), theme.color(Ink::SurfacePanel, Theme::Scheme::Dark));
    theme.setChoice(Theme::Choice::Light);
    QCOMPARE(QApplication::palette().color(QPalette::Base), theme.color(Ink::SurfacePanel, Theme::Scheme::Light));
    QCOMPARE(changed.count(), 2);
    QCOMPARE(Theme::named(u"severity.error"_s), Ink::SeverityError);
    QCOMPARE(Theme::named(u"no.such.role"_s), Ink::TextPrimary);
}

void TestMonitorTheme::numbersKeepTheirWidth()
{
    for (const Face f : {Face::Table, Face::TableStrong, Face::Caption, Face::Micro}) {
        QCOMPARE(numberWidth(f, u"11:11"_s), numberWidth(f, u"00:00"_s));
        QCOMPARE(numberWidth(f, u"48,212,311"_s), numberWidth(f, u"40,000,000"_s));
    }
}

void TestMonitorTheme::iconsAreTinted()
{
    const QColor color(10, 200, 30);
    const QImage image = iconPixmap(u"connections"_s, 16, color, 2.0).toImage();
    QCOMPARE(image.size(), QSize(32, 32));
    bool seen = false;
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            const QColor pixel = image.pixelColor(x, y);
            if (pixel.alpha() == 255) {
                seen = true;
                QCOMPARE(pixel.rgb(), color.rgb());
            }
        }
    }
    QVERIFY(seen);
}

void TestMonitorTheme::everyGlyphOfTheModelsExists()
{
    QStringList names;
    for (int severity = 0; severity <= int(Severity::Critical); ++severity)
        names << Text::severityGlyph(Severity(severity));
    for (const auto &client : {u"dispatch-desktop", u"driver-tablet", u"dock-scanner", u"tms-web", u"edi-bridge", u"anything"})
        names << Text::deviceGlyph(client);
    for (const QString &name : std::as_const(names))
        QVERIFY2(QFile::exists(u":/monitor/icons/%1.svg"_s.arg(name)), qPrintable(name));
}

WATCHWORD_GUI_TEST_MAIN(TestMonitorTheme)
#include "tst_monitortheme.moc"
