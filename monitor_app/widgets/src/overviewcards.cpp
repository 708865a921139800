// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/overviewcards.h"

#include "monitor/models/text.h"
#include "monitor/store/query.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/runlabel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int numberColumn = 64;

/*! A row of a card. */
class LineRow : public QAbstractButton
{
public:
    LineRow(const LineCard::Row &row, QWidget *parent)
        : QAbstractButton(parent)
    {
        setFixedHeight(28);
        setCursor(Qt::PointingHandCursor);
        setRow(row);
    }

    void setRow(const LineCard::Row &row)
    {
        m_row = row;
        setText(row.name);
        setAccessibleName((QStringList{row.name, row.middle} + row.numbers).join(u", "_s));
        update();
    }
    const LineCard::Row &row() const { return m_row; }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), ink(underMouse() ? Ink::SelectHover : Ink::SurfacePanel));
        drawHairline(painter, {0, 0}, {qreal(width()), 0}, ink(Ink::LineRow));
        qreal left = 16;
        if (!m_row.glyph.isEmpty()) {
            drawIcon(painter, {left, 8}, m_row.glyph, 12, ink(m_row.glyphInk));
            left += 20;
        }
        qreal right = width() - 16;
        for (qsizetype at = m_row.numbers.size(); at-- > 0;) {
            drawNumber(painter, QRectF(right - numberColumn, 0, numberColumn, height()), Face::Table, ink(Ink::TextPrimary),
                       m_row.numbers.at(at));
            right -= numberColumn;
        }
        if (m_row.share >= 0) {
            const qreal bar = std::max(2.0, std::round(48 * m_row.share));
            painter.fillRect(QRectF(right - 44, 10, bar, 8), ink(m_row.bar));
            right -= 52;
        }
        const qreal width =
            drawText(painter, QRectF(left, 0, right - left - 8, height()), Face::Table, ink(Ink::TextPrimary), m_row.name);
        drawText(painter, QRectF(left + width + 10, 0, right - left - width - 18, height()), Face::Table, ink(Ink::TextMuted),
                 m_row.middle);
        if (hasFocus())
            drawBox(painter, QRectF(rect()).adjusted(2, 1, -2, -1), 2, QColor(), ink(Ink::AccentFocus), 2);
    }

private:
    LineCard::Row m_row;
};

class FigureTile : public QAbstractButton
{
public:
    explicit FigureTile(QWidget *parent)
        : QAbstractButton(parent)
    {
        setFixedHeight(96);
        setCursor(Qt::PointingHandCursor);
        setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    }

    void setFigure(const FigureStrip::Figure &figure)
    {
        m_figure = figure;
        setText(figure.title);
        setAccessibleName(u"%1: %2, %3"_s.arg(figure.title, figure.number, figure.note));
        update();
    }
    const FigureStrip::Figure &figure() const { return m_figure; }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        if (underMouse())
            painter.fillRect(rect().adjusted(1, 1, -1, -1), ink(Ink::SelectHover));
        qreal left = 16;
        if (!m_figure.glyph.isEmpty()) {
            drawIcon(painter, {left, 16}, m_figure.glyph, 12, ink(m_figure.glyphInk));
            left += 18;
        }
        const qreal room = width() - 24;
        drawText(painter, QRectF(left, 12, room - left, 20), Face::Table, ink(Ink::TextSecondary), m_figure.title);
        drawText(painter, QRectF(16, 34, room, 34), Face::Figure, ink(Ink::TextPrimary), m_figure.number, Qt::AlignLeft, true);
        drawText(painter, QRectF(16, 70, room, 16), Face::Caption, ink(Ink::TextMuted), m_figure.note, Qt::AlignLeft, true);
        if (hasFocus())
            drawBox(painter, QRectF(rect()).adjusted(3, 3, -3, -3), 4, QColor(), ink(Ink::AccentFocus), 2);
    }

private:
    FigureStrip::Figure m_figure;
};

} // namespace

Card::Card(const QString &title, QWidget *parent)
    : QWidget(parent)
    , m_title(title)
    , m_rows(new QVBoxLayout(this))
{
    setAccessibleName(title);
    m_rows->setContentsMargins(1, headHeight, 1, 8);
    m_rows->setSpacing(0);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void Card::setNote(const QString &note)
{
    if (m_note == note)
        return;
    m_note = note;
    update();
}

void Card::clearRows()
{
    while (QLayoutItem *item = m_rows->takeAt(0)) {
        if (item->widget()) {
            item->widget()->hide();
            item->widget()->deleteLater();
        }
        delete item;
    }
}

void Card::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawBox(painter, QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), px(Metric::RadiusCard), ink(Ink::SurfacePanel),
            ink(Ink::LineDivider));
    const qreal note = numberWidth(Face::Caption, m_note);
    drawText(painter, QRectF(16, 0, width() - 40 - note, headHeight), Face::BodyStrong, ink(Ink::TextPrimary), m_title);
    drawText(painter, QRectF(width() - 18 - note, 0, note + 2, headHeight), Face::Caption, ink(Ink::TextSecondary), m_note,
             Qt::AlignRight, true);
}

LineCard::LineCard(const QString &title, FollowLink follow, QWidget *parent)
    : Card(title, parent)
    , m_follow(std::move(follow))
{
    setMinimumWidth(220);
}

void LineCard::setRows(const QList<Row> &rows, const QString &whenEmpty)
{
    if (rows == m_rows && whenEmpty == m_empty)
        return;
    m_rows = rows;
    m_empty = whenEmpty;
    if (!rows.isEmpty() && rows.size() == m_lines.size()) {
        // The rows stay, with the focus and the pointer on them; only what they say is new.
        for (qsizetype at = 0; at < rows.size(); ++at)
            static_cast<LineRow *>(m_lines.at(at))->setRow(rows.at(at));
        return;
    }
    clearRows();
    m_lines.clear();
    if (rows.isEmpty()) {
        auto *words = new RunLabel;
        words->setContentsMargins(16, 0, 16, 0);
        words->setRuns({TextRun{whenEmpty, Face::Table, Ink::TextMuted}});
        words->setFixedHeight(28);
        auto *line = new QHBoxLayout;
        line->setContentsMargins(16, 0, 16, 0);
        auto *holder = new QWidget;
        holder->setLayout(line);
        line->addWidget(words);
        this->rows()->addWidget(holder);
    }
    for (const Row &row : rows) {
        auto *line = new LineRow(row, this);
        connect(line, &QAbstractButton::clicked, this, [this, line] { m_follow(line->row().link); });
        m_lines.append(line);
        this->rows()->addWidget(line);
    }
    this->rows()->addStretch(1);
}

AttentionCard::AttentionCard(FollowLink follow, QWidget *parent)
    : Card(tr("Needs attention"), parent)
    , m_follow(std::move(follow))
{
    setMinimumWidth(300);
}

void AttentionCard::setItems(const QList<Situation::Attention> &items)
{
    const bool isSame = m_isFilled
        && std::equal(items.begin(), items.end(), m_items.begin(), m_items.end(),
                      [](const auto &a, const auto &b) { return a.title == b.title && a.sentence == b.sentence; });
    if (isSame)
        return;
    m_isFilled = true;
    m_items = items;
    clearRows();
    const auto quiet = [](QLabel *label, Ink color, Face textFace) {
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        label->setFont(face(textFace));
        QPalette palette = label->palette();
        palette.setColor(QPalette::WindowText, ink(color));
        label->setPalette(palette);
    };
    for (const Situation::Attention &item : items) {
        auto *block = new QWidget(this);
        auto *lines = new QVBoxLayout(block);
        lines->setContentsMargins(16, 6, 12, 6);
        lines->setSpacing(2);
        auto *head = new RunLabel(block);
        head->setGlyph(Text::severityGlyph(item.severity), Theme::named(Text::severityColour(item.severity)), 12);
        head->setRuns({TextRun{item.title, Face::BodyStrong, Ink::TextPrimary},
                       TextRun{u"  "_s + Text::clockTime(item.time), Face::Caption, Ink::TextMuted}});
        lines->addWidget(head);
        auto *sentence = new QLabel(item.sentence, block);
        sentence->setContentsMargins(18, 0, 0, 0);
        quiet(sentence, Ink::TextSecondary, Face::Table);
        lines->addWidget(sentence);
        auto *way = new Button(Button::Kind::Quiet, item.linkWords, block);
        way->setIconName(u"forward"_s);
        lines->addWidget(way, 0, Qt::AlignLeft);
        connect(way, &QAbstractButton::clicked, this, [this, link = item.link] { m_follow(link); });
        rows()->addWidget(block);
    }
    if (items.isEmpty()) {
        auto *words = new QLabel(
            tr("Nothing needs attention: no critical event in 20 minutes, no node whose renewals fail, no wave ahead."), this);
        words->setContentsMargins(16, 0, 16, 0);
        quiet(words, Ink::TextMuted, Face::Body);
        rows()->addWidget(words);
    }
    rows()->addStretch(1);
}

FigureStrip::FigureStrip(FollowLink follow, QWidget *parent)
    : QWidget(parent)
    , m_follow(std::move(follow))
{
    setFixedHeight(96);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    setObjectName(u"figures"_s);
}

void FigureStrip::setFigures(const QList<Figure> &figures)
{
    while (m_tiles.size() < figures.size()) {
        auto *tile = new FigureTile(this);
        connect(tile, &QAbstractButton::clicked, this, [this, tile] { m_follow(tile->figure().link); });
        layout()->addWidget(tile);
        m_tiles.append(tile);
    }
    for (qsizetype at = 0; at < figures.size(); ++at)
        static_cast<FigureTile *>(m_tiles.at(at))->setFigure(figures.at(at));
    update();
}

void FigureStrip::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    drawBox(painter, QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), px(Metric::RadiusCard), ink(Ink::SurfacePanel),
            ink(Ink::LineDivider));
    for (qsizetype at = 1; at < m_tiles.size(); ++at) {
        const qreal x = m_tiles.at(at)->x();
        drawHairline(painter, {x, 1}, {x, height() - 1.0}, ink(Ink::LineDivider));
    }
}

RefreshChart::RefreshChart(FollowLink follow, QWidget *parent)
    : Card(tr("Refreshes by node"), parent)
    , m_follow(std::move(follow))
{
    setMinimumHeight(260);
    setObjectName(u"refreshChart"_s);
}

void RefreshChart::setSituation(const Situation &situation)
{
    m_nodes = situation.nodes;
    m_now = situation.now;
    setNote(tr("20 s a bar, one scale: succeeded, failed, planned"));
    QStringList sentences;
    for (const Situation::Node &node : std::as_const(m_nodes))
        sentences
            << tr("%1: %2 refreshed and %3 failed in 5 minutes").arg(node.name, Text::count(node.done), Text::count(node.failed));
    setAccessibleDescription(sentences.join(u". "_s));
    update();
}

QRectF RefreshChart::plot() const
{
    return QRectF(rect()).adjusted(136, headHeight + 4, -16, -32);
}

qreal RefreshChart::xOf(qint64 time) const
{
    const QRectF area = plot();
    return area.left() + area.width() * double(time - (m_now - Situation::Span)) / double(Situation::Span + Situation::Ahead);
}

void RefreshChart::paintNode(QPainter &painter, const Situation::Node &node, const QRectF &lane, double perPixel) const
{
    const qreal base = lane.bottom();
    const QString name = node.name.isEmpty() ? tr("unnamed") : node.name;
    drawText(painter, QRectF(16, base - 50, 112, 18), Face::TableStrong, ink(Ink::TextPrimary), name);
    drawText(painter, QRectF(16, base - 33, 112, 16), Face::Caption, ink(Ink::TextMuted),
             tr("%1 conn.").arg(Text::count(node.connections)), Qt::AlignLeft, true);
    const qint64 tries = node.done + node.failed;
    const QString success =
        tries == 0 ? tr("no refresh, 5 min") : tr("%1 succeed").arg(Text::percent(double(node.done) / double(tries)));
    drawText(painter, QRectF(16, base - 17, 116, 16), node.failed > 0 ? Face::CaptionStrong : Face::Caption,
             ink(node.failed > 0 ? Ink::TextPrimary : Ink::TextMuted), success, Qt::AlignLeft, true);
    const qreal step = plot().width() * Situation::Bucket / double(Situation::Span + Situation::Ahead);
    for (const TokenLanesModel::ForecastBucket &bucket : node.refreshes) {
        const qreal x = std::round(xOf(bucket.start));
        const qreal width = std::max(1.0, std::floor(step) - 1);
        const auto height = [&](int count) { return count == 0 ? 0.0 : std::max(2.0, std::round(count / perPixel)); };
        const qreal failed = height(bucket.failed);
        const qreal done = height(bucket.done);
        const qreal planned = height(bucket.planned);
        painter.fillRect(QRectF(x, base - failed, width, failed), ink(Ink::SeverityError));
        painter.fillRect(QRectF(x, base - failed - done, width, done), ink(Ink::SeverityOk));
        if (planned > 0) {
            painter.setPen(QPen(ink(Ink::SeverityOk), 1));
            painter.setBrush(Qt::NoBrush);
            painter.drawRect(QRectF(x + 0.5, base - failed - done - planned + 0.5, width - 1, std::max(1.0, planned - 1)));
        }
    }
    drawHairline(painter, {plot().left(), base}, {plot().right(), base}, ink(Ink::LineGrid));
}

void RefreshChart::paintEvent(QPaintEvent *event)
{
    Card::paintEvent(event);
    QPainter painter(this);
    const QRectF area = plot();
    const qreal now = std::round(xOf(m_now));
    painter.fillRect(QRectF(now, area.top(), area.right() - now, area.height()), ink(Ink::TimelinePlan));
    const qsizetype shown = std::min<qsizetype>(m_nodes.size(), std::max<qsizetype>(1, qsizetype(area.height() / 60)));
    int highest = 1;
    for (const Situation::Node &node : m_nodes) {
        for (const TokenLanesModel::ForecastBucket &bucket : node.refreshes)
            highest = std::max(highest, bucket.done + bucket.failed + bucket.planned);
    }
    const qreal lane = shown == 0 ? area.height() : area.height() / qreal(shown);
    for (qsizetype at = 0; at < shown; ++at)
        paintNode(painter, m_nodes.at(at), QRectF(area.left(), area.top() + lane * at, area.width(), std::floor(lane) - 6),
                  highest / std::max(8.0, lane - 14));
    if (m_nodes.size() > shown)
        drawText(painter, QRectF(16, height() - 26, 112, 16), Face::Caption, ink(Ink::TextMuted),
                 tr("%n more node(s)", nullptr, int(m_nodes.size() - shown)));
    constexpr qint64 tick = 300'000;
    for (qint64 time = (m_now - Situation::Span) / tick * tick + tick; time < m_now + Situation::Ahead; time += tick) {
        if (std::abs(xOf(time) - now) > 44)
            drawText(painter, QRectF(xOf(time) - 24, area.bottom() + 6, 48, 16), Face::Caption, ink(Ink::TextMuted),
                     Text::clockTime(time).left(5), Qt::AlignHCenter, true);
    }
    painter.fillRect(QRectF(now, area.top(), 1, area.height()), ink(Ink::TextPrimary));
    const QRectF pill(now - 18, area.bottom() + 5, 36, 18);
    drawBox(painter, pill, px(Metric::RadiusKey), ink(Ink::TextPrimary), QColor());
    drawText(painter, pill, Face::CaptionStrong, ink(Ink::SurfacePanel), tr("now"), Qt::AlignHCenter);
}

void RefreshChart::mouseReleaseEvent(QMouseEvent *event)
{
    const QRectF area = plot();
    if (m_nodes.isEmpty() || !QRectF(rect()).contains(event->position()))
        return;
    const qsizetype shown = std::min<qsizetype>(m_nodes.size(), std::max<qsizetype>(1, qsizetype(area.height() / 60)));
    const auto at =
        std::clamp<qsizetype>(qsizetype((event->position().y() - area.top()) / (area.height() / qreal(shown))), 0, shown - 1);
    m_follow({Situation::Where::Tokens, u"node:"_s + quoted(m_nodes.at(at).name), 0});
}

} // namespace Monitor
