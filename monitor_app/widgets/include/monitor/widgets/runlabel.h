// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/painting.h"

#include <QList>
#include <QWidget>

namespace Monitor {

/*!
    One line of facts: runs of text in several colours with tabular digits, a severity glyph before them and thin
    separators between groups. A run with an empty text is such a separator.

    The whole text is the accessible name. Setting equal runs again costs nothing.
*/
class RunLabel : public QWidget
{
    Q_OBJECT

public:
    explicit RunLabel(QWidget *parent = nullptr);

    void setRuns(const QList<TextRun> &runs);
    void setGlyph(const QString &icon, Ink color, int size = 12);
    QString plainText() const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    qreal contentWidth() const;

    QList<TextRun> m_runs;
    QString m_glyph;
    Ink m_glyphColor = Ink::TextMuted;
    int m_glyphSize = 12;
};

} // namespace Monitor
