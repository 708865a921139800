// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/filterbar.h"

#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/completionlist.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"

#include <QCoreApplication>
#include <QInputMethodEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QTextCharFormat>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int textLeft = 30;
constexpr int stateWidthMinimum = 96;

QTextCharFormat formatOf(QueryToken::Kind kind)
{
    QTextCharFormat format;
    switch (kind) {
    case QueryToken::Kind::Field:
        format.setForeground(ink(Ink::AccentText));
        break;
    case QueryToken::Kind::Operator:
    case QueryToken::Kind::Keyword:
    case QueryToken::Kind::Bracket:
        format.setForeground(ink(Ink::TextMuted));
        break;
    case QueryToken::Kind::Error:
        format.setForeground(ink(Ink::SeverityError));
        break;
    case QueryToken::Kind::Value:
    case QueryToken::Kind::Text:
        format.setForeground(ink(Ink::TextPrimary));
        break;
    }
    return format;
}

} // namespace

FilterBar::FilterBar(Source source, const QString &placeholder, QWidget *parent)
    : QWidget(parent)
    , m_source(std::move(source))
    , m_edit(new QLineEdit(this))
    , m_list(new CompletionList(window()))
{
    setFixedHeight(px(Metric::ControlInput));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    m_edit->setFrame(false);
    m_edit->setFont(face(Face::MonoTable));
    m_edit->setPlaceholderText(placeholder);
    m_edit->setAccessibleName(tr("Filter"));
    m_edit->setTextMargins(0, 0, 0, 0);
    m_edit->installEventFilter(this);
    setFocusProxy(m_edit);
    connect(m_edit, &QLineEdit::textChanged, this, &FilterBar::textEdited);
    connect(m_edit, &QLineEdit::textEdited, this, &FilterBar::showCompletion);
    connect(m_edit, &QLineEdit::cursorPositionChanged, this, [this] {
        if (m_list->isVisible())
            showCompletion();
    });
    connect(m_list, &CompletionList::chosen, this, [this](int item) {
        const Completion completion = m_list->completion();
        const QString insert = completion.items.at(item).text;
        m_edit->setText(m_edit->text().replace(completion.start, completion.length, insert));
        m_edit->setCursorPosition(completion.start + int(insert.size()));
        showCompletion();
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        colour();
        update();
    });
}

QString FilterBar::text() const
{
    return m_edit->text();
}

bool FilterBar::hasUnappliedText() const
{
    return m_edit->text().trimmed() != m_state.text.trimmed();
}

void FilterBar::setText(const QString &text)
{
    m_edit->setText(text);
    m_list->hide();
    Q_EMIT applied(text);
}

void FilterBar::setState(const QueryState &state)
{
    if (m_state == state)
        return;
    m_state = state;
    colour();
    place();
    setAccessibleDescription(stateText());
    setToolTip(plainToolTip(state.message));
    textEdited();
}

void FilterBar::setStale(bool stale)
{
    if (m_stale == stale)
        return;
    m_stale = stale;
    place();
    update();
}

void FilterBar::setHighlighting(bool highlighting)
{
    if (m_highlighting == highlighting)
        return;
    m_highlighting = highlighting;
    place();
}

void FilterBar::setRecall(std::function<Completion()> recall)
{
    m_recall = std::move(recall);
}

void FilterBar::beginTerm(const QString &name)
{
    const QString before = m_state.appliedText.trimmed();
    m_edit->setText(before.isEmpty() ? name : u"(%1) and %2"_s.arg(before, name));
    m_edit->setFocus(Qt::OtherFocusReason);
    m_edit->setCursorPosition(int(m_edit->text().size()));
    showCompletion();
}

void FilterBar::setNarrow(bool narrow)
{
    m_narrow = narrow;
    place();
    update();
}

FilterBar::StateLook FilterBar::stateLook() const
{
    const QString total = Text::countShort(m_state.total);
    const bool marks = m_highlighting && !m_state.appliedText.isEmpty();
    const QString of = m_narrow ? QString() : (marks ? tr(" of %1 highlighted").arg(total) : tr(" of %1").arg(total));
    if (hasUnappliedText())
        return {u"clock"_s, int(Ink::TextMuted), {}, tr("Not applied yet"), true};
    if (m_stale)
        return {u"clock"_s, int(Ink::TextMuted), Text::count(m_state.matched), tr("%1, stale").arg(of), false};
    switch (m_state.status) {
    case QueryState::Status::Running:
        return {u"refresh"_s, int(Ink::TextMuted), Text::count(m_state.matched), tr(", %1 %").arg(m_state.percent), false};
    case QueryState::Status::Error:
        return {u"sev-error"_s, int(Ink::SeverityError), {}, m_state.message, false};
    case QueryState::Status::Suspicious:
        return {u"sev-warning"_s, int(Ink::SeverityWarning), Text::count(m_state.matched), of, false};
    case QueryState::Status::Applied:
        if (m_state.matched == 0 && m_state.total > 0)
            return {u"sev-warning"_s, int(Ink::SeverityWarning), Text::count(0), of, false};
        return {u"sev-ok"_s, int(Ink::SeverityOkInk), Text::count(m_state.matched), of, false};
    case QueryState::Status::Neutral:
        break;
    }
    return {{}, 0, Text::count(m_state.total), of, false};
}

QString FilterBar::stateText() const
{
    const StateLook look = stateLook();
    return look.strong + look.words;
}

qreal FilterBar::stateWidth() const
{
    const StateLook look = stateLook();
    qreal width =
        20 + (look.glyph.isEmpty() ? 0 : 18) + numberWidth(Face::TableStrong, look.strong) + numberWidth(Face::Table, look.words);
    if (look.enterCap)
        width += 8 + keyCapWidth(tr("Enter"));
    // A long message may take half of the bar; its whole text is the tool tip.
    return std::ceil(
        std::clamp<qreal>(width, m_narrow ? 48 : stateWidthMinimum, std::max<qreal>(stateWidthMinimum, this->width() * 0.5)));
}

QSize FilterBar::sizeHint() const
{
    return {480, px(Metric::ControlInput)};
}

QSize FilterBar::minimumSizeHint() const
{
    return {220, px(Metric::ControlInput)};
}

void FilterBar::place()
{
    const int right = int(stateWidth());
    m_edit->setGeometry(textLeft, 2, std::max(20, width() - textLeft - right - 4), height() - 4);
    if (m_list->isVisible())
        showCompletion();
    update();
}

void FilterBar::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    place();
}

void FilterBar::mousePressEvent(QMouseEvent *event)
{
    m_edit->setFocus(Qt::MouseFocusReason);
    QWidget::mousePressEvent(event);
}

void FilterBar::textEdited()
{
    colour();
    place();
    if (const bool unapplied = hasUnappliedText(); unapplied != m_wasUnapplied) {
        m_wasUnapplied = unapplied;
        Q_EMIT unappliedChanged();
    }
}

void FilterBar::colour()
{
    // QLineEdit takes formats for its text only through an input method event; an empty one changes nothing else.
    const ParsedQuery parsed = m_source.parse(m_edit->text());
    QList<QInputMethodEvent::Attribute> attributes;
    const auto add = [&](int position, int length, const QTextCharFormat &format) {
        if (length > 0)
            attributes.append({QInputMethodEvent::TextFormat, position - m_edit->cursorPosition(), length, format});
    };
    for (const QueryToken &token : parsed.tokens)
        add(token.position, token.length, formatOf(token.kind));
    if (m_state.status == QueryState::Status::Error && m_state.text == m_edit->text() && m_state.errorPosition >= 0) {
        QTextCharFormat squiggle;
        squiggle.setForeground(ink(Ink::SeverityError));
        squiggle.setUnderlineStyle(QTextCharFormat::WaveUnderline);
        squiggle.setUnderlineColor(ink(Ink::SeverityError));
        add(m_state.errorPosition, std::max(1, m_state.errorLength), squiggle);
    }
    QInputMethodEvent event(QString(), attributes);
    QCoreApplication::sendEvent(m_edit, &event);
}

void FilterBar::showCompletion()
{
    if (!m_edit->hasFocus() || !m_source.complete) {
        m_list->hide();
        return;
    }
    showList(m_source.complete(m_edit->text(), m_edit->cursorPosition()));
}

void FilterBar::showList(const Completion &completion)
{
    if (completion.items.isEmpty()) {
        m_list->hide();
        return;
    }
    if (m_list->parentWidget() != window())
        m_list->setParent(window());
    m_list->setCompletion(completion);
    const qreal offset =
        textWidth(Face::MonoTable, m_edit->text().first(std::min<qsizetype>(completion.start, m_edit->text().size())));
    const int x = std::clamp(int(textLeft + offset - 12), 0, std::max(0, width() - m_list->width()));
    m_list->move(mapTo(window(), QPoint(x, height() + 4)));
    m_list->show();
    m_list->raise();
}

void FilterBar::handleEscape()
{
    if (m_list->isVisible()) {
        m_list->hide();
    } else if (m_state.status == QueryState::Status::Error) {
        setText(m_state.appliedText); // which stayed in force
    } else if (hasUnappliedText()) {
        m_edit->setText(m_state.text);
    } else if (!m_edit->text().isEmpty()) {
        setText(QString());
    } else {
        Q_EMIT left();
    }
}

bool FilterBar::handleKey(int key)
{
    const bool listed = m_list->isVisible();
    switch (key) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
        m_list->hide();
        Q_EMIT applied(m_edit->text());
        return true;
    case Qt::Key_Escape:
        handleEscape();
        return true;
    case Qt::Key_Tab:
        if (!listed && !m_state.repaired.isEmpty() && !hasUnappliedText()) {
            m_edit->setText(m_state.repaired);
            return true;
        }
        if (!listed || m_list->current() < 0)
            return false;
        Q_EMIT m_list->chosen(m_list->current());
        return true;
    case Qt::Key_Down:
        if (listed)
            m_list->step(1);
        else if (m_edit->text().isEmpty() && m_recall && !m_recall().items.isEmpty())
            showList(m_recall());
        else
            showCompletion();
        return true;
    case Qt::Key_Up:
        if (listed)
            m_list->step(-1);
        return listed;
    default:
        return false;
    }
}

bool FilterBar::eventFilter(QObject *object, QEvent *event)
{
    if (object != m_edit)
        return QWidget::eventFilter(object, event);
    switch (event->type()) {
    case QEvent::KeyPress:
        return handleKey(static_cast<QKeyEvent *>(event)->key());
    case QEvent::ShortcutOverride:
        if (static_cast<QKeyEvent *>(event)->key() == Qt::Key_Escape)
            event->accept();
        return false;
    case QEvent::FocusOut:
        m_list->hide();
        update();
        return false;
    case QEvent::FocusIn:
        update();
        return false;
    default:
        return false;
    }
}

void FilterBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const bool error = m_state.status == QueryState::Status::Error && !hasUnappliedText();
    const bool focused = m_edit->hasFocus();
    const Ink line = focused ? Ink::AccentFocus : error ? Ink::SeverityError : Ink::LineControl;
    drawBox(painter, rect(), px(Metric::RadiusControl), ink(Ink::SurfacePanel), ink(line), focused ? 2 : 1);
    drawIcon(painter, {8, (height() - 16) / 2.0}, u"filter"_s, 16, ink(Ink::TextMuted));
    const qreal left = width() - stateWidth();
    drawHairline(painter, {left, 2}, {left, height() - 3.0}, ink(Ink::LineDivider));
    const StateLook look = stateLook();
    QRectF area(left + 10, 0, width() - left - 20, height());
    if (!look.glyph.isEmpty()) {
        drawIcon(painter, {area.left(), (height() - 12) / 2.0}, look.glyph, 12, ink(Ink(look.glyphColor)));
        area.setLeft(area.left() + 18);
    }
    area.setLeft(area.left()
                 + drawText(painter, area, Face::TableStrong, ink(Ink::TextPrimary), look.strong, Qt::AlignLeft, true));
    const qreal words = drawText(painter, area, Face::Table, ink(error ? Ink::SeverityError : Ink::TextSecondary), look.words,
                                 Qt::AlignLeft, true);
    if (look.enterCap)
        drawKeyCap(painter, {area.left() + words + 8, (height() - px(Metric::ControlKbd)) / 2.0}, tr("Enter"),
                   ink(Ink::LineControl), ink(Ink::TextMuted));
}

} // namespace Monitor
