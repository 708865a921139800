// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QFont>
#include <QObject>
#include <QPalette>

#include <array>
#include <memory>

class QApplication;

namespace Monitor {

// The names on the right are those of resources/theme.json; a name that is missing there ends the program at start.
#define WATCHWORD_MONITOR_INKS(X)                                                                                                \
    X(SurfaceWindow, "surface.window")                                                                                           \
    X(SurfacePanel, "surface.panel")                                                                                             \
    X(SurfaceSunk, "surface.sunk")                                                                                               \
    X(SurfaceRaised, "surface.raised")                                                                                           \
    X(LineDivider, "line.divider")                                                                                               \
    X(LineRow, "line.row")                                                                                                       \
    X(LineControl, "line.control")                                                                                               \
    X(LineGrid, "line.grid")                                                                                                     \
    X(TextPrimary, "text.primary")                                                                                               \
    X(TextSecondary, "text.secondary")                                                                                           \
    X(TextMuted, "text.muted")                                                                                                   \
    X(TextDisabled, "text.disabled")                                                                                             \
    X(AccentText, "accent.text")                                                                                                 \
    X(AccentFill, "accent.fill")                                                                                                 \
    X(AccentOn, "accent.on")                                                                                                     \
    X(AccentFocus, "accent.focus")                                                                                               \
    X(SelectFill, "select.fill")                                                                                                 \
    X(SelectLine, "select.line")                                                                                                 \
    X(SelectHover, "select.hover")                                                                                               \
    X(SeverityInfo, "severity.info")                                                                                             \
    X(SeverityOk, "severity.ok")                                                                                                 \
    X(SeverityOkInk, "severity.okInk")                                                                                           \
    X(SeverityWarning, "severity.warning")                                                                                       \
    X(SeverityError, "severity.error")                                                                                           \
    X(SeverityCritical, "severity.critical")                                                                                     \
    X(SeverityNeutral, "severity.neutral")                                                                                       \
    X(SoftInfo, "soft.info")                                                                                                     \
    X(SoftOk, "soft.ok")                                                                                                         \
    X(SoftWarning, "soft.warning")                                                                                               \
    X(SoftError, "soft.error")                                                                                                   \
    X(SoftCritical, "soft.critical")                                                                                             \
    X(SoftNeutral, "soft.neutral")                                                                                               \
    X(TintError, "tint.error")                                                                                                   \
    X(TintCritical, "tint.critical")                                                                                             \
    X(BannerFill, "banner.fill")                                                                                                 \
    X(BannerLine, "banner.line")                                                                                                 \
    X(BannerText, "banner.text")                                                                                                 \
    X(TimelineOverlapSpent, "timeline.overlapSpent")                                                                             \
    X(TimelineOverlapLive, "timeline.overlapLive")                                                                               \
    X(TimelineOverlapRevoked, "timeline.overlapRevoked")                                                                         \
    X(TimelineRefreshToken, "timeline.refreshToken")                                                                             \
    X(TimelineTextOnBar, "timeline.textOnBar")                                                                                   \
    X(TimelinePlan, "timeline.plan")                                                                                             \
    X(ChartBar, "chart.bar")                                                                                                     \
    X(DangerFill, "danger.fill")                                                                                                 \
    X(DangerOn, "danger.on")                                                                                                     \
    X(OverlayDim, "overlay.dim")                                                                                                 \
    X(TooltipFill, "tooltip.fill")                                                                                               \
    X(TooltipText, "tooltip.text")                                                                                               \
    X(TooltipTextMuted, "tooltip.textMuted")                                                                                     \
    X(SelectAccent, "select.accent")                                                                                             \
    X(SelectText, "select.text")

#define WATCHWORD_MONITOR_METRICS(X)                                                                                             \
    X(RadiusKey, "radius.key")                                                                                                   \
    X(RadiusControl, "radius.control")                                                                                           \
    X(RadiusCard, "radius.card")                                                                                                 \
    X(RadiusPill, "radius.pill")                                                                                                 \
    X(RowComfortable, "row.comfortable")                                                                                         \
    X(RowCompact, "row.compact")                                                                                                 \
    X(RowUltra, "row.ultra")                                                                                                     \
    X(RowHeader, "row.header")                                                                                                   \
    X(RowGroup, "row.group")                                                                                                     \
    X(RowKv, "row.kv")                                                                                                           \
    X(RowNav, "row.nav")                                                                                                         \
    X(RowNavSmall, "row.navSmall")                                                                                               \
    X(LayoutTitleBar, "layout.titleBar")                                                                                         \
    X(LayoutTopBar, "layout.topBar")                                                                                             \
    X(LayoutPageToolbar, "layout.pageToolbar")                                                                                   \
    X(LayoutStatusBar, "layout.statusBar")                                                                                       \
    X(LayoutNav, "layout.nav")                                                                                                   \
    X(LayoutNavRail, "layout.navRail")                                                                                           \
    X(LayoutRailBelowWidth, "layout.railBelowWidth")                                                                             \
    X(LayoutDetailWidth, "layout.detailWidth")                                                                                   \
    X(LayoutDetailWide, "layout.detailWide")                                                                                     \
    X(LayoutDetailBelowUnderWidth, "layout.detailBelowUnderWidth")                                                               \
    X(LayoutBanner, "layout.banner")                                                                                             \
    X(LayoutAppliedStrip, "layout.appliedStrip")                                                                                 \
    X(LayoutHistogram, "layout.histogram")                                                                                       \
    X(LayoutTabs, "layout.tabs")                                                                                                 \
    X(LayoutDetailFooter, "layout.detailFooter")                                                                                 \
    X(LayoutScrollGutter, "layout.scrollGutter")                                                                                 \
    X(LayoutMinWidth, "layout.minWidth")                                                                                         \
    X(LayoutMinHeight, "layout.minHeight")                                                                                       \
    X(ControlButton, "control.button")                                                                                           \
    X(ControlDialogButton, "control.dialogButton")                                                                               \
    X(ControlInput, "control.input")                                                                                             \
    X(ControlIconButton, "control.iconButton")                                                                                   \
    X(ControlCheckBox, "control.checkBox")                                                                                       \
    X(ControlPill, "control.pill")                                                                                               \
    X(ControlBadge, "control.badge")                                                                                             \
    X(ControlKbd, "control.kbd")                                                                                                 \
    X(TimelineLaneHeader, "timeline.laneHeader")                                                                                 \
    X(TimelineLane, "timeline.lane")                                                                                             \
    X(TimelineAccessTop, "timeline.accessTop")                                                                                   \
    X(TimelineAccessHeight, "timeline.accessHeight")                                                                             \
    X(TimelineRefreshTop, "timeline.refreshTop")                                                                                 \
    X(TimelineRefreshHeight, "timeline.refreshHeight")                                                                           \
    X(TimelineGroupHeader, "timeline.groupHeader")                                                                               \
    X(TimelineForecast, "timeline.forecast")                                                                                     \
    X(TimelineAxis, "timeline.axis")                                                                                             \
    X(TimelineLegend, "timeline.legend")                                                                                         \
    X(TimelineRasterCell, "timeline.rasterCell")                                                                                 \
    X(TimelineHatchPitch, "timeline.hatchPitch")                                                                                 \
    X(TimelineHatchStroke, "timeline.hatchStroke")                                                                               \
    X(TimelineFailureCross, "timeline.failureCross")                                                                             \
    X(TimelineFailureHalo, "timeline.failureHalo")                                                                               \
    X(TimelineRetryDot, "timeline.retryDot")                                                                                     \
    X(TimelineReuseDiamond, "timeline.reuseDiamond")                                                                             \
    X(TimelineNowAt, "timeline.nowAt")                                                                                           \
    X(TimelineFadeSteps, "timeline.fadeSteps")                                                                                   \
    X(MotionPaneMs, "motion.paneMs")                                                                                             \
    X(MotionCriticalPulseMs, "motion.criticalPulseMs")

#define WATCHWORD_MONITOR_ENUMERATOR(name, text) name,

/*! What a colour is for. Widgets never name a colour in another way. */
enum class Ink : quint8 { WATCHWORD_MONITOR_INKS(WATCHWORD_MONITOR_ENUMERATOR) Count };

/*! Sizes in device-independent pixels. */
enum class Metric : quint8 { WATCHWORD_MONITOR_METRICS(WATCHWORD_MONITOR_ENUMERATOR) Count };

#undef WATCHWORD_MONITOR_ENUMERATOR

/*! The few faces of text; size and line height come from the theme file. */
enum class Face : quint8 {
    Micro, //!< Text inside timeline bars, key caps.
    Caption, //!< Status bar, counts, axes.
    CaptionMedium, //!< Table header.
    CaptionStrong, //!< Group labels.
    Table, //!< Cells, key-value pairs, inputs.
    TableMedium, //!< Buttons.
    TableStrong, //!< A word with a severity colour.
    Mono, //!< Addresses, ids, hashes.
    MonoTable, //!< The filter bar, fingerprints.
    Body, //!< Sentences.
    BodyMedium, //!< Navigation.
    BodyStrong, //!< Titles of lists, decisive facts.
    Title, //!< Title of a pane.
    Heading, //!< Dialogs, empty states.
    Figure, //!< Large numbers.
    Count
};

/*!
    Colours, fonts and sizes of the program, for the light, dark or high-contrast scheme.

    One object serves the program: instance() makes it at its first use, which must come after the QApplication.
    It follows the scheme of the system until setChoice() names one.
    Threads: the GUI thread. changed() is emitted after the palette of the application has been set.
*/
class Theme : public QObject
{
    Q_OBJECT

public:
    enum class Scheme { Light, Dark, HighContrast };
    Q_ENUM(Scheme)
    enum class Choice { System, Light, Dark, HighContrast };
    Q_ENUM(Choice)

    static Theme &instance();
    ~Theme() override;

    Scheme scheme() const;
    Choice choice() const;
    void setChoice(Choice choice);

    QColor color(Ink ink) const;
    QColor color(Ink ink, Scheme scheme) const; //!< Of a scheme that need not be the current one.
    int px(Metric metric) const;
    const QFont &font(Face face) const;
    int lineHeight(Face face) const;

    static QLatin1String name(Ink ink);
    static Ink named(const QString &name); //!< Ink::TextPrimary for a name that does not exist.

Q_SIGNALS:
    void changed();

private:
    Theme();
    class Private;
    std::unique_ptr<Private> d;
};

//! Short forms for painting code.
inline QColor ink(Ink ink)
{
    return Theme::instance().color(ink);
}
inline int px(Metric metric)
{
    return Theme::instance().px(metric);
}
inline const QFont &face(Face f)
{
    return Theme::instance().font(f);
}

} // namespace Monitor
