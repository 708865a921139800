// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/filtertools.h"

#include "monitor/models/filterbook.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/chipbar.h"
#include "monitor/widgets/filterbar.h"
#include "monitor/widgets/savefiltersheet.h"

#include <QMenu>
#include <QSettings>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype pastShown = 8;

//! A menu would read "&" as the mark of a shortcut and a tab as the begin of one.
QString asMenuText(QString text)
{
    return text.replace(u'&', u"&&"_s).replace(u'\t', u' ');
}

} // namespace

FilterTools::FilterTools(FilterBook &book, const QString &page, FilterBar *bar, Offer offer, QWidget *parent)
    : QObject(parent)
    , m_book(book)
    , m_page(page)
    , m_bar(bar)
    , m_offer(offer)
    , m_widget(parent)
    , m_button(Button::iconOnly(u"save"_s, tr("Saved filters"), parent))
    , m_chips(new ChipBar(bar->fields(), parent))
{
    m_button->setObjectName(u"filterTools"_s);
    m_chips->hide();
    connect(m_button, &QAbstractButton::clicked, this, &FilterTools::showMenu);
    connect(bar, &FilterBar::applied, this, [this](const QString &text) { m_book.noteApplied(m_page, text); });
    connect(m_chips, &ChipBar::filterChosen, bar, &FilterBar::setText);
    connect(m_chips, &ChipBar::editRequested, bar, [bar](int position, int length) {
        bar->edit()->setFocus(Qt::OtherFocusReason);
        bar->edit()->setSelection(position, length);
    });
    connect(m_chips, &ChipBar::termBegun, bar, &FilterBar::beginTerm);
}

void FilterTools::setHighlighting(bool highlighting)
{
    if (m_highlighting == highlighting)
        return;
    m_highlighting = highlighting;
    Q_EMIT highlightingChanged();
}

void FilterTools::refresh(const QueryState &state)
{
    if (m_chipsShown)
        m_chips->setTerms(QueryTerms(state.appliedText, m_bar->parse(state.appliedText)));
    m_chips->setVisible(m_chipsShown);
    m_applied = state.appliedText;
}

Completion FilterTools::recall() const
{
    Completion completion;
    completion.expected = tr("Applied before, and saved");
    for (const QString &text : m_book.history(m_page))
        completion.items.append({Completion::Item::Kind::Value, text, tr("before"), -1});
    for (const QString &name : m_book.savedNames(m_page))
        completion.items.append({Completion::Item::Kind::Value, u'$' + name, m_book.saved(m_page).value(name), -1});
    return completion;
}

void FilterTools::showMenu()
{
    auto *menu = new QMenu(m_widget);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->setObjectName(u"filterMenu"_s);
    QAction *save = menu->addAction(tr("Save this filter…"));
    save->setEnabled(!m_applied.isEmpty());
    connect(save, &QAction::triggered, this, &FilterTools::openSaveSheet);
    const QStringList names = m_book.savedNames(m_page);
    if (!names.isEmpty()) {
        menu->addSection(tr("Saved"));
        QMenu *removal = new QMenu(tr("Remove"), menu);
        for (const QString &name : names) {
            const QString text = m_book.saved(m_page).value(name);
            connect(menu->addAction(asMenuText(name)), &QAction::triggered, this, [this, text] { m_bar->setText(text); });
            connect(removal->addAction(asMenuText(name)), &QAction::triggered, this,
                    [this, name] { m_book.remove(m_page, name); });
        }
        menu->addMenu(removal);
    }
    const QStringList past = m_book.history(m_page);
    if (!past.isEmpty())
        menu->addSection(tr("Before"));
    for (const QString &text : past.mid(0, pastShown))
        connect(menu->addAction(asMenuText(text)), &QAction::triggered, this, [this, text] { m_bar->setText(text); });
    menu->addSeparator();
    QAction *chips = menu->addAction(tr("Show as chips"));
    chips->setCheckable(true);
    chips->setChecked(m_chipsShown);
    connect(chips, &QAction::toggled, this, [this](bool shown) {
        m_chipsShown = shown;
        QueryState state;
        state.appliedText = m_applied;
        refresh(state);
    });
    if (m_offer == Offer::FilterAndHighlight) {
        QAction *highlight = menu->addAction(tr("Highlight instead of hide") + u'\t' + tr("Ctrl+Shift+F"));
        highlight->setCheckable(true);
        highlight->setChecked(m_highlighting);
        connect(highlight, &QAction::toggled, this, &FilterTools::setHighlighting);
    }
    menu->popup(m_button->mapToGlobal(QPoint(0, m_button->height() + 4)));
}

void FilterTools::openSaveSheet()
{
    (new SaveFilterSheet(m_book, m_page, m_applied, m_widget->window()))->open();
}

void FilterTools::saveState(QSettings &settings) const
{
    settings.setValue(u"filters/chips/"_s + m_page, m_chipsShown);
    settings.setValue(u"filters/highlight/"_s + m_page, m_highlighting);
}

void FilterTools::restoreState(const QSettings &settings)
{
    m_chipsShown = settings.value(u"filters/chips/"_s + m_page).toBool();
    if (m_offer == Offer::FilterAndHighlight)
        setHighlighting(settings.value(u"filters/highlight/"_s + m_page).toBool());
}

} // namespace Monitor
