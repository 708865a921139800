// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/detail.h"
#include "monitor/models/tokenlanesmodel.h"

#include <QScrollArea>
#include <QWidget>

class QHBoxLayout;
class QPlainTextEdit;
class QStackedWidget;

namespace Monitor {

class Button;
class RunLabel;
class TabStrip;
class Workspace;

/*! Sentences, the lane in small, and blocks of facts with copy buttons. */
class SummaryView : public QWidget
{
    Q_OBJECT

public:
    SummaryView(Workspace &workspace, QWidget *parent = nullptr);
    void setContent(const DetailContent &content);
    void setColumns(int columns); //!< More than one: sentences and lane at the left, facts beside them.
    QSize sizeHint() const override;

Q_SIGNALS:
    void copied(const QString &label);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    struct Fact
    {
        QRectF row;
        const DetailRow *entry = nullptr;
        QString title;
    };
    void layOut();
    void placeCopyButtons();
    qreal sentencesHeight(qreal width) const;
    QString sentencesHtml() const;
    void paintLane(QPainter &painter, const QRectF &area) const;

    Workspace &m_workspace;
    DetailContent m_content;
    QList<Fact> m_facts;
    QList<qreal> m_lines;
    QRectF m_sentences;
    QRectF m_lane;
    QList<QWidget *> m_copyButtons;
    int m_columns = 1;
    int m_height = 100;
};

/*! Events of the same session, newest first; a click opens one. */
class RelatedView : public QWidget
{
    Q_OBJECT

public:
    RelatedView(Workspace &workspace, QWidget *parent = nullptr);
    void setContent(const DetailContent &content);
    QSize sizeHint() const override;

Q_SIGNALS:
    void eventRequested(quint64 auditRow);

protected:
    void paintEvent(QPaintEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    struct Row
    {
        quint64 id;
        qint64 time;
        int severity;
        QString kind;
        QString message;
    };
    Workspace &m_workspace;
    QString m_key;
    QList<Row> m_rows;
    int m_current = 0;
};

/*!
    What is known about one row: Summary, Raw and Related, and what can be done with it. Beside the table, or under it in
    narrow windows.
*/
class DetailPane : public QWidget
{
    Q_OBJECT

public:
    DetailPane(Workspace &workspace, QWidget *parent = nullptr);

    void setContent(const DetailContent &content, const QString &position);
    const DetailContent &content() const { return m_content; }
    void setUnder(bool under);
    void refreshActions();

Q_SIGNALS:
    void closeRequested();
    void disconnectRequested();
    void eventRequested(quint64 auditRow);
    void filterRequested(const QString &session);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void buildHead();
    void placeParts(bool under);
    void buildFooter();

    Workspace &m_workspace;
    DetailContent m_content;
    RunLabel *m_title;
    RunLabel *m_line;
    RunLabel *m_position;
    Button *m_close;
    TabStrip *m_tabs;
    QStackedWidget *m_pages;
    SummaryView *m_summary;
    QPlainTextEdit *m_raw;
    RelatedView *m_related;
    QScrollArea *m_summaryArea;
    QWidget *m_footer;
    QWidget *m_head = nullptr;
    QWidget *m_tabRow = nullptr;
    QHBoxLayout *m_firstLine = nullptr;
    QHBoxLayout *m_actions = nullptr;
    Button *m_disconnect;
    Button *m_filter;
    Button *m_copy;
    RunLabel *m_reason;
};

} // namespace Monitor
