// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/situation.h"
#include "monitor/widgets/painting.h"

#include <QAbstractButton>
#include <QWidget>

#include <functional>

class QVBoxLayout;

namespace Monitor {

using FollowLink = std::function<void(const Situation::Link &)>;

/*! A box with a title, a note at its right, and rows. */
class Card : public QWidget
{
    Q_OBJECT

public:
    explicit Card(const QString &title, QWidget *parent = nullptr);
    void setNote(const QString &note);

protected:
    QVBoxLayout *rows() const { return m_rows; }
    void clearRows();
    void paintEvent(QPaintEvent *event) override;
    static constexpr int headHeight = 40;

private:
    QString m_title;
    QString m_note;
    QVBoxLayout *m_rows;
};

/*! Numbers by name, a bar for each; a click opens the rows behind one. */
class LineCard : public Card
{
    Q_OBJECT

public:
    struct Row
    {
        QString glyph;
        Ink glyphInk = Ink::TextMuted;
        QString name;
        QString middle; //!< Muted, behind the name.
        QStringList numbers; //!< From the left, right-aligned in equal columns.
        double share = -1; //!< Of the bar; below 0: none.
        Ink bar = Ink::ChartBar;
        Situation::Link link;
        friend bool operator==(const Row &a, const Row &b)
        {
            return a.glyph == b.glyph && a.name == b.name && a.middle == b.middle && a.numbers == b.numbers && a.share == b.share;
        }
    };
    LineCard(const QString &title, FollowLink follow, QWidget *parent = nullptr);
    void setRows(const QList<Row> &rows, const QString &whenEmpty);

private:
    FollowLink m_follow;
    QList<Row> m_rows;
    QList<QAbstractButton *> m_lines;
    QString m_empty;
};

/*! What needs attention, worst first, each with the way to it. */
class AttentionCard : public Card
{
    Q_OBJECT

public:
    AttentionCard(FollowLink follow, QWidget *parent = nullptr);
    void setItems(const QList<Situation::Attention> &items);

private:
    FollowLink m_follow;
    QList<Situation::Attention> m_items;
    bool m_isFilled = false;
};

/*! The figures at the top, as buttons in one box. */
class FigureStrip : public QWidget
{
    Q_OBJECT

public:
    struct Figure
    {
        QString title;
        QString number;
        QString note;
        QString glyph;
        Ink glyphInk = Ink::TextMuted;
        Situation::Link link;
    };
    FigureStrip(FollowLink follow, QWidget *parent = nullptr);
    void setFigures(const QList<Figure> &figures);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    FollowLink m_follow;
    QList<QAbstractButton *> m_tiles;
};

/*! Refreshes per node: what happened in full colour, what is due as outlines, one scale for all. */
class RefreshChart : public Card
{
    Q_OBJECT

public:
    RefreshChart(FollowLink follow, QWidget *parent = nullptr);
    void setSituation(const Situation &situation);
    QSize sizeHint() const override { return {640, 336}; }

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;

private:
    void paintNode(QPainter &painter, const Situation::Node &node, const QRectF &lane, double perPixel) const;
    QRectF plot() const;
    qreal xOf(qint64 time) const;

    FollowLink m_follow;
    QList<Situation::Node> m_nodes;
    qint64 m_now = 0;
};

} // namespace Monitor
