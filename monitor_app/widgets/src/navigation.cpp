// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/navigation.h"

#include "monitor/models/text.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/workspace.h"

#include <QEvent>
#include <QKeySequence>
#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype maxNodes = 12;
constexpr qsizetype maxFilters = 8;

class SectionLabel : public QWidget
{
public:
    SectionLabel(const QString &text, QWidget *parent)
        : QWidget(parent)
        , m_text(text)
    {
        setFixedHeight(24);
        setAccessibleName(text);
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        drawText(painter, QRectF(rect()).adjusted(8, 0, -8, 0), Face::CaptionStrong, ink(Ink::TextMuted), m_text);
    }

private:
    QString m_text;
};

} // namespace

QString pageName(PageId page)
{
    switch (page) {
    case PageId::Overview:
        return u"overview"_s;
    case PageId::Connections:
        return u"connections"_s;
    case PageId::Tokens:
        return u"tokens"_s;
    case PageId::Audit:
        return u"audit"_s;
    case PageId::Alerts:
        return u"alerts"_s;
    case PageId::Posture:
        break;
    }
    return u"posture"_s;
}

std::optional<PageId> pageNamed(const QString &name)
{
    for (const PageId page : allPages) {
        if (pageName(page) == name)
            return page;
    }
    return {};
}

NavigationItem::NavigationItem(const QString &icon, const QString &label, QWidget *parent)
    : QAbstractButton(parent)
    , m_icon(icon)
{
    setText(label);
    setAccessibleName(label);
    setCheckable(true);
    setAutoExclusive(true);
    setAttribute(Qt::WA_Hover);
    setFocusPolicy(Qt::TabFocus);
    setFixedHeight(px(Metric::RowNav));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void NavigationItem::setCount(const QString &count)
{
    if (m_count == count)
        return;
    m_count = count;
    setAccessibleDescription(count);
    update();
}

void NavigationItem::setRail(bool rail)
{
    m_rail = rail;
    setToolTip(rail ? text() : QString());
    updateGeometry();
    update();
}

QSize NavigationItem::sizeHint() const
{
    const int height = px(Metric::RowNav);
    if (m_rail)
        return {height, height};
    return {int(34 + textWidth(Face::BodyMedium, text()) + 8 + numberWidth(Face::Caption, m_count) + 8), height};
}

void NavigationItem::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const QRectF area = rect();
    if (isChecked())
        drawBox(painter, area, px(Metric::RadiusControl), ink(Ink::SurfacePanel), ink(Ink::LineDivider));
    else if (underMouse())
        drawBox(painter, area, px(Metric::RadiusControl), ink(Ink::SelectHover), QColor());
    const QColor iconColor = ink(isChecked() ? Ink::AccentText : Ink::TextSecondary);
    const qreal y = (area.height() - 16) / 2;
    if (m_rail) {
        drawIcon(painter, {(area.width() - 16) / 2, y}, m_icon, 16, iconColor);
        return;
    }
    drawIcon(painter, {8, y}, m_icon, 16, iconColor);
    const qreal countWidth = numberWidth(Face::Caption, m_count);
    drawText(painter, area.adjusted(34, 0, -countWidth - 12, 0), Face::BodyMedium,
             ink(isChecked() ? Ink::TextPrimary : Ink::TextSecondary), text());
    drawNumber(painter, area.adjusted(34, 0, -8, 0), Face::Caption, ink(Ink::TextMuted), m_count);
}

NodeItem::NodeItem(const QString &node, QWidget *parent)
    : QAbstractButton(parent)
    , m_node(node)
{
    setText(node);
    setAttribute(Qt::WA_Hover);
    setFocusPolicy(Qt::TabFocus);
    setFixedHeight(px(Metric::RowNavSmall));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void NodeItem::setFacts(qsizetype open, qsizetype failing, bool stale)
{
    if (m_open == open && m_failing == failing && m_stale == stale && !accessibleName().isEmpty())
        return;
    m_open = open;
    m_failing = failing;
    m_stale = stale;
    const QString words = failing > 0 ? tr("%1: %2 connections, %3 failing").arg(m_node, Text::count(open), Text::count(failing))
                                      : tr("%1: %2 connections").arg(m_node, Text::count(open));
    setAccessibleName(words);
    setToolTip(tr("%1. Click to see only these.").arg(words));
    update();
}

QSize NodeItem::sizeHint() const
{
    return {120, px(Metric::RowNavSmall)};
}

void NodeItem::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const QRectF area = rect();
    if (underMouse())
        drawBox(painter, area, px(Metric::RadiusControl), ink(Ink::SelectHover), QColor());
    const bool failing = m_failing > 0;
    const QString glyph = m_stale ? u"sev-neutral"_s : failing ? u"sev-error"_s : u"sev-ok"_s;
    const Ink glyphColor = m_stale ? Ink::TextMuted : failing ? Ink::SeverityError : Ink::SeverityOkInk;
    drawIcon(painter, {8, (area.height() - 12) / 2}, glyph, 12, ink(glyphColor));
    const qreal nameWidth = drawText(painter, area.adjusted(28, 0, -60, 0), Face::Table, ink(Ink::TextSecondary), m_node);
    if (failing)
        drawText(painter, area.adjusted(28 + nameWidth + 8, 0, -48, 0), Face::Caption, ink(Ink::TextMuted),
                 tr("%1 failing").arg(Text::count(m_failing)));
    drawNumber(painter, area.adjusted(28, 0, -8, 0), Face::Caption, ink(Ink::TextMuted), Text::count(m_open));
}

SavedFilterItem::SavedFilterItem(const QString &page, const QString &name, const QString &text, QWidget *parent)
    : QAbstractButton(parent)
    , m_page(page)
{
    setText(name);
    setAttribute(Qt::WA_Hover);
    setFocusPolicy(Qt::TabFocus);
    setFixedHeight(px(Metric::RowNavSmall));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(tr("Saved filter %1, %2").arg(name, page));
    setToolTip(plainToolTip(page + u": "_s + text));
}

QSize SavedFilterItem::sizeHint() const
{
    return {120, px(Metric::RowNavSmall)};
}

void SavedFilterItem::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const QRectF area = rect();
    if (underMouse())
        drawBox(painter, area, px(Metric::RadiusControl), ink(Ink::SelectHover), QColor());
    drawIcon(painter, {8, (area.height() - 12) / 2}, u"filter"_s, 12, ink(Ink::TextMuted));
    const qreal pageWidth = textWidth(Face::Caption, m_page);
    drawText(painter, area.adjusted(28, 0, -pageWidth - 16, 0), Face::Table, ink(Ink::TextSecondary), text());
    drawText(painter, area.adjusted(28, 0, -8, 0), Face::Caption, ink(Ink::TextMuted), m_page, Qt::AlignRight);
}

CompletenessBlock::CompletenessBlock(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setFixedHeight(92);
}

QSize CompletenessBlock::sizeHint() const
{
    return {px(Metric::LayoutNav), 92};
}

bool CompletenessBlock::event(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        const LinkStatus &status = m_workspace.status();
        setToolTip(tr("%1. %2.").arg(status.completenessText(), status.verificationText()));
    }
    return QWidget::event(event);
}

void CompletenessBlock::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const LinkStatus &status = m_workspace.status();
    drawHairline(painter, {0, 0}, {qreal(width()), 0}, ink(Ink::LineDivider));
    const QRectF area = QRectF(rect()).adjusted(16, 0, -16, 0);
    const auto line = [&](qreal top) { return QRectF(area.left(), top, area.width(), 16); };
    drawText(painter, line(13), Face::CaptionStrong, ink(Ink::TextPrimary), tr("Completeness"));
    drawText(painter, line(13), Face::Caption, ink(Ink::TextSecondary),
             status.gapCount() == 0 ? tr("no gap") : tr("%n gap(s)", nullptr, int(status.gapCount())), Qt::AlignRight);
    const QRectF bar(area.left(), 36, area.width(), 4);
    // Of no event nothing is known, least of all that it is complete.
    const bool known = m_workspace.audit().rows() > 0;
    painter.fillRect(bar, ink(known ? Ink::SeverityOk : Ink::SoftNeutral));
    if (status.gapCount() > 0) {
        const double total = double(m_workspace.audit().rows()) + double(status.missedEvents());
        const qreal cut = std::clamp(bar.width() * double(status.missedEvents()) / std::max(total, 1.0), 3.0, bar.width() / 2);
        painter.fillRect(QRectF(bar.right() - cut - 20, bar.top(), cut + 2, bar.height()), ink(Ink::SurfaceWindow));
        painter.fillRect(QRectF(bar.right() - cut - 19, bar.top(), cut, bar.height()), ink(Ink::SeverityError));
    }
    drawText(painter, line(46), Face::Caption, ink(Ink::TextMuted), status.completenessText(), Qt::AlignLeft, true);
    const QString verified = status.verificationText();
    if (verified.isEmpty())
        return;
    if (status.chainBroken())
        drawIcon(painter, {area.left(), 67}, u"sev-error"_s, 12, ink(Ink::SeverityError));
    else if (status.verifiedTo() > 0)
        drawIcon(painter, {area.left(), 67}, u"sev-ok"_s, 12, ink(Ink::SeverityOkInk));
    else
        drawIcon(painter, {area.left(), 67}, u"sev-neutral"_s, 12, ink(Ink::TextMuted));
    drawText(painter, line(65).adjusted(18, 0, 0, 0), Face::Caption, ink(Ink::TextMuted), verified, Qt::AlignLeft, true);
}

Navigation::Navigation(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_filters(new QWidget(this))
    , m_filterRows(new QVBoxLayout(m_filters))
    , m_nodes(new QWidget(this))
    , m_nodeRows(new QVBoxLayout(m_nodes))
    , m_completeness(new CompletenessBlock(workspace, this))
{
    setFixedWidth(px(Metric::LayoutNav));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 8, 0, 0);
    layout->setSpacing(0);
    auto *pages = new QVBoxLayout;
    pages->setContentsMargins(8, 0, 8, 0);
    pages->setSpacing(0);
    layout->addLayout(pages);
    addPage(PageId::Overview, u"overview"_s, tr("Overview"), Qt::Key_1);
    addPage(PageId::Connections, u"connections"_s, tr("Connections"), Qt::Key_2);
    addPage(PageId::Tokens, u"tokens"_s, tr("Tokens"), Qt::Key_3);
    addPage(PageId::Audit, u"audit"_s, tr("Audit"), Qt::Key_4);
    addPage(PageId::Alerts, u"alerts"_s, tr("Alerts"), Qt::Key_5);
    addPage(PageId::Posture, u"posture"_s, tr("Posture"), Qt::Key_6);
    for (NavigationItem *item : std::as_const(m_pages))
        pages->addWidget(item);
    layout->addSpacing(12);
    m_filterRows->setContentsMargins(8, 0, 8, 8);
    m_filterRows->setSpacing(0);
    m_filterRows->addWidget(new SectionLabel(tr("Saved filters"), m_filters));
    layout->addWidget(m_filters);
    connect(&workspace.filters(), &FilterBook::changed, this, &Navigation::refreshFilters);
    m_nodeRows->setContentsMargins(8, 0, 8, 0);
    m_nodeRows->setSpacing(0);
    m_nodeRows->addWidget(new SectionLabel(tr("Nodes"), m_nodes));
    layout->addWidget(m_nodes);
    layout->addStretch(1);
    layout->addWidget(m_completeness);
    refreshFilters();
    refresh();
}

void Navigation::refreshFilters()
{
    qDeleteAll(m_filterItems);
    m_filterItems.clear();
    const FilterBook &book = m_workspace.filters();
    for (const PageId page : {PageId::Connections, PageId::Tokens, PageId::Audit}) {
        const QString key = pageName(page);
        for (const QString &name : book.savedNames(key)) {
            if (m_filterItems.size() >= maxFilters)
                break;
            const QString text = book.saved(key).value(name);
            auto *item = new SavedFilterItem(m_pages[int(page)]->text(), name, text, m_filters);
            connect(item, &QAbstractButton::clicked, this, [this, key, text] { Q_EMIT filterRequested(key, text); });
            m_filterRows->addWidget(item);
            m_filterItems.append(item);
        }
    }
    m_filters->setVisible(!m_rail && !m_filterItems.isEmpty());
}

void Navigation::addPage(PageId page, const QString &icon, const QString &label, int key)
{
    auto *item = new NavigationItem(icon, label, this);
    item->setObjectName(u"navigation."_s + icon);
    item->setAccessibleDescription(QKeySequence(Qt::CTRL | Qt::Key(key)).toString(QKeySequence::NativeText));
    connect(item, &QAbstractButton::clicked, this, [this, page] { Q_EMIT pageRequested(page); });
    m_pages.append(item);
}

void Navigation::setCurrent(PageId page)
{
    m_pages[int(page)]->setChecked(true);
}

void Navigation::setRail(bool rail)
{
    m_rail = rail;
    setFixedWidth(px(rail ? Metric::LayoutNavRail : Metric::LayoutNav));
    for (NavigationItem *item : std::as_const(m_pages))
        item->setRail(rail);
    m_filters->setVisible(!rail && !m_filterItems.isEmpty());
    m_nodes->setVisible(!rail && !m_nodeItems.isEmpty());
    m_completeness->setVisible(!rail);
}

void Navigation::refresh()
{
    m_pages[int(PageId::Connections)]->setCount(Text::countShort(m_workspace.connections().liveCount()));
    m_pages[int(PageId::Tokens)]->setCount(Text::countShort(m_workspace.tokens().laneCount()));
    m_pages[int(PageId::Audit)]->setCount(Text::countShort(qint64(m_workspace.audit().rows())));
    const int firing = m_workspace.alerts().firingCount();
    m_pages[int(PageId::Alerts)]->setCount(firing > 0 ? Text::count(firing) : QString());
    refreshNodes();
    m_completeness->update();
}

void Navigation::setGrade(const QString &grade)
{
    m_pages[int(PageId::Posture)]->setCount(grade);
}

void Navigation::refreshNodes()
{
    const QHash<QString, qsizetype> counts = m_workspace.connections().countByNode();
    QStringList nodes = counts.keys();
    nodes.sort();
    if (nodes.size() > maxNodes)
        nodes = nodes.first(maxNodes);
    QStringList shown;
    for (const NodeItem *item : std::as_const(m_nodeItems))
        shown << item->node();
    if (shown != nodes) {
        qDeleteAll(m_nodeItems);
        m_nodeItems.clear();
        for (const QString &node : std::as_const(nodes)) {
            auto *item = new NodeItem(node, m_nodes);
            connect(item, &QAbstractButton::clicked, this, [this, node] { Q_EMIT nodeRequested(node); });
            m_nodeRows->addWidget(item);
            m_nodeItems.append(item);
        }
        m_nodes->setVisible(!m_rail && !nodes.isEmpty());
    }
    const LinkStatus::State state = m_workspace.status().state();
    const bool stale = state == LinkStatus::State::Reconnecting || state == LinkStatus::State::Lost;
    for (NodeItem *item : std::as_const(m_nodeItems))
        item->setFacts(counts.value(item->node()), m_workspace.connections().failingByNode(item->node()), stale);
}

void Navigation::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfaceWindow));
    drawHairline(painter, {width() - 1.0, 0}, {width() - 1.0, qreal(height())}, ink(Ink::LineDivider));
}

} // namespace Monitor
