// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/theme.h"

#include <QApplication>
#include <QFile>
#include <QHash>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QPointer>
#include <QStyleHints>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

#define WATCHWORD_MONITOR_NAME(name, text) QLatin1String(text),
constexpr std::array inkNames{WATCHWORD_MONITOR_INKS(WATCHWORD_MONITOR_NAME)};
constexpr std::array metricNames{WATCHWORD_MONITOR_METRICS(WATCHWORD_MONITOR_NAME)};
#undef WATCHWORD_MONITOR_NAME

constexpr int schemeCount = 3;
constexpr std::array schemeNames{QLatin1String("light"), QLatin1String("dark"), QLatin1String("contrast")};

struct FaceSource
{
    QLatin1String entry;
    int weight; // 0: the weight of the entry.
    bool mono;
    int pixels; // 0: the size of the entry.
};

constexpr std::array<FaceSource, int(Face::Count)> faceSources{{
    {QLatin1String("micro"), 0, false, 0},
    {QLatin1String("caption"), 0, false, 0},
    {QLatin1String("caption"), 500, false, 0},
    {QLatin1String("caption"), 600, false, 0},
    {QLatin1String("table"), 0, false, 0},
    {QLatin1String("table"), 500, false, 0},
    {QLatin1String("table"), 600, false, 0},
    {QLatin1String("mono"), 0, true, 0},
    {QLatin1String("mono"), 0, true, 12},
    {QLatin1String("body"), 0, false, 0},
    {QLatin1String("body"), 500, false, 0},
    {QLatin1String("body"), 600, false, 0},
    {QLatin1String("title"), 0, false, 0},
    {QLatin1String("heading"), 0, false, 0},
    {QLatin1String("figure"), 0, false, 0},
}};

QFont makeFont(const QJsonObject &entry, const FaceSource &source, const QStringList &families)
{
    QFont font;
    font.setFamilies(families);
    font.setPixelSize(source.pixels > 0 ? source.pixels : entry["px"_L1].toInt());
    font.setWeight(QFont::Weight(source.weight > 0 ? source.weight : entry["weight"_L1].toInt()));
    font.setStyleHint(source.mono ? QFont::Monospace : QFont::SansSerif);
    if (source.mono) // ">=" is two characters that are typed, not one sign
        font.setStyleStrategy(QFont::PreferNoShaping);
    return font;
}

QStringList familiesOf(const QJsonArray &names)
{
    QStringList families;
    for (const QJsonValue &name : names)
        families << name.toString();
    return families;
}

bool systemIsDark()
{
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    if (QGuiApplication::styleHints()->colorScheme() != Qt::ColorScheme::Unknown)
        return QGuiApplication::styleHints()->colorScheme() == Qt::ColorScheme::Dark;
#endif
    const QPalette palette = QPalette();
    return palette.color(QPalette::WindowText).lightness() > palette.color(QPalette::Window).lightness();
}

} // namespace

class Theme::Private
{
public:
    std::array<std::array<QColor, int(Ink::Count)>, schemeCount> colors;
    std::array<int, int(Metric::Count)> metrics{};
    std::array<QFont, int(Face::Count)> fonts;
    std::array<int, int(Face::Count)> lines{};
    Choice choice = Choice::System;
    Scheme scheme = Scheme::Light;
    bool systemDark = false;

    void load();
    void loadColors(const QJsonObject &roles);
    QPalette palette() const;
    QColor color(Ink ink) const { return colors[int(scheme)][int(ink)]; }
};

void Theme::Private::loadColors(const QJsonObject &roles)
{
    for (int role = 0; role < int(Ink::Count); ++role) {
        const QJsonObject entry = roles[inkNames[role]].toObject();
        for (int index = 0; index < schemeCount; ++index) {
            const QColor color(entry[schemeNames[index]].toString());
            if (!color.isValid())
                qFatal("theme.json: no colour for %s", inkNames[role].data());
            colors[index][role] = color;
        }
    }
}

void Theme::Private::load()
{
    QFile file(u":/monitor/theme.json"_s);
    if (!file.open(QIODevice::ReadOnly))
        qFatal("The theme is not compiled into this program");
    const QJsonObject root = QJsonDocument::fromJson(file.readAll()).object();
    loadColors(root["roles"_L1].toObject());
    const QJsonObject sizes = root["metrics"_L1].toObject();
    for (int metric = 0; metric < int(Metric::Count); ++metric) {
        metrics[metric] = sizes[metricNames[metric]].toInt(-1);
        if (metrics[metric] < 0)
            qFatal("theme.json: no size for %s", metricNames[metric].data());
    }
    const QJsonObject families = root["families"_L1].toObject();
    const QStringList ui = familiesOf(families["ui"_L1].toArray());
    const QStringList mono = familiesOf(families["mono"_L1].toArray());
    const QJsonObject entries = root["fonts"_L1].toObject();
    for (int index = 0; index < int(Face::Count); ++index) {
        const FaceSource &source = faceSources[index];
        const QJsonObject entry = entries[source.entry].toObject();
        if (entry.isEmpty())
            qFatal("theme.json: no font %s", source.entry.data());
        fonts[index] = makeFont(entry, source, source.mono ? mono : ui);
        lines[index] = entry["line"_L1].toInt();
    }
}

QPalette Theme::Private::palette() const
{
    QPalette palette;
    const auto set = [&palette](QPalette::ColorRole role, const QColor &normal, const QColor &disabled) {
        palette.setColor(QPalette::Active, role, normal);
        palette.setColor(QPalette::Inactive, role, normal);
        palette.setColor(QPalette::Disabled, role, disabled);
    };
    const QColor text = color(Ink::TextPrimary);
    const QColor off = color(Ink::TextDisabled);
    set(QPalette::Window, color(Ink::SurfaceWindow), color(Ink::SurfaceWindow));
    set(QPalette::Base, color(Ink::SurfacePanel), color(Ink::SurfacePanel));
    set(QPalette::AlternateBase, color(Ink::SurfaceSunk), color(Ink::SurfaceSunk));
    set(QPalette::Button, color(Ink::SurfacePanel), color(Ink::SurfacePanel));
    set(QPalette::WindowText, text, off);
    set(QPalette::Text, text, off);
    set(QPalette::ButtonText, text, off);
    set(QPalette::BrightText, color(Ink::SeverityError), off);
    set(QPalette::PlaceholderText, color(Ink::TextMuted), off);
    set(QPalette::Highlight, color(Ink::AccentFill), color(Ink::SoftNeutral));
    set(QPalette::HighlightedText, color(Ink::AccentOn), off);
    set(QPalette::Link, color(Ink::AccentText), off);
    set(QPalette::LinkVisited, color(Ink::AccentText), off);
    set(QPalette::ToolTipBase, color(Ink::TooltipFill), color(Ink::TooltipFill));
    set(QPalette::ToolTipText, color(Ink::TooltipText), color(Ink::TooltipText));
    set(QPalette::Mid, color(Ink::LineControl), color(Ink::LineDivider));
    set(QPalette::Midlight, color(Ink::LineDivider), color(Ink::LineDivider));
    set(QPalette::Dark, color(Ink::LineControl), color(Ink::LineDivider));
    set(QPalette::Light, color(Ink::SurfaceRaised), color(Ink::SurfaceRaised));
    set(QPalette::Shadow, color(Ink::LineControl), color(Ink::LineDivider));
    return palette;
}

Theme &Theme::instance()
{
    // Owned by the application, so that fonts and colours do not outlive the platform plugin.
    static QPointer<Theme> theme;
    if (!theme) {
        Q_ASSERT(qApp);
        theme = new Theme;
        theme->setParent(qApp);
    }
    return *theme;
}

Theme::Theme()
    : d(std::make_unique<Private>())
{
    d->load();
    d->systemDark = systemIsDark();
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    connect(QGuiApplication::styleHints(), &QStyleHints::colorSchemeChanged, this, [this] {
        d->systemDark = systemIsDark();
        setChoice(d->choice);
    });
#endif
    setChoice(Choice::System);
}

Theme::~Theme() = default;

Theme::Scheme Theme::scheme() const
{
    return d->scheme;
}

Theme::Choice Theme::choice() const
{
    return d->choice;
}

void Theme::setChoice(Choice choice)
{
    d->choice = choice;
    switch (choice) {
    case Choice::System:
        d->scheme = d->systemDark ? Scheme::Dark : Scheme::Light;
        break;
    case Choice::Light:
        d->scheme = Scheme::Light;
        break;
    case Choice::Dark:
        d->scheme = Scheme::Dark;
        break;
    case Choice::HighContrast:
        d->scheme = Scheme::HighContrast;
        break;
    }
    QApplication::setPalette(d->palette());
    QApplication::setFont(font(Face::Table));
    Q_EMIT changed();
}

QColor Theme::color(Ink ink) const
{
    return d->color(ink);
}

QColor Theme::color(Ink ink, Scheme scheme) const
{
    return d->colors[int(scheme)][int(ink)];
}

int Theme::px(Metric metric) const
{
    return d->metrics[int(metric)];
}

const QFont &Theme::font(Face face) const
{
    return d->fonts[int(face)];
}

int Theme::lineHeight(Face face) const
{
    return d->lines[int(face)];
}

QLatin1String Theme::name(Ink ink)
{
    return inkNames[int(ink)];
}

Ink Theme::named(const QString &name)
{
    static const QHash<QString, Ink> inks = [] {
        QHash<QString, Ink> result;
        for (int index = 0; index < int(Ink::Count); ++index)
            result.insert(inkNames[index], Ink(index));
        return result;
    }();
    return inks.value(name, Ink::TextPrimary);
}

} // namespace Monitor
