// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/detailpane.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/lanepainter.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/workspace.h"

#include <QAbstractTextDocumentLayout>
#include <QClipboard>
#include <QGuiApplication>
#include <QPainter>
#include <QTextDocument>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int summaryPadding = 16;
constexpr qreal factLabelWidth = 96;
constexpr qreal laneHeight = 48;
constexpr qreal titleHeight = 24;

} // namespace

SummaryView::SummaryView(Workspace &workspace, QWidget *parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

QSize SummaryView::sizeHint() const
{
    return {280, m_height};
}

void SummaryView::setColumns(int columns)
{
    if (m_columns == columns)
        return;
    m_columns = columns;
    layOut();
}

void SummaryView::setContent(const DetailContent &content)
{
    m_content = content;
    setAccessibleName(content.title);
    setAccessibleDescription(content.plainSentences());
    layOut();
}

QString SummaryView::sentencesHtml() const
{
    QString html = m_content.sentences.toHtmlEscaped();
    const QStringList parts = html.split(u"**"_s);
    html.clear();
    for (qsizetype part = 0; part < parts.size(); ++part)
        html += part % 2 == 1 ? u"<span style=\"font-weight:600\">%1</span>"_s.arg(parts.at(part)) : parts.at(part);
    return html;
}

qreal SummaryView::sentencesHeight(qreal width) const
{
    if (m_content.sentences.isEmpty())
        return 0;
    QTextDocument document;
    document.setDefaultFont(face(Face::Body));
    document.setDocumentMargin(0);
    document.setHtml(sentencesHtml());
    document.setTextWidth(width);
    return std::ceil(document.size().height());
}

void SummaryView::layOut()
{
    m_facts.clear();
    m_lines.clear();
    const bool beside = m_columns > 1;
    const qreal columnWidth = beside ? 320 : width() - 2 * summaryPadding;
    qreal y = summaryPadding;
    m_sentences = {summaryPadding, y, columnWidth, sentencesHeight(columnWidth)};
    y = m_sentences.bottom() + 12;
    m_lane = {};
    if (!m_content.sessionId.isEmpty() && m_workspace.tokens().laneOf(m_content.sessionId) != TokenTable::none()) {
        m_lane = {summaryPadding, y, columnWidth, laneHeight};
        y = m_lane.bottom() + 12;
    }
    qreal bottom = y;
    qreal x = summaryPadding;
    if (beside) {
        x = summaryPadding + columnWidth + 24;
        y = summaryPadding;
    }
    const qreal factWidth = beside ? std::min<qreal>(320, (width() - x - 2 * summaryPadding) / 2) : columnWidth;
    const qreal pitch = px(Metric::RowKv);
    bool first = true;
    for (const DetailBlock &block : std::as_const(m_content.blocks)) {
        if (beside && y + block.rows.size() * pitch > std::max<qreal>(height(), 150)
            && x + 2 * factWidth + 24 <= width() + summaryPadding && !first) {
            x += factWidth + 24;
            y = summaryPadding;
        } else if (!first) {
            m_lines.append(beside ? -1 : y + 8);
            y += 17;
        }
        first = false;
        if (!block.title.isEmpty()) {
            m_facts.append({QRectF(x, y, factWidth, titleHeight), nullptr, block.title});
            y += titleHeight;
        }
        for (const DetailRow &row : block.rows) {
            m_facts.append({QRectF(x, y, factWidth, pitch), &row, {}});
            y += pitch;
        }
        bottom = std::max(bottom, y);
    }
    m_height = int(std::max(bottom, y)) + summaryPadding;
    setMinimumHeight(m_height);
    placeCopyButtons();
    update();
}

void SummaryView::placeCopyButtons()
{
    qDeleteAll(m_copyButtons);
    m_copyButtons.clear();
    for (const Fact &fact : std::as_const(m_facts)) {
        if (!fact.entry || fact.entry->full.isEmpty())
            continue;
        Button *button = Button::iconOnly(u"copy"_s, tr("Copy %1").arg(fact.entry->label), this);
        button->setGeometry(int(fact.row.right()) - 22, int(fact.row.top()) + 1, 22, 22);
        const QString full = fact.entry->full;
        const QString label = fact.entry->label;
        connect(button, &QAbstractButton::clicked, this, [this, full, label] {
            QGuiApplication::clipboard()->setText(full);
            Q_EMIT copied(label);
        });
        button->show();
        m_copyButtons.append(button);
    }
}

void SummaryView::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    layOut();
}

void SummaryView::paintLane(QPainter &painter, const QRectF &area) const
{
    const qint64 now = m_workspace.now();
    qint64 life = 600'000;
    const TokenTable &table = m_workspace.tokens();
    const quint32 lane = table.laneOf(m_content.sessionId);
    if (lane == TokenTable::none())
        return;
    if (const quint32 current = table.lane(lane).access.empty() ? TokenTable::none() : table.current(lane);
        current != TokenTable::none()) {
        const TokenInterval &token = table.token(current);
        if (token.expires > token.issued)
            life = token.expires - token.issued;
    }
    TimeScale scale;
    scale.left = area.left();
    scale.width = area.width();
    scale.msPerPixel = double(life) * 3 / scale.width;
    scale.from = now - life * 2;
    const TimelineLane content =
        m_workspace.lanesModel().laneOfSession(m_content.sessionId, scale.from, scale.to(), scale.msPerPixel, now);
    const QRectF row(area.left(), area.top(), area.width(), px(Metric::TimelineLane));
    const qreal x = std::round(scale.x(now));
    painter.fillRect(QRectF(x, row.top() + 4, row.right() - x, 24), ink(Ink::TimelinePlan));
    LanePainter(painter, scale, now, false).paint(row, content);
    painter.fillRect(QRectF(x, row.top() + 2, 1, 28), ink(Ink::TextPrimary));
    const QRectF labels(area.left(), row.bottom(), area.width(), 14);
    drawNumber(painter, labels, Face::Micro, ink(Ink::TextMuted), Text::clockTime(scale.from), Qt::AlignLeft);
    drawNumber(painter, labels, Face::Micro, ink(Ink::TextMuted), Text::clockTime(scale.to()), Qt::AlignRight);
    drawText(painter, QRectF(x - 30, labels.top(), 60, 14), Face::Micro, ink(Ink::TextSecondary), tr("now"), Qt::AlignHCenter);
}

void SummaryView::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    QTextDocument document;
    document.setDefaultFont(face(Face::Body));
    document.setDocumentMargin(0);
    document.setHtml(sentencesHtml());
    document.setTextWidth(m_sentences.width());
    painter.save();
    painter.translate(m_sentences.topLeft());
    QAbstractTextDocumentLayout::PaintContext context;
    context.palette.setColor(QPalette::Text, ink(Ink::TextPrimary));
    document.documentLayout()->draw(&painter, context);
    painter.restore();
    if (!m_lane.isEmpty())
        paintLane(painter, m_lane);
    for (const qreal line : std::as_const(m_lines)) {
        if (line > 0)
            drawHairline(painter, {summaryPadding, line}, {width() - qreal(summaryPadding), line}, ink(Ink::LineDivider));
    }
    for (const Fact &fact : std::as_const(m_facts)) {
        if (!fact.entry) {
            drawText(painter, fact.row, Face::CaptionStrong, ink(Ink::TextMuted), fact.title);
            continue;
        }
        const DetailRow &entry = *fact.entry;
        QRectF value = fact.row.adjusted(factLabelWidth, 0, entry.full.isEmpty() ? 0 : -26, 0);
        drawText(painter, QRectF(fact.row.left(), fact.row.top(), factLabelWidth - 6, fact.row.height()), Face::Table,
                 ink(Ink::TextMuted), entry.label, Qt::AlignLeft, true);
        if (!entry.glyph.isEmpty()) {
            drawIcon(painter, {value.left(), value.center().y() - 6}, entry.glyph, 12, ink(Theme::named(entry.glyphColour)));
            value.setLeft(value.left() + 18);
        }
        const qreal used = drawText(painter, value, entry.monospace ? Face::Mono : Face::Table, ink(Ink::TextPrimary),
                                    entry.value, Qt::AlignLeft, !entry.monospace);
        value.setLeft(value.left() + used + 6);
        if (value.width() > 16)
            drawText(painter, value, Face::Table, ink(Ink::TextMuted), entry.note, Qt::AlignLeft, true);
    }
}

} // namespace Monitor
