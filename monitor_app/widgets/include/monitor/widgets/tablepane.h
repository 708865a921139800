// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/rowtable.h"

#include <QWidget>

namespace Monitor {

class Button;
class EmptyState;
class LongScrollBar;
class Workspace;

/*!
    A RowTable with its scroll bar, and what stands in its place when there is nothing to show: skeleton rows while the first
    snapshot comes, or the reason why it is empty.
*/
class TablePane : public QWidget
{
    Q_OBJECT

public:
    enum class Content { Rows, Skeleton, Empty };

    TablePane(RowWindowModel &model, const QString &settingsKey, QWidget *parent = nullptr);

    RowTable *table() const { return m_table; }
    EmptyState *empty() const { return m_empty; }
    Content content() const { return m_content; }
    void setContent(Content content, const QString &loadingText = {});
    void refresh(); //!< Scroll bar and rows, after a tick.

protected:
    void resizeEvent(QResizeEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    class Skeleton;
    RowWindowModel &m_model;
    RowTable *m_table;
    LongScrollBar *m_bar;
    EmptyState *m_empty;
    Skeleton *m_skeleton;
    Content m_content = Content::Rows;
};

/*! Why a view is empty, in words, with what to do about it. */
class EmptyState : public QWidget
{
    Q_OBJECT

public:
    struct Term
    {
        QString text; //!< A part of the filter.
        qint64 count = -1; //!< What it matches alone; -1 while it is counted.
    };
    explicit EmptyState(QWidget *parent = nullptr);

    void setWords(const QString &icon, const QString &heading, const QString &sentence);
    void setTerms(const QList<Term> &terms);
    void setAction(const QString &icon, const QString &words); //!< Empty words: no button.
    QString heading() const { return m_heading; }
    Button *action() const { return m_action; }

Q_SIGNALS:
    void actionRequested();
    void termRemoved(int term);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;

private:
    QRectF block() const;
    qreal sentenceHeight() const;
    QRectF termRow(int term) const;
    void paintTerm(QPainter &painter, int term) const;
    void place();

    QString m_icon;
    QString m_heading;
    QString m_sentence;
    QList<Term> m_terms;
    QList<Button *> m_removers;
    Button *m_action;
};

} // namespace Monitor
