// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/models/querystate.h"
#include "monitor/store/completion.h"
#include "monitor/store/query.h"

#include <QLineEdit>
#include <QWidget>

#include <functional>

namespace Monitor {

class CompletionList;

/*!
    The filter: a line of the query language in colours, and at its right what became of it.

    Enter applies, Tab takes the selected completion, Escape closes the list, then takes back an edit that is not applied,
    then clears the filter.
*/
class FilterBar : public QWidget
{
    Q_OBJECT

public:
    struct Source
    {
        std::span<const Field> fields;
        std::function<Completion(const QString &, int)> complete;
    };
    FilterBar(Source source, const QString &placeholder, QWidget *parent = nullptr);

    void setState(const QueryState &state);
    void setStale(bool stale);
    void setText(const QString &text); //!< As if typed and applied.
    QString text() const;
    bool hasUnappliedText() const;
    QString stateText() const; //!< Of the part at the right.
    void setNarrow(bool narrow);
    QLineEdit *edit() const { return m_edit; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
    bool eventFilter(QObject *object, QEvent *event) override;

Q_SIGNALS:
    void applied(const QString &text);
    void unappliedChanged();
    void left(); //!< The focus should go to the view below.

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;

private:
    struct StateLook
    {
        QString glyph;
        int glyphColor;
        QString strong;
        QString words;
        bool enterCap = false;
    };
    StateLook stateLook() const;
    qreal stateWidth() const;
    bool handleKey(int key);
    void handleEscape();
    void textEdited();
    void colour();
    void place();
    void showCompletion();

    Source m_source;
    QueryState m_state;
    QLineEdit *m_edit;
    CompletionList *m_list;
    bool m_stale = false;
    bool m_narrow = false;
    bool m_wasUnapplied = false;
};

} // namespace Monitor
