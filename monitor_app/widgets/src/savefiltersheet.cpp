// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/savefiltersheet.h"

#include "monitor/models/filterbook.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/painting.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int saveSheetWidth = 440;

QLabel *plainLabel(const QString &text, Face f)
{
    auto *label = new QLabel(text);
    label->setTextFormat(Qt::PlainText);
    label->setFont(face(f));
    label->setWordWrap(true);
    return label;
}

} // namespace

SaveFilterSheet::SaveFilterSheet(FilterBook &book, const QString &page, const QString &text, QWidget *window)
    : Sheet(window, saveSheetWidth)
    , m_book(book)
    , m_page(page)
    , m_text(text)
    , m_name(new QLineEdit)
    , m_note(plainLabel(QString(), Face::Table))
    , m_save(new Button(Button::Kind::Primary, tr("Save")))
{
    setObjectName(u"saveFilterSheet"_s);
    setAccessibleName(tr("Save the filter"));
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(24, 20, 24, 16);
    rows->setSpacing(8);
    rows->addWidget(plainLabel(tr("Save the filter"), Face::Heading));
    rows->addWidget(plainLabel(text, Face::MonoTable));
    m_name->setAccessibleName(tr("Name"));
    m_name->setPlaceholderText(tr("Name, for example failing on gw-2"));
    m_name->setMinimumHeight(px(Metric::ControlInput));
    rows->addWidget(m_name);
    rows->addWidget(m_note);
    auto *buttons = new QHBoxLayout;
    buttons->addStretch(1);
    auto *cancel = new Button(Button::Kind::Outlined, tr("Cancel"));
    for (Button *button : {cancel, m_save}) {
        button->setDialogSize(true);
        button->setAutoDefault(false);
        buttons->addWidget(button);
    }
    m_save->setObjectName(u"save"_s);
    rows->addLayout(buttons);
    connect(cancel, &QAbstractButton::clicked, this, &QDialog::reject);
    connect(m_save, &QAbstractButton::clicked, this, &SaveFilterSheet::save);
    connect(m_name, &QLineEdit::textChanged, this, &SaveFilterSheet::refresh);
    connect(m_name, &QLineEdit::returnPressed, this, &SaveFilterSheet::save);
    refresh();
    m_name->setFocus(Qt::OtherFocusReason);
}

void SaveFilterSheet::refresh()
{
    const QString name = FilterBook::nameFrom(m_name->text());
    const bool isKnown = m_book.saved(m_page).contains(name);
    m_save->setEnabled(!name.isEmpty());
    m_save->setText(isKnown ? tr("Replace") : tr("Save"));
    m_note->setText(name.isEmpty() ? tr("The name is also how other filters use it: $name.")
                        : isKnown  ? tr("$%1 exists; its text is replaced.").arg(name)
                                   : tr("Other filters use it as $%1.").arg(name));
}

void SaveFilterSheet::save()
{
    const QString name = FilterBook::nameFrom(m_name->text());
    if (name.isEmpty())
        return;
    if (m_book.save(m_page, name, m_text))
        accept();
    else
        m_note->setText(tr("There are %1 saved filters already. Remove one first.").arg(FilterBook::SavedLimit));
}

} // namespace Monitor
