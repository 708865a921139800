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

namespace Monitor {
using namespace Qt::StringLiterals;

RowTable::RowTable(RowWindowModel &model, QString settingsKey, QWidget *parent)
    : QTableView(parent)
    , m_model(model)
    , m_columns(std::move(settingsKey))
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
    setHorizontalScrollMode(ScrollPerPixel);
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
    connect(m_header, &TableHeader::dragged, this, &RowTable::columnsWereDragged);
    connect(m_header, &QWidget::customContextMenuRequested, this,
            [this](const QPoint &at) { Q_EMIT columnMenuRequested(m_header->viewport()->mapToGlobal(at)); });
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
    for (const ColumnSpec &column : columns) {
        if (m_model.columnOf(column.key) < 0)
            qWarning("The model has no column \"%ls\"", qUtf16Printable(column.key));
    }
    m_columns.setSpecs(columns, dropFirst);
    placeColumns();
    layoutColumns();
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

void RowTable::setMarked(MarkTest marked)
{
    m_delegate->setMarked(std::move(marked));
    viewport()->update();
}

bool RowTable::isMarked(int row) const
{
    return m_delegate->isMarked(m_model.index(row, 0));
}

void RowTable::refreshRows()
{
    m_resize(pageRows());
    Q_EMIT pageRowsChanged(pageRows());
    viewport()->update();
}

void RowTable::placeColumns()
{
    int visual = 0;
    for (const QString &key : m_columns.order()) {
        if (const int section = m_model.columnOf(key); section >= 0)
            m_header->moveSection(m_header->visualIndex(section), visual++);
    }
}

QStringList RowTable::shownColumns() const
{
    QStringList keys;
    for (int visual = 0; visual < m_header->count(); ++visual) {
        const int section = m_header->logicalIndex(visual);
        if (!m_header->isSectionHidden(section))
            keys << m_model.columns().at(section).key;
    }
    return keys;
}

void RowTable::setColumnChosen(const QString &key, bool chosen)
{
    m_columns.choose(key, chosen);
    layoutColumns();
    Q_EMIT columnsChanged();
}

void RowTable::resetColumns()
{
    m_columns.reset();
    placeColumns();
    layoutColumns();
    Q_EMIT columnsChanged();
}

void RowTable::layoutColumns()
{
    if (m_columns.keys().isEmpty())
        return;
    const QStringList droppedBefore = m_columns.dropped();
    const QHash<QString, int> widths = m_columns.widthsFor(viewport()->width(), shownOrder());
    m_layingOut = true;
    for (const QString &key : m_columns.keys()) {
        const int section = m_model.columnOf(key);
        QTableView::setColumnHidden(section, !widths.contains(key));
        if (widths.contains(key))
            m_header->resizeSection(section, widths.value(key));
    }
    m_layingOut = false;
    m_delegate->setFirstColumn(m_header->firstShown());
    if (m_columns.dropped() != droppedBefore)
        Q_EMIT columnsChanged();
    viewport()->update();
}

void RowTable::sectionWasResized(int section, int before, int now)
{
    if (!m_layingOut && before != 0 && now != 0)
        m_columns.setWidth(m_model.columns().at(section).key, now);
}

void RowTable::columnsWereDragged()
{
    m_columns.setOrder(shownOrder());
    layoutColumns();
}

QStringList RowTable::shownOrder() const
{
    QStringList keys;
    for (int visual = 0; visual < m_header->count(); ++visual)
        keys << m_model.columns().at(m_header->logicalIndex(visual)).key;
    return keys;
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
    if (event->button() == Qt::LeftButton && event->modifiers() & Qt::AltModifier) {
        Q_EMIT filterRequested(index, event->modifiers() & Qt::ShiftModifier);
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
    m_isDragging = event->button() == Qt::LeftButton && mode == RowWindowModel::SelectMode::Replace;
    m_model.select(id, mode);
}

void RowTable::mouseMoveEvent(QMouseEvent *event)
{
    if (!m_isDragging || !(event->buttons() & Qt::LeftButton) || m_model.rowCount() == 0)
        return;
    // Over an edge the window follows by a row.
    const int y = int(event->position().y());
    if (y < 0)
        scrollRows(-1);
    else if (y >= m_model.rowCount() * m_rowPixels)
        scrollRows(1);
    const int row = std::clamp(y / m_rowPixels, 0, m_model.rowCount() - 1);
    if (const quint64 id = idOfRow(row); id != m_model.currentId())
        m_model.select(id, RowWindowModel::SelectMode::Extend);
}

void RowTable::mouseReleaseEvent(QMouseEvent *)
{
    m_isDragging = false;
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
    // Without a current row the keys scroll; with one they move it, and the window follows.
    const qint64 at = m_model.viewRowOf(m_model.currentId());
    const auto move = [&](qint64 row, qint64 scrolled) {
        if (at < 0)
            return scrollToFirst(scrolled);
        m_model.moveCurrentTo(row, extend);
    };
    switch (key) {
    case Qt::Key_Up:
        m_model.moveCurrent(-1, extend);
        return true;
    case Qt::Key_Down:
        m_model.moveCurrent(1, extend);
        return true;
    case Qt::Key_PageUp:
        move(at - pageRows(), m_model.firstRow() - pageRows());
        return true;
    case Qt::Key_PageDown:
        move(at + pageRows(), m_model.firstRow() + pageRows());
        return true;
    case Qt::Key_Home:
        move(0, 0);
        return true;
    case Qt::Key_End:
        if (m_isTail || at < 0)
            return false;
        m_model.moveCurrentTo(m_model.totalRows() - 1, extend);
        return true;
    default:
        return false;
    }
}

bool RowTable::handleChord(QKeyEvent *event)
{
    if (event->matches(QKeySequence::SelectAll)) {
        m_model.selectAll();
        return true;
    }
    const bool isShifted = event->modifiers() & Qt::ShiftModifier;
    if (event->matches(QKeySequence::Copy)
        || (event->key() == Qt::Key_C && event->modifiers() == (Qt::ControlModifier | Qt::ShiftModifier))) {
        Q_EMIT copyRequested(isShifted);
        return true;
    }
    return false;
}

void RowTable::keyPressEvent(QKeyEvent *event)
{
    const int key = event->key();
    if (handleChord(event))
        return;
    const bool isChord = event->modifiers() & (Qt::ControlModifier | Qt::AltModifier);
    if ((!isChord || key == Qt::Key_Home) && keyMoves(key, event->modifiers() & Qt::ShiftModifier))
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
        if (!isChord) {
            Q_EMIT keyRequested(key);
            return;
        }
        break;
    default:
        break;
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
        Q_EMIT pointerMoved();
        break;
    case QEvent::Wheel:
        Q_EMIT pointerMoved();
        break;
    case QEvent::Leave:
        setHoveredRow(-1);
        Q_EMIT pointerLeft();
        break;
    case QEvent::ToolTip: {
        const auto *help = static_cast<QHelpEvent *>(event);
        const QModelIndex index = indexAt(help->pos());
        const QString full = index.isValid() ? index.data(FullTextRole).toString() : QString();
        const bool same = full == index.data(Qt::DisplayRole).toString();
        const bool fits = textWidth(Face::Table, full) <= visualRect(index).width() - 16;
        setToolTip(full.isEmpty() || (same && fits) ? QString() : plainToolTip(full));
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
    else if (m_delegate->isMarked(index))
        painter.fillRect(QRectF(line.left(), line.top(), 4, line.height() - 1), ink(Ink::BannerLine));
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

void RowTable::paintLine(QPainter &painter, int row, const QString &icon, Ink glyph, bool hatched)
{
    const QModelIndex index = m_model.index(row, 0);
    const QRectF line(0, rowViewportPosition(row), viewport()->width(), m_rowPixels);
    const QString text = index.data(Qt::DisplayRole).toString();
    if (hatched) {
        painter.fillRect(line, hatchBrush(ink(Ink::LineDivider), ink(Ink::SurfacePanel), devicePixelRatioF()));
        const qreal width = textWidth(Face::TableMedium, text) + 46;
        painter.fillRect(QRectF(line.topLeft(), QSizeF(std::min(width, line.width()), line.height())), ink(Ink::SurfacePanel));
    } else {
        painter.fillRect(line, ink(Ink::SurfaceSunk));
    }
    drawIcon(painter, {12, std::floor(line.center().y() - 7)}, icon, 14, ink(glyph));
    drawText(painter, line.adjusted(32, 0, -8, 0), Face::TableMedium, ink(hatched ? Ink::TextPrimary : Ink::TextSecondary), text,
             Qt::AlignLeft, true);
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
        const auto kind = RowKind(m_model.index(row, 0).data(RowKindRole).toInt());
        if (kind == RowKind::Gap)
            paintLine(painter, row, u"gap"_s, Ink::SeverityError, true);
        else if (kind == RowKind::Folded)
            paintLine(painter, row, u"disconnect"_s, Ink::TextMuted, false);
        paintRowMarks(painter, row);
    }
}

} // namespace Monitor
