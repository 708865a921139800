// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/rowtable.h"

#include "monitor/models/roles.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"

#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <QSettings>

namespace Monitor {
using namespace Qt::StringLiterals;

RowTable::RowTable(RowWindowModel &model, QString settingsKey, QWidget *parent)
    : QTableView(parent)
    , m_model(model)
    , m_settingsKey(std::move(settingsKey))
    , m_header(new TableHeader(this))
    , m_delegate(new RowDelegate(this))
{
    setHorizontalHeader(m_header);
    setItemDelegate(m_delegate);
    setModel(&model);
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setMinimumSectionSize(px(Metric::RowUltra));
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setFrameShape(QFrame::NoFrame);
    setShowGrid(false);
    setAutoScroll(false);
    setSelectionMode(QAbstractItemView::NoSelection);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setTabKeyNavigation(false);
    setMouseTracking(true);
    setCornerButtonEnabled(false);
    setWordWrap(false);
    m_scrollTo = [this](qint64 first) { m_model.setWindow(first, pageRows()); };
    m_resize = [this](int rows) { m_model.setWindow(m_model.firstRow(), rows); };
    connect(m_header, &QHeaderView::sectionResized, this, &RowTable::sectionWasResized);
    connect(m_header, &QHeaderView::sectionClicked, this, [this](int section) {
        Q_EMIT headerClicked(section, QGuiApplication::keyboardModifiers() & (Qt::ControlModifier | Qt::ShiftModifier));
    });
    connect(&model, &RowWindowModel::selectionChanged, this, [this] {
        mirrorCurrent();
        viewport()->update();
    });
    connect(&model, &RowWindowModel::windowMoved, this, &RowTable::mirrorCurrent);
    connect(&Theme::instance(), &Theme::changed, viewport(), qOverload<>(&QWidget::update));
    setRowPixels(px(Metric::RowComfortable));
}

RowTable::~RowTable() = default;

void RowTable::setColumns(const QList<ColumnSpec> &columns, const QStringList &dropFirst)
{
    m_columns = columns;
    for (const ColumnSpec &column : columns) {
        if (m_model.columnOf(column.key) < 0)
            qWarning("The model has no column \"%ls\"", qUtf16Printable(column.key));
    }
    m_dropOrder = dropFirst;
    restoreColumns();
    layoutColumns();
}

QStringList RowTable::columnKeys() const
{
    QStringList keys;
    for (const ColumnSpec &column : m_columns)
        keys << column.key;
    return keys;
}

void RowTable::setRowPixels(int height)
{
    m_rowPixels = height;
    verticalHeader()->setDefaultSectionSize(height);
    refreshRows();
}

int RowTable::pageRows() const
{
    return std::max(1, viewport()->height() / m_rowPixels);
}

void RowTable::setMarks(const QList<TableHeader::Mark> &marks)
{
    m_header->setMarks(marks);
}

void RowTable::setScroller(std::function<void(qint64)> scrollTo)
{
    m_scrollTo = std::move(scrollTo);
}

void RowTable::setResizer(std::function<void(int)> resize)
{
    m_resize = std::move(resize);
    refreshRows();
}

void RowTable::setStale(bool stale)
{
    if (m_delegate->isStale() == stale)
        return;
    m_delegate->setStale(stale);
    viewport()->update();
}

void RowTable::refreshRows()
{
    m_resize(pageRows());
    Q_EMIT pageRowsChanged(pageRows());
    viewport()->update();
}

void RowTable::restoreColumns()
{
    QSettings settings;
    settings.beginGroup(u"columns/"_s + m_settingsKey);
    m_hidden = settings.value(u"hidden"_s).toStringList();
    const QVariantMap widths = settings.value(u"widths"_s).toMap();
    for (auto entry = widths.cbegin(); entry != widths.cend(); ++entry)
        m_widths.insert(entry.key(), entry.value().toInt());
}

void RowTable::saveColumns() const
{
    QSettings settings;
    settings.beginGroup(u"columns/"_s + m_settingsKey);
    settings.setValue(u"hidden"_s, m_hidden);
    QVariantMap widths;
    for (auto entry = m_widths.cbegin(); entry != m_widths.cend(); ++entry)
        widths.insert(entry.key(), entry.value());
    settings.setValue(u"widths"_s, widths);
}

void RowTable::setColumnChosen(const QString &key, bool chosen)
{
    if (!chosen && !m_hidden.contains(key))
        m_hidden << key;
    else if (chosen)
        m_hidden.removeAll(key);
    saveColumns();
    layoutColumns();
}

void RowTable::layoutColumns()
{
    if (m_columns.isEmpty())
        return;
    const int available = viewport()->width();
    const auto widthOf = [this](const ColumnSpec &column) { return m_widths.value(column.key, column.width); };
    QStringList dropped;
    const auto total = [&] {
        int sum = 0;
        for (const ColumnSpec &column : m_columns)
            sum += m_hidden.contains(column.key) || dropped.contains(column.key) ? 0 : widthOf(column);
        return sum;
    };
    for (const QString &key : std::as_const(m_dropOrder)) {
        if (total() <= available)
            break;
        if (!m_hidden.contains(key))
            dropped << key;
    }
    int growing = 0;
    for (const ColumnSpec &column : m_columns)
        growing += column.grows && !m_hidden.contains(column.key) && !dropped.contains(column.key) ? widthOf(column) : 0;
    int rest = std::max(0, available - total());
    m_layingOut = true;
    int used = 0;
    int lastShown = -1;
    for (const ColumnSpec &column : m_columns) {
        const int section = m_model.columnOf(column.key);
        const bool shown = !m_hidden.contains(column.key) && !dropped.contains(column.key);
        QTableView::setColumnHidden(section, !shown);
        if (!shown)
            continue;
        const int extra = column.grows && growing > 0 ? rest * widthOf(column) / growing : 0;
        m_header->resizeSection(section, widthOf(column) + extra);
        used += widthOf(column) + extra;
        lastShown = section;
    }
    if (lastShown >= 0 && used < available)
        m_header->resizeSection(lastShown, m_header->sectionSize(lastShown) + available - used);
    m_layingOut = false;
    if (dropped != m_dropped) {
        m_dropped = dropped;
        Q_EMIT columnsChanged();
    }
    viewport()->update();
}

void RowTable::sectionWasResized(int section, int before, int now)
{
    if (m_layingOut || m_columns.isEmpty())
        return;
    const QString key = m_model.columns().at(section).key;
    for (const ColumnSpec &column : std::as_const(m_columns)) {
        if (column.key == key)
            m_widths.insert(key, std::max(36, m_widths.value(key, column.width) + now - before));
    }
    saveColumns();
}

void RowTable::resizeEvent(QResizeEvent *event)
{
    QTableView::resizeEvent(event);
    layoutColumns();
    refreshRows();
}

void RowTable::scrollTo(const QModelIndex &, ScrollHint)
{
    // The window always shows all of its rows.
}

void RowTable::scrollToFirst(qint64 first)
{
    m_scrollTo(std::clamp<qint64>(first, 0, std::max<qint64>(0, m_model.totalRows() - pageRows())));
}

void RowTable::scrollRows(qint64 delta)
{
    if (delta != 0)
        scrollToFirst(m_model.firstRow() + delta);
}

void RowTable::wheelEvent(QWheelEvent *event)
{
    // Three rows a notch; touch pads send fractions, which are collected.
    const double rows =
        event->pixelDelta().isNull() ? event->angleDelta().y() / 40.0 : double(event->pixelDelta().y()) / m_rowPixels;
    m_wheelRest += rows;
    const auto whole = qint64(m_wheelRest);
    m_wheelRest -= double(whole);
    scrollRows(-whole);
    event->accept();
}

quint64 RowTable::idOfRow(int row) const
{
    return row < 0 ? 0 : m_model.idAt(m_model.firstRow() + row);
}

void RowTable::mousePressEvent(QMouseEvent *event)
{
    setFocus(Qt::MouseFocusReason);
    const QModelIndex index = indexAt(event->position().toPoint());
    const quint64 id = index.isValid() ? idOfRow(index.row()) : 0;
    if (id == 0) {
        m_model.clearSelection();
        return;
    }
    if (event->button() == Qt::RightButton && m_model.selectedIds().contains(id)) {
        m_model.setCurrent(id);
        return;
    }
    RowWindowModel::SelectMode mode = RowWindowModel::SelectMode::Replace;
    if (event->modifiers() & Qt::ControlModifier)
        mode = RowWindowModel::SelectMode::Toggle;
    else if (event->modifiers() & Qt::ShiftModifier)
        mode = RowWindowModel::SelectMode::Extend;
    m_model.select(id, mode);
}

void RowTable::mouseDoubleClickEvent(QMouseEvent *event)
{
    if (const quint64 id = idOfRow(rowAt(int(event->position().y()))))
        Q_EMIT activatedRow(id);
}

void RowTable::contextMenuEvent(QContextMenuEvent *event)
{
    QModelIndex index = indexAt(event->pos());
    QPoint position = event->globalPos();
    if (event->reason() == QContextMenuEvent::Keyboard) {
        index = currentIndex();
        position = viewport()->mapToGlobal(visualRect(index).bottomLeft());
    }
    if (index.isValid())
        Q_EMIT cellMenuRequested(index, position);
}

bool RowTable::keyMoves(int key, bool extend)
{
    switch (key) {
    case Qt::Key_Up:
        m_model.moveCurrent(-1, extend);
        return true;
    case Qt::Key_Down:
        m_model.moveCurrent(1, extend);
        return true;
    case Qt::Key_PageUp:
        scrollRows(-pageRows());
        return true;
    case Qt::Key_PageDown:
        scrollRows(pageRows());
        return true;
    case Qt::Key_Home:
        scrollToFirst(0);
        return true;
    default:
        return false;
    }
}

void RowTable::keyPressEvent(QKeyEvent *event)
{
    const int key = event->key();
    if (keyMoves(key, event->modifiers() & Qt::ShiftModifier))
        return;
    switch (key) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_model.currentId() != 0)
            Q_EMIT activatedRow(m_model.currentId());
        return;
    case Qt::Key_Escape:
        m_model.clearSelection();
        return;
    case Qt::Key_Space:
    case Qt::Key_Delete:
    case Qt::Key_End:
    case Qt::Key_BracketLeft:
    case Qt::Key_BracketRight:
        if (!(event->modifiers() & Qt::ControlModifier)) {
            Q_EMIT keyRequested(key);
            return;
        }
        break;
    default:
        break;
    }
    if (event->matches(QKeySequence::Copy)) {
        Q_EMIT keyRequested(Qt::Key_Copy);
        return;
    }
    // QTableView would start a search or select; the window shortcuts get everything else.
    event->ignore();
}

void RowTable::setHoveredRow(int row)
{
    if (row == m_hovered)
        return;
    m_hovered = row;
    m_delegate->setHoveredRow(row);
    viewport()->update();
}

bool RowTable::viewportEvent(QEvent *event)
{
    switch (event->type()) {
    case QEvent::MouseMove:
        setHoveredRow(rowAt(int(static_cast<QMouseEvent *>(event)->position().y())));
        break;
    case QEvent::Enter:
        Q_EMIT hoverChanged(true);
        break;
    case QEvent::Leave:
        setHoveredRow(-1);
        Q_EMIT hoverChanged(false);
        break;
    case QEvent::ToolTip: {
        const auto *help = static_cast<QHelpEvent *>(event);
        const QModelIndex index = indexAt(help->pos());
        const QString full = index.isValid() ? index.data(FullTextRole).toString() : QString();
        const bool same = full == index.data(Qt::DisplayRole).toString();
        const bool fits = textWidth(Face::Table, full) <= visualRect(index).width() - 16;
        setToolTip(full.isEmpty() || (same && fits) ? QString() : full);
        break;
    }
    default:
        break;
    }
    return QTableView::viewportEvent(event);
}

void RowTable::mirrorCurrent()
{
    const qint64 viewRow = m_model.currentId() != 0 ? m_model.viewRowOf(m_model.currentId()) : -1;
    const qint64 row = viewRow - m_model.firstRow();
    const bool shown = viewRow >= 0 && row >= 0 && row < m_model.rowCount();
    const QModelIndex target = shown ? m_model.index(int(row), 0) : QModelIndex();
    if (currentIndex() != target)
        selectionModel()->setCurrentIndex(target, QItemSelectionModel::NoUpdate);
}

void RowTable::paintRowMarks(QPainter &painter, int row)
{
    const QModelIndex index = m_model.index(row, 0);
    const QRectF line(0, rowViewportPosition(row), viewport()->width(), m_rowPixels);
    const int bar = index.data(RowBarRole).toInt();
    if (bar > 0)
        painter.fillRect(QRectF(line.left(), line.top(), bar, line.height() - 1), ink(Ink::SeverityCritical));
    else if (index.data(SelectedRole).toBool())
        painter.fillRect(QRectF(line.left(), line.top(), 2, line.height() - 1), ink(Ink::SelectLine));
    if (index.data(CurrentRole).toBool()) {
        painter.setPen(QPen(ink(Ink::SelectLine), 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(QRectF(line.left() + 0.5, line.top() - 0.5, line.width() - 1, line.height()));
        if (hasFocus())
            painter.drawRect(QRectF(line.left() + 1.5, line.top() + 0.5, line.width() - 3, line.height() - 2));
    }
}

void RowTable::paintGap(QPainter &painter, int row)
{
    const QModelIndex index = m_model.index(row, 0);
    const QRectF line(0, rowViewportPosition(row), viewport()->width(), m_rowPixels);
    const qreal scale = devicePixelRatioF();
    painter.fillRect(line, hatchBrush(ink(Ink::LineDivider), ink(Ink::SurfacePanel), scale));
    const QString text = index.data(Qt::DisplayRole).toString();
    const qreal width = textWidth(Face::TableMedium, text) + 46;
    painter.fillRect(QRectF(line.topLeft(), QSizeF(std::min(width, line.width()), line.height())), ink(Ink::SurfacePanel));
    drawIcon(painter, {12, std::floor(line.center().y() - 7)}, u"gap"_s, 14, ink(Ink::SeverityError));
    drawText(painter, line.adjusted(32, 0, -8, 0), Face::TableMedium, ink(Ink::TextPrimary), text);
    drawHairline(painter, {0, line.bottom() - 1}, {line.right(), line.bottom() - 1}, ink(Ink::LineRow));
}

void RowTable::paintEvent(QPaintEvent *event)
{
    {
        QPainter ground(viewport());
        ground.fillRect(event->rect(), ink(Ink::SurfacePanel));
    }
    QTableView::paintEvent(event);
    QPainter painter(viewport());
    for (int row = 0; row < m_model.rowCount(); ++row) {
        if (RowKind(m_model.index(row, 0).data(RowKindRole).toInt()) == RowKind::Gap)
            paintGap(painter, row);
        paintRowMarks(painter, row);
    }
}

} // namespace Monitor
