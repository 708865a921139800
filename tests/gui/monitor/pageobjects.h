// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/mainwindow.h"
#include "monitor/widgets/pages.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/tablepane.h"

#include <QHeaderView>
#include <QTest>
#include <QWindow>

namespace Sample {

/*! A table page as a person meets it: rows by their place on the screen, cells by the title of their column. */
class TableOnScreen
{
public:
    explicit TableOnScreen(Monitor::TablePage *page)
        : m_table(page->pane()->table())
        , m_model(static_cast<Monitor::RowWindowModel *>(m_table->model()))
    {
    }

    Monitor::RowTable *widget() const { return m_table; }
    Monitor::RowWindowModel &model() const { return *m_model; }
    int rows() const { return m_model->rowCount(); }
    quint64 idAt(int row) const { return m_model->idAt(m_model->firstRow() + row); }
    QString text(int row, const QString &key) const { return m_model->index(row, m_model->columnOf(key)).data().toString(); }
    QStringList column(const QString &key) const
    {
        QStringList texts;
        for (int row = 0; row < rows(); ++row)
            texts << text(row, key);
        return texts;
    }
    QPoint middleOf(int row) const { return {60, m_table->rowViewportPosition(row) + m_table->rowHeight(row) / 2}; }
    void click(int row, Qt::KeyboardModifiers modifiers = Qt::NoModifier) const
    {
        QTest::mouseClick(m_table->viewport(), Qt::LeftButton, modifiers, middleOf(row));
    }
    void point(int row) const
    {
        QWidget *window = m_table->window();
        for (const int x : {0, 1}) // a pointer that is there already would not move
            QTest::mouseMove(window->windowHandle(), m_table->viewport()->mapTo(window, middleOf(row)) + QPoint(x, 0));
        QCoreApplication::processEvents();
    }
    void key(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) const { QTest::keyClick(m_table, key, modifiers); }
    //! Screen position of a row; -1 when it is not in sight.
    int yOf(quint64 id) const
    {
        for (int row = 0; row < rows(); ++row) {
            if (idAt(row) == id)
                return m_table->viewport()->mapToGlobal(QPoint(0, m_table->rowViewportPosition(row))).y();
        }
        return -1;
    }
    //! Drags the edge or the middle of a header section by real mouse events.
    void dragHeader(const QString &key, bool edge, int by) const
    {
        QHeaderView *header = m_table->horizontalHeader();
        const int section = m_model->columnOf(key);
        const int left = header->sectionViewportPosition(section);
        const QPoint from(edge ? left + header->sectionSize(section) - 1 : left + header->sectionSize(section) / 2,
                          header->height() / 2);
        QTest::mousePress(header->viewport(), Qt::LeftButton, {}, from);
        for (int step = 1; step <= 4; ++step) {
            QMouseEvent move(QEvent::MouseMove, QPointF(from + QPoint(by * step / 4, 0)),
                             header->viewport()->mapToGlobal(QPointF(from + QPoint(by * step / 4, 0))), Qt::NoButton,
                             Qt::LeftButton, Qt::NoModifier);
            QCoreApplication::sendEvent(header->viewport(), &move);
        }
        QTest::mouseRelease(header->viewport(), Qt::LeftButton, {}, from + QPoint(by, 0));
    }

private:
    Monitor::RowTable *m_table;
    Monitor::RowWindowModel *m_model;
};

} // namespace Sample
