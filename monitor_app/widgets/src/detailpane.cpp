// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/detailpane.h"

#include "monitor/widgets/button.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/tabstrip.h"
#include "monitor/widgets/workspace.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QPainter>
#include <QPlainTextEdit>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

QScrollArea *scrolling(QWidget *content)
{
    auto *area = new QScrollArea;
    area->setWidget(content);
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setFocusPolicy(Qt::NoFocus);
    return area;
}

} // namespace

DetailPane::DetailPane(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_title(new RunLabel(this))
    , m_line(new RunLabel(this))
    , m_position(new RunLabel(this))
    , m_close(Button::iconOnly(u"cross"_s, tr("Close the detail"), this))
    , m_tabs(new TabStrip({tr("Summary"), tr("Raw"), tr("Related")}, this))
    , m_pages(new QStackedWidget(this))
    , m_summary(new SummaryView(workspace))
    , m_raw(new QPlainTextEdit)
    , m_related(new RelatedView(workspace))
    , m_footer(new QWidget(this))
    , m_disconnect(new Button(Button::Kind::Danger, tr("Disconnect…"), m_footer))
    , m_filter(new Button(Button::Kind::Outlined, tr("Filter by session"), m_footer))
    , m_copy(new Button(Button::Kind::Outlined, tr("Copy JSON"), m_footer))
    , m_reason(new RunLabel(m_footer))
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(1, 0, 0, 0);
    layout->setSpacing(0);
    buildHead();
    m_raw->setReadOnly(true);
    m_raw->setFont(face(Face::Mono));
    m_raw->setAccessibleName(tr("Raw JSON"));
    m_raw->setFrameShape(QFrame::NoFrame);
    m_raw->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_raw->document()->setDocumentMargin(12);
    m_summaryArea = scrolling(m_summary);
    m_pages->addWidget(m_summaryArea);
    m_pages->addWidget(m_raw);
    m_pages->addWidget(scrolling(m_related));
    layout->addWidget(m_pages, 1);
    buildFooter();
    connect(m_tabs, &QTabBar::currentChanged, m_pages, &QStackedWidget::setCurrentIndex);
    connect(m_close, &QAbstractButton::clicked, this, &DetailPane::closeRequested);
    connect(m_disconnect, &QAbstractButton::clicked, this, &DetailPane::disconnectRequested);
    connect(m_related, &RelatedView::eventRequested, this, &DetailPane::eventRequested);
    connect(m_copy, &QAbstractButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(m_content.raw); });
    connect(m_filter, &QAbstractButton::clicked, this, [this] { Q_EMIT filterRequested(m_content.sessionId); });
}

void DetailPane::buildHead()
{
    m_head = new QWidget(this);
    auto *rows = new QVBoxLayout(m_head);
    rows->setContentsMargins(16, 8, 8, 6);
    rows->setSpacing(0);
    m_firstLine = new QHBoxLayout;
    m_firstLine->setSpacing(8);
    m_firstLine->addWidget(m_title, 1);
    m_firstLine->addWidget(m_position);
    m_firstLine->addWidget(m_close);
    rows->addLayout(m_firstLine);
    rows->addWidget(m_line);
    layout()->addWidget(m_head);
    m_tabRow = new QWidget(this);
    auto *tabs = new QHBoxLayout(m_tabRow);
    tabs->setContentsMargins(16, 0, 0, 0);
    tabs->addWidget(m_tabs);
    layout()->addWidget(m_tabRow);
}

void DetailPane::buildFooter()
{
    m_footer->setFixedHeight(px(Metric::LayoutDetailFooter));
    m_actions = new QHBoxLayout(m_footer);
    m_actions->setContentsMargins(16, 0, 16, 0);
    m_actions->setSpacing(8);
    m_disconnect->setIconName(u"disconnect"_s);
    m_filter->setIconName(u"filter"_s);
    m_copy->setIconName(u"copy"_s);
    m_actions->addWidget(m_disconnect);
    m_actions->addWidget(m_filter);
    m_actions->addWidget(m_copy);
    m_actions->addWidget(m_reason, 1);
    layout()->addWidget(m_footer);
}

void DetailPane::setContent(const DetailContent &content, const QString &position)
{
    const bool another = content.title != m_content.title || content.raw != m_content.raw;
    const bool otherSession = content.sessionId != m_content.sessionId || content.connectionId != m_content.connectionId;
    m_content = content;
    constexpr std::array inks{Ink::SeverityNeutral, Ink::SeverityInfo,  Ink::SeverityOkInk,
                              Ink::SeverityWarning, Ink::SeverityError, Ink::SeverityCritical};
    m_title->setGlyph(content.glyph, inks[size_t(content.severity)], 14);
    m_title->setRuns({TextRun{content.title, Face::Title, Ink::TextPrimary, false}});
    m_line->setRuns({TextRun{content.line, Face::Table, Ink::TextSecondary}});
    m_position->setRuns({TextRun{position, Face::Caption, Ink::TextMuted}});
    m_summary->setContent(content);
    if (another)
        m_raw->setPlainText(content.rawCut ? content.raw + u"\n"_s + tr("… cut at 64 KiB") : content.raw);
    m_tabs->setTabVisible(1, !content.raw.isEmpty());
    if (otherSession || m_related->isVisible())
        m_related->setContent(content);
    refreshActions();
}

void DetailPane::refreshActions()
{
    const ConnectionTable &table = m_workspace.connections();
    const quint32 slot = m_content.connectionId.isEmpty() ? ConnectionTable::noSlot() : table.slotOf(m_content.connectionId);
    const bool connection = slot != ConnectionTable::noSlot();
    const bool ended =
        connection && (table.state(slot) == ConnectionTable::ClosedState || table.state(slot) == ConnectionTable::RevokedState);
    const QString blocked = ended ? tr("This connection has ended.") : m_workspace.actionsBlocked();
    m_disconnect->setVisible(connection);
    m_disconnect->setEnabled(connection && blocked.isEmpty());
    m_disconnect->setToolTip(blocked);
    m_filter->setVisible(!connection && !m_content.sessionId.isEmpty());
    m_copy->setVisible(!m_content.raw.isEmpty() && !connection);
    m_reason->setRuns(connection && !blocked.isEmpty() ? QList<TextRun>{TextRun{blocked, Face::Table, Ink::TextMuted}}
                                                       : QList<TextRun>());
}

// Under the table height is scarce: title, tabs and actions share one line.
void DetailPane::placeParts(bool under)
{
    m_head->setFixedHeight(under ? 44 : 60);
    m_head->layout()->setContentsMargins(16, under ? 4 : 8, 8, under ? 4 : 6);
    m_line->setVisible(!under);
    m_tabRow->setVisible(!under);
    m_footer->setVisible(!under);
    if (under) {
        m_firstLine->insertWidget(1, m_tabs);
        int place = 2;
        for (QWidget *action : std::initializer_list<QWidget *>{m_disconnect, m_filter, m_copy})
            m_firstLine->insertWidget(place++, action);
    } else {
        m_tabRow->layout()->addWidget(m_tabs);
        int place = 0;
        for (QWidget *action : std::initializer_list<QWidget *>{m_disconnect, m_filter, m_copy})
            m_actions->insertWidget(place++, action);
    }
    refreshActions();
}

void DetailPane::setUnder(bool under)
{
    placeParts(under);
    setFixedHeight(under ? 232 : QWIDGETSIZE_MAX);
    setMinimumHeight(under ? 232 : 0);
    if (under) {
        setMinimumWidth(0);
        setMaximumWidth(QWIDGETSIZE_MAX);
    } else {
        setFixedWidth(px(Metric::LayoutDetailWidth));
    }
    m_summary->setColumns(under ? 2 : 1);
}

void DetailPane::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    drawHairline(painter, {0, 0}, {0, qreal(height())}, ink(Ink::LineDivider));
    if (m_footer->isVisibleTo(this)) {
        const qreal footer = m_footer->geometry().top();
        drawHairline(painter, {0, footer}, {qreal(width()), footer}, ink(Ink::LineDivider));
    } else {
        const qreal head = m_head->height() - 1.0;
        drawHairline(painter, {0, head}, {qreal(width()), head}, ink(Ink::LineDivider));
    }
    drawHairline(painter, {0, 0}, {qreal(width()), 0}, ink(Ink::LineDivider));
}

} // namespace Monitor
