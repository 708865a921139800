// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/tablepane.h"

#include "monitor/widgets/longscrollbar.h"
#include "monitor/widgets/painting.h"

#include <QPainter>

namespace Monitor {

/*! Rows without words: the table that is about to be there. */
class TablePane::Skeleton : public QWidget
{
public:
    explicit Skeleton(QWidget *parent)
        : QWidget(parent)
    {
        setAttribute(Qt::WA_TransparentForMouseEvents);
    }

    void setWords(const QString &words)
    {
        m_words = words;
        setAccessibleName(words);
        update();
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), ink(Ink::SurfacePanel));
        const int row = px(Metric::RowComfortable);
        constexpr std::array widths{64, 84, 110, 96, 40, 44, 40, 40, 44};
        for (int y = 0; y < height(); y += row) {
            int x = 12;
            for (size_t column = 0; column < widths.size() && x < width(); ++column) {
                const int length = widths[(column + size_t(y / row)) % widths.size()];
                painter.fillRect(QRect(x, y + 10, std::min(length, width() - x), 8), ink(Ink::LineRow));
                x += 128;
            }
            drawHairline(painter, {0, y + row - 1.0}, {qreal(width()), y + row - 1.0}, ink(Ink::LineRow));
        }
        const qreal words = textWidth(Face::Body, m_words) + 32;
        const QRectF box((width() - words) / 2, height() / 2.0 - 20, words, 36);
        drawBox(painter, box, px(Metric::RadiusControl), ink(Ink::SurfacePanel), ink(Ink::LineDivider));
        drawText(painter, box, Face::Body, ink(Ink::TextPrimary), m_words, Qt::AlignHCenter, true);
    }

private:
    QString m_words;
};

TablePane::TablePane(RowWindowModel &model, const QString &settingsKey, QWidget *parent)
    : QWidget(parent)
    , m_model(model)
    , m_table(new RowTable(model, settingsKey, this))
    , m_bar(new LongScrollBar(this))
    , m_empty(new EmptyState(this))
    , m_skeleton(new Skeleton(this))
{
    setMinimumHeight(120);
    setFocusProxy(m_table);
    m_empty->hide();
    m_skeleton->hide();
    connect(m_bar, &LongScrollBar::moved, m_table, &RowTable::scrollToFirst);
    connect(&model, &RowWindowModel::windowMoved, this, &TablePane::refresh);
    connect(&model, &RowWindowModel::totalRowsChanged, this, &TablePane::refresh);
}

void TablePane::setContent(Content content, const QString &loadingText)
{
    m_skeleton->setWords(loadingText);
    m_content = content;
    m_empty->setVisible(content == Content::Empty);
    m_skeleton->setVisible(content == Content::Skeleton);
}

void TablePane::refresh()
{
    m_bar->setRange(m_model.totalRows(), m_table->pageRows(), m_model.firstRow());
}

void TablePane::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    const int gutter = px(Metric::LayoutScrollGutter);
    const int header = px(Metric::RowHeader);
    m_table->setGeometry(0, 0, width() - gutter, height());
    m_bar->setGeometry(width() - gutter, header, gutter, height() - header);
    const QRect body(0, header, width(), height() - header);
    m_empty->setGeometry(body);
    m_skeleton->setGeometry(body);
    refresh();
}

void TablePane::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    const int header = px(Metric::RowHeader);
    painter.fillRect(QRect(0, 0, width(), header), ink(Ink::SurfaceSunk));
    drawHairline(painter, {0, header - 1.0}, {qreal(width()), header - 1.0}, ink(Ink::LineDivider));
}

} // namespace Monitor
