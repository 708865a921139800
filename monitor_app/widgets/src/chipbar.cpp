// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/chipbar.h"

#include "monitor/widgets/button.h"
#include "monitor/widgets/painting.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPainter>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int barHeight = 40;
constexpr qsizetype longestChip = 48;

} // namespace

ChipBar::ChipBar(std::span<const Field> fields, QWidget *parent)
    : QWidget(parent)
    , m_fields(fields)
    , m_row(new QHBoxLayout(this))
    , m_add(new Button(Button::Kind::Quiet, tr("Add"), this))
{
    setFixedHeight(barHeight);
    setAccessibleName(tr("Filter as chips"));
    m_row->setContentsMargins(12, 0, 12, 1);
    m_row->setSpacing(6);
    m_row->addWidget(m_add);
    m_row->addStretch(1);
    m_add->setObjectName(u"chipAdd"_s);
    m_add->setIconName(u"plus"_s);
    m_add->setAccessibleName(tr("Add a condition"));
    connect(m_add, &QAbstractButton::clicked, this, &ChipBar::showFieldMenu);
}

QStringList ChipBar::texts() const
{
    return m_terms.terms();
}

void ChipBar::setTerms(const QueryTerms &terms)
{
    if (terms.terms() == m_terms.terms() && terms.isAny() == m_terms.isAny())
        return;
    m_terms = terms;
    for (QWidget *chip : std::as_const(m_chips)) {
        chip->hide();
        chip->deleteLater(); // its own menu may have brought us here
    }
    m_chips.clear();
    int at = 0;
    for (int term = 0; term < int(terms.terms().size()); ++term) {
        if (term > 0) {
            auto *between = new QLabel(terms.isAny() ? tr("or") : tr("and"), this);
            between->setFont(face(Face::Caption));
            m_row->insertWidget(at++, between);
            m_chips << between;
        }
        const QString &text = terms.terms().at(term);
        const QString shown = text.size() > longestChip ? text.left(longestChip - 1) + u'…' : text;
        auto *chip = new Button(Button::Kind::Outlined, shown, this);
        chip->setObjectName(u"chip"_s);
        chip->setCaret(true);
        chip->setToolTip(plainToolTip(text));
        chip->setAccessibleName(tr("Condition %1").arg(text));
        connect(chip, &QAbstractButton::clicked, this, [this, term, chip] { showTermMenu(term, chip); });
        m_row->insertWidget(at++, chip);
        m_chips << chip;
    }
    for (QWidget *chip : std::as_const(m_chips))
        chip->show();
}

void ChipBar::showTermMenu(int term, Button *chip)
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const auto add = [this, menu](const QString &words, const QString &text) {
        connect(menu->addAction(words), &QAction::triggered, this, [this, text] { Q_EMIT filterChosen(text); });
    };
    add(tr("Take away"), m_terms.without(term));
    add(m_terms.isNegated(term) ? tr("Without “not”") : tr("The opposite"), m_terms.negated(term));
    if (m_terms.terms().size() > 1)
        add(tr("Only this"), m_terms.terms().at(term));
    connect(menu->addAction(tr("Edit")), &QAction::triggered, this,
            [this, term] { Q_EMIT editRequested(m_terms.positionOf(term), int(m_terms.terms().value(term).size())); });
    menu->popup(chip->mapToGlobal(QPoint(0, chip->height() + 4)));
}

void ChipBar::showFieldMenu()
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (const Field &field : m_fields) {
        const QString name = QString::fromLatin1(field.name);
        QAction *action = menu->addAction(name + u'\t' + fieldDescription(field));
        connect(action, &QAction::triggered, this, [this, name] { Q_EMIT termBegun(name == u"data" ? name + u'.' : name); });
    }
    menu->popup(m_add->mapToGlobal(QPoint(0, m_add->height() + 4)));
}

void ChipBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    drawHairline(painter, {0, height() - 1.0}, {qreal(width()), height() - 1.0}, ink(Ink::LineDivider));
}

} // namespace Monitor
