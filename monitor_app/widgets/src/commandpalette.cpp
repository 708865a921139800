// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/commandpalette.h"

#include "monitor/widgets/painting.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int paletteWidth = 560;
constexpr int paletteRows = 10;
constexpr int paletteRowHeight = 32;
constexpr int commandRole = Qt::UserRole;
constexpr int keysRole = Qt::UserRole + 1;

class CommandDelegate : public QStyledItemDelegate
{
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        const bool chosen = option.state & QStyle::State_Selected;
        painter->fillRect(option.rect, ink(chosen ? Ink::SelectFill : Ink::SurfacePanel));
        const QRectF area = QRectF(option.rect).adjusted(12, 0, -12, 0);
        const QString keys = index.data(keysRole).toString();
        const qreal keysWidth = keys.isEmpty() ? 0 : textWidth(Face::Caption, keys) + 12;
        drawText(*painter, area.adjusted(0, 0, -keysWidth, 0), Face::Body, ink(chosen ? Ink::SelectText : Ink::TextPrimary),
                 index.data().toString(), Qt::AlignLeft);
        drawText(*painter, area, Face::Caption, ink(Ink::TextMuted), keys, Qt::AlignRight);
    }
    QSize sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const override { return {100, paletteRowHeight}; }
};

} // namespace

CommandPalette::CommandPalette(QList<Command> commands, QWidget *window)
    : Sheet(window, std::min(paletteWidth, window->width() - 48))
    , m_commands(std::move(commands))
    , m_text(new QLineEdit)
    , m_list(new QListWidget)
{
    setObjectName(u"commandPalette"_s);
    setAccessibleName(tr("Commands"));
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(16, 16, 16, 16);
    rows->setSpacing(8);
    m_text->setPlaceholderText(tr("What do you want to do?"));
    m_text->setAccessibleName(tr("Find a command"));
    m_text->setMinimumHeight(px(Metric::ControlInput));
    m_text->installEventFilter(this);
    m_list->setAccessibleName(tr("Commands"));
    m_list->setFocusPolicy(Qt::NoFocus); // the arrows come from the line
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setItemDelegate(new CommandDelegate(m_list));
    m_list->setFixedHeight(paletteRows * paletteRowHeight);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    rows->addWidget(m_text);
    rows->addWidget(m_list);
    connect(m_text, &QLineEdit::textChanged, this, &CommandPalette::refresh);
    connect(m_text, &QLineEdit::returnPressed, this, &CommandPalette::run);
    connect(m_list, &QListWidget::itemClicked, this, &CommandPalette::run);
    refresh();
    m_text->setFocus(Qt::OtherFocusReason);
}

bool CommandPalette::matches(const Command &command) const
{
    const QStringList words = m_text->text().split(u' ', Qt::SkipEmptyParts);
    return std::all_of(words.begin(), words.end(),
                       [&command](const QString &word) { return command.words.contains(word, Qt::CaseInsensitive); });
}

void CommandPalette::refresh()
{
    m_list->clear();
    for (qsizetype index = 0; index < m_commands.size(); ++index) {
        const Command &command = m_commands.at(index);
        if (!matches(command))
            continue;
        auto *item = new QListWidgetItem(command.words, m_list);
        item->setData(commandRole, index);
        item->setData(keysRole, command.keys);
        item->setData(Qt::AccessibleTextRole,
                      command.keys.isEmpty() ? command.words : tr("%1, %2").arg(command.words, command.keys));
    }
    m_list->setCurrentRow(0);
}

void CommandPalette::run()
{
    const QListWidgetItem *item = m_list->currentItem();
    if (!item)
        return;
    const Command command = m_commands.at(item->data(commandRole).toInt());
    QWidget *window = parentWidget()->window();
    accept();
    QTimer::singleShot(0, window, command.run);
}

bool CommandPalette::eventFilter(QObject *object, QEvent *event)
{
    if (object != m_text || event->type() != QEvent::KeyPress)
        return Sheet::eventFilter(object, event);
    const int key = static_cast<QKeyEvent *>(event)->key();
    const int step = key == Qt::Key_Down ? 1
        : key == Qt::Key_Up              ? -1
        : key == Qt::Key_PageDown        ? paletteRows
        : key == Qt::Key_PageUp          ? -paletteRows
                                         : 0;
    if (step == 0 || m_list->count() == 0)
        return Sheet::eventFilter(object, event);
    m_list->setCurrentRow(std::clamp(m_list->currentRow() + step, 0, m_list->count() - 1));
    return true;
}

} // namespace Monitor
