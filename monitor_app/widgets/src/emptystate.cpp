// SPDX-License-Identifier: Apache-2.0
#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/tablepane.h"

#include <QFontMetricsF>
#include <QMouseEvent>
#include <QPainter>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr qreal blockWidth = 480;
constexpr qreal termHeight = 36;
constexpr qreal iconHeight = 40;
constexpr qreal headingHeight = 32;

} // namespace

EmptyState::EmptyState(QWidget *parent)
    : QWidget(parent)
    , m_action(new Button(Button::Kind::Primary, QString(), this))
{
    m_action->hide();
    connect(m_action, &QAbstractButton::clicked, this, &EmptyState::actionRequested);
}

void EmptyState::setWords(const QString &icon, const QString &heading, const QString &sentence)
{
    if (m_icon == icon && m_heading == heading && m_sentence == sentence)
        return;
    m_icon = icon;
    m_heading = heading;
    m_sentence = sentence;
    setAccessibleName(heading);
    setAccessibleDescription(sentence);
    place();
    update();
}

void EmptyState::setTerms(const QList<Term> &terms)
{
    m_terms = terms;
    while (m_removers.size() < terms.size()) {
        const int term = int(m_removers.size());
        auto *button = new Button(Button::Kind::Outlined, tr("Remove"), this);
        connect(button, &QAbstractButton::clicked, this, [this, term] { Q_EMIT termRemoved(term); });
        m_removers.append(button);
    }
    for (qsizetype term = 0; term < m_removers.size(); ++term) {
        const bool shown = term < terms.size() && terms.at(term).count == 0 && terms.size() > 1;
        m_removers.at(term)->setVisible(shown);
        if (shown)
            m_removers.at(term)->setAccessibleName(tr("Remove %1").arg(terms.at(term).text));
    }
    place();
    update();
}

void EmptyState::setAction(const QString &icon, const QString &words)
{
    m_action->setVisible(!words.isEmpty());
    m_action->setIconName(icon);
    m_action->setText(words);
    place();
}

qreal EmptyState::sentenceHeight() const
{
    const QFontMetricsF metrics(face(Face::Body));
    return std::ceil(metrics.boundingRect(QRectF(0, 0, block().width(), 400), Qt::TextWordWrap, m_sentence).height()) + 4;
}

QRectF EmptyState::block() const
{
    const qreal wide = std::min(blockWidth, width() - 32.0);
    return {(width() - wide) / 2, 0, wide, qreal(height())};
}

QRectF EmptyState::termRow(int term) const
{
    const qreal content = iconHeight + headingHeight + sentenceHeight() + 16 + termHeight * m_terms.size() + 60;
    const qreal top = std::max(16.0, (height() - content) / 2 - 48);
    return {block().left(), top + iconHeight + headingHeight + sentenceHeight() + 16 + termHeight * term, block().width(),
            termHeight};
}

void EmptyState::place()
{
    for (int term = 0; term < m_terms.size() && term < m_removers.size(); ++term) {
        Button *button = m_removers.at(term);
        const QRectF row = termRow(term);
        button->resize(button->sizeHint());
        button->move(int(row.right()) - button->width() - 8, int(row.top()) + 4);
    }
    m_action->resize(m_action->sizeHint());
    m_action->move(int(block().left()), int(termRow(int(m_terms.size())).top()) + (m_terms.isEmpty() ? 0 : 16));
}

void EmptyState::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    place();
}

void EmptyState::mousePressEvent(QMouseEvent *event)
{
    event->accept();
}

void EmptyState::paintTerm(QPainter &painter, int term) const
{
    const Term &entry = m_terms.at(term);
    const QRectF row = termRow(term);
    const bool nothing = entry.count == 0;
    if (nothing)
        painter.fillRect(row.adjusted(1, 0, -1, 0), ink(Ink::TintError));
    if (term > 0)
        drawHairline(painter, row.topLeft(), row.topRight(), ink(Ink::LineDivider));
    const QRectF area = row.adjusted(12, 0, -12, 0);
    const QString glyph = entry.count < 0 ? u"clock"_s : nothing ? u"sev-error"_s : u"sev-ok"_s;
    const Ink color = entry.count < 0 ? Ink::TextMuted : nothing ? Ink::SeverityError : Ink::SeverityOkInk;
    drawIcon(painter, {area.left(), row.center().y() - 6}, glyph, 12, ink(color));
    const bool remover = term < m_removers.size() && m_removers.at(term)->isVisibleTo(this);
    const qreal right = remover ? m_removers.at(term)->width() + 8.0 : 0;
    drawText(painter, area.adjusted(24, 0, -right - 110, 0), Face::MonoTable, ink(Ink::TextPrimary), entry.text);
    const QString count = entry.count < 0 ? tr("counting…") : tr("%1 match").arg(Text::count(entry.count));
    drawNumber(painter, area.adjusted(0, 0, -right, 0), nothing ? Face::TableStrong : Face::Table, ink(Ink::TextPrimary), count);
}

void EmptyState::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    const QRectF area = block();
    const qreal top = termRow(0).top() - 16 - sentenceHeight() - headingHeight - iconHeight;
    drawIcon(painter, {area.left(), top}, m_icon, 24, ink(Ink::TextMuted));
    drawText(painter, QRectF(area.left(), top + iconHeight, area.width(), 28), Face::Heading, ink(Ink::TextPrimary), m_heading);
    painter.setFont(face(Face::Body));
    painter.setPen(ink(Ink::TextSecondary));
    painter.drawText(QRectF(area.left(), top + iconHeight + headingHeight, area.width(), sentenceHeight()), Qt::TextWordWrap,
                     m_sentence);
    if (m_terms.isEmpty())
        return;
    const QRectF card(termRow(0).topLeft(), QSizeF(area.width(), termHeight * m_terms.size()));
    drawBox(painter, card, px(Metric::RadiusCard), QColor(), ink(Ink::LineDivider));
    for (int term = 0; term < m_terms.size(); ++term)
        paintTerm(painter, term);
}

} // namespace Monitor
