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

    Enter applies, Tab takes the selected completion, or the fix of a text that is wrong. Escape closes the list, then takes back
    a text that is not applied or is wrong, then clears the filter. Down in an empty bar offers what was applied before.
*/
class FilterBar : public QWidget
{
    Q_OBJECT

public:
    struct Source
    {
        std::span<const Field> fields;
        std::function<Completion(const QString &, int)> complete;
        std::function<ParsedQuery(const QString &)> parse;
    };
    FilterBar(Source source, const QString &placeholder, QWidget *parent = nullptr);

    void setState(const QueryState &state);
    void setStale(bool stale);
    void setHighlighting(bool highlighting); //!< What matches is marked, and the rest stays.
    void setRecall(std::function<Completion()> recall); //!< What Down in an empty bar offers.
    void beginTerm(const QString &name); //!< Writes it behind what is applied, and waits for the rest.
    ParsedQuery parse(const QString &text) const { return m_source.parse(text); }
    std::span<const Field> fields() const { return m_source.fields; }
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
    void showList(const Completion &completion);

    Source m_source;
    std::function<Completion()> m_recall;
    QueryState m_state;
    QLineEdit *m_edit;
    CompletionList *m_list;
    bool m_stale = false;
    bool m_highlighting = false;
    bool m_narrow = false;
    bool m_wasUnapplied = false;
};

} // namespace Monitor
