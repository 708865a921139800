// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/keysheet.h"

#include "monitor/widgets/button.h"
#include "monitor/widgets/painting.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

//! Named as on a keyboard of the language.
QString keyName(QString key)
{
    for (const auto &[word, shown] : {std::pair(u"Ctrl"_s, KeySheet::tr("Ctrl")), std::pair(u"Shift"_s, KeySheet::tr("Shift")),
                                      std::pair(u"Space"_s, KeySheet::tr("Space")), std::pair(u"Enter"_s, KeySheet::tr("Enter")),
                                      std::pair(u"Del"_s, KeySheet::tr("Del")), std::pair(u"End"_s, KeySheet::tr("End")),
                                      std::pair(u"Home"_s, KeySheet::tr("Home")), std::pair(u"PgUp"_s, KeySheet::tr("PgUp")),
                                      std::pair(u"PgDn"_s, KeySheet::tr("PgDn"))})
        key.replace(word, shown);
    return key;
}

/*! Keys as caps, beside each other. */
class KeyCaps : public QWidget
{
public:
    explicit KeyCaps(const QStringList &keys)
    {
        for (const QString &key : keys)
            m_keys.append(keyName(key));
        setFixedSize(150, 24);
        setAccessibleName(m_keys.join(u", "_s));
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        qreal x = 0;
        for (const QString &key : m_keys)
            x += drawKeyCap(painter, {x, 4}, key, ink(Ink::LineControl), ink(Ink::TextPrimary)) + 4;
    }

private:
    QStringList m_keys;
};

struct KeyEntry
{
    QStringList keys;
    QString words;
};

void addGroup(QVBoxLayout *column, const QString &title, const QList<KeyEntry> &entries)
{
    auto *heading = new QLabel(title);
    heading->setFont(face(Face::BodyStrong));
    heading->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    column->addWidget(heading);
    column->addSpacing(4);
    auto *grid = new QGridLayout;
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(2);
    int row = 0;
    for (const KeyEntry &entry : entries) {
        grid->addWidget(new KeyCaps(entry.keys), row, 0);
        auto *words = new QLabel(entry.words);
        words->setWordWrap(true);
        words->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
        grid->addWidget(words, row++, 1);
    }
    grid->setColumnStretch(1, 1);
    column->addLayout(grid);
    column->addSpacing(20);
}

} // namespace

KeySheet::KeySheet(QWidget *window)
    : Sheet(window, std::min(840, window->width() - 48))
{
    setAccessibleName(tr("Keys"));
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(24, 20, 24, 16);
    auto *head = new QHBoxLayout;
    auto *title = new QLabel(tr("Keys"));
    title->setFont(face(Face::Heading));
    head->addWidget(title, 1);
    Button *close = Button::iconOnly(u"cross"_s, tr("Close"));
    head->addWidget(close);
    connect(close, &QAbstractButton::clicked, this, &QDialog::reject);
    rows->addLayout(head);
    rows->addSpacing(8);
    auto *columns = new QHBoxLayout;
    columns->setSpacing(32);
    rows->addLayout(columns);
    auto *left = new QVBoxLayout;
    auto *right = new QVBoxLayout;
    left->setSpacing(0);
    right->setSpacing(0);
    columns->addLayout(left, 1);
    columns->addLayout(right, 1);
    addGroup(left, tr("Everywhere"),
             {{{u"Ctrl+1"_s, u"…"_s, u"6"_s}, tr("the pages")},
              {{u"Alt+←"_s, u"Alt+→"_s}, tr("back, forward")},
              {{u"/"_s, u"Ctrl+F"_s}, tr("filter")},
              {{u"F6"_s, u"Shift+F6"_s}, tr("next, previous pane")},
              {{u"Ctrl+Space"_s}, tr("pause or follow")},
              {{u"Ctrl+End"_s}, tr("follow the newest")},
              {{u"Ctrl+K"_s}, tr("all commands")},
              {{u"F1"_s, u"?"_s}, tr("these keys")}});
    addGroup(left, tr("In the filter"),
             {{{u"Enter"_s}, tr("apply")},
              {{u"Tab"_s}, tr("take the suggestion")},
              {{u"↓"_s}, tr("suggestions; when empty, what was before")},
              {{u"Ctrl+Shift+F"_s}, tr("highlight instead of hide")},
              {{u"F3"_s, u"Shift+F3"_s}, tr("next, previous match")},
              {{u"Esc"_s}, tr("close, take back, clear")}});
    addGroup(right, tr("In a table"),
             {{{u"↑"_s, u"↓"_s, u"PgUp"_s, u"PgDn"_s}, tr("row, page; with Shift several")},
              {{u"Home"_s, u"End"_s}, tr("first, last row")},
              {{u"Ctrl+A"_s}, tr("select all")},
              {{u"Space"_s, u"Enter"_s}, tr("detail")},
              {{u"Del"_s}, tr("disconnect, asks first")},
              {{u"["_s, u"]"_s}, tr("previous, next error")},
              {{u"Ctrl+C"_s}, tr("copy the rows; with Shift as JSON")}});
    addGroup(right, tr("On the timeline"),
             {{{u"W"_s, u"S"_s}, tr("zoom in, out")},
              {{u"A"_s, u"D"_s}, tr("earlier, later")},
              {{u"↑"_s, u"↓"_s, u"←"_s, u"→"_s}, tr("session and token")},
              {{u","_s, u"."_s}, tr("previous, next mark")},
              {{u"N"_s}, tr("jump to now")},
              {{u"F"_s}, tr("fit everything")}});
    left->addStretch(1);
    right->addStretch(1);
    close->setFocus();
}

} // namespace Monitor
