// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/widgets/theme.h"

#include <QPushButton>

namespace Monitor {

/*!
    Every button of the program: outlined, quiet, primary or dangerous, with an icon, a caret or a key cap beside its text.

    A button that is checkable shows its checked state as a selected toggle. A button without a shown text needs an
    accessible name, which is also its tool tip.
*/
class Button : public QPushButton
{
    Q_OBJECT

public:
    enum class Kind { Outlined, Quiet, Primary, Danger, DangerFill, Banner };
    Q_ENUM(Kind)

    explicit Button(Kind kind, const QString &text, QWidget *parent = nullptr);
    static Button *iconOnly(const QString &icon, const QString &name, QWidget *parent = nullptr);

    void setIconName(const QString &icon);
    void setCaption(const QString &muted); //!< Muted words before the text, as in "Sort Next to expire".
    void setKeyCap(const QString &key);
    void setCaret(bool caret);
    void setTextShown(bool shown); //!< False leaves the icon alone; the text stays the accessible name.
    void setDialogSize(bool dialog); //!< 32 high, padding 16.
    void setStrongOutline(bool strong); //!< The default button of a dialog.

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent *event) override;
    void enterEvent(QEnterEvent *event) override;
    void leaveEvent(QEvent *event) override;

private:
    struct Look
    {
        QColor fill;
        QColor line;
        QColor text;
    };
    Look look() const;
    int padding() const;
    void paintContent(QPainter &painter, const Look &colors) const;

    Kind m_kind;
    QString m_icon;
    QString m_caption;
    QString m_keyCap;
    bool m_caret = false;
    bool m_textShown = true;
    bool m_dialogSize = false;
    bool m_strongOutline = false;
    bool m_hovered = false;
};

//! A key as a small box, 16 high; returns its width.
qreal drawKeyCap(QPainter &painter, QPointF topLeft, const QString &key, const QColor &line, const QColor &text);
qreal keyCapWidth(const QString &key);

} // namespace Monitor
