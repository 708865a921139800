// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/findingview.h"

#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/icons.h"
#include "monitor/widgets/painting.h"
#include "monitor/widgets/runlabel.h"
#include "posturewords.h"

#include <QAbstractButton>
#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QScrollArea>
#include <QVBoxLayout>

namespace Monitor {
using namespace Qt::StringLiterals;
using Watchword::Finding;

namespace {

constexpr int checksWidth = 400; // of the list, when the text is beside it

/*! One check as a line: glyph, id, title, verdict. */
class CheckLine : public QAbstractButton
{
public:
    CheckLine(const Finding &finding, bool isFresh, QWidget *parent)
        : QAbstractButton(parent)
        , m_finding(finding)
        , m_fresh(isFresh)
    {
        setFixedHeight(28);
        setCheckable(true);
        setAutoExclusive(true);
        setText(PostureWords::titleOf(finding));
        setAccessibleName(u"%1 %2, %3"_s.arg(finding.checkId, text(), PostureWords::verdictWord(finding.verdict))
                          + (isFresh ? u", "_s + PostureWords::freshWord() : QString()));
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        if (isChecked() || underMouse())
            drawBox(painter, QRectF(rect()).adjusted(0.5, 1.5, -0.5, -1.5), px(Metric::RadiusControl),
                    ink(isChecked() ? Ink::SelectFill : Ink::SelectHover), QColor());
        const Ink strong = isChecked() ? Ink::SelectText : Ink::TextPrimary;
        drawIcon(painter, {8, height() / 2.0 - 6}, PostureWords::verdictGlyph(m_finding.verdict), 12,
                 ink(PostureWords::verdictInk(m_finding.verdict)));
        drawText(painter, QRectF(28, 0, 30, height()), Face::Table, ink(isChecked() ? Ink::SelectText : Ink::TextMuted),
                 m_finding.checkId, Qt::AlignLeft, true);
        const QString word = m_fresh ? PostureWords::freshWord() : PostureWords::verdictWord(m_finding.verdict);
        const qreal wordWidth = textWidth(Face::Table, word);
        drawText(painter, QRectF(width() - 8 - wordWidth - 1, 0, wordWidth + 2, height()),
                 m_finding.verdict == Finding::Verdict::Fail ? Face::TableStrong : Face::Table,
                 ink(m_finding.verdict == Finding::Verdict::Fail && !isChecked() ? Ink::SeverityError
                         : isChecked()                                           ? Ink::SelectText
                                                                                 : Ink::TextSecondary),
                 word, Qt::AlignRight);
        drawText(painter, QRectF(58, 0, width() - 78 - wordWidth, height()),
                 m_finding.isProblem() ? Face::TableStrong : Face::Table, ink(strong), text());
        if (hasFocus()) {
            painter.setPen(QPen(ink(Ink::AccentFocus), 2));
            painter.setBrush(Qt::NoBrush);
            painter.drawRect(QRectF(rect()).adjusted(1, 1, -1, -1));
        }
    }

private:
    const Finding m_finding;
    const bool m_fresh;
};

void colour(QLabel *label, Ink text)
{
    QPalette palette = label->palette();
    palette.setColor(QPalette::WindowText, ink(text));
    label->setPalette(palette);
}

} // namespace

FindingView::FindingView(QWidget *parent)
    : QWidget(parent)
    , m_glyph(new RunLabel(this))
    , m_title(new QLabel(this))
    , m_pill(new RunLabel(this))
    , m_checks(new QWidget(this))
    , m_checkRows(new QVBoxLayout(m_checks))
    , m_area(new QScrollArea(this))
{
    setObjectName(u"findings"_s);
    auto *rows = new QVBoxLayout(this);
    rows->setContentsMargins(1, 0, 0, 0);
    rows->setSpacing(0);
    buildHead(rows);
    buildBody(rows);
    buildFooter(rows);
    connect(&Theme::instance(), &Theme::changed, this, &FindingView::refresh);
}

void FindingView::buildHead(QVBoxLayout *rows)
{
    auto *head = new QHBoxLayout;
    head->setContentsMargins(16, 12, 16, 8);
    head->setSpacing(8);
    m_title->setWordWrap(true);
    m_title->setTextFormat(Qt::PlainText);
    m_title->setFont(face(Face::Title));
    head->addWidget(m_glyph, 0, Qt::AlignTop);
    head->addWidget(m_title, 1);
    head->addWidget(m_pill, 0, Qt::AlignTop);
    rows->addLayout(head);
    m_checkRows->setContentsMargins(8, 0, 8, 8);
    m_checkRows->setSpacing(0);
}

QLabel *FindingView::addSection(const QString &title, bool evidence)
{
    auto *heading = new QLabel(title);
    heading->setFont(face(Face::CaptionStrong));
    heading->setProperty("quiet", true);
    m_sections->addWidget(heading);
    auto *text = new QLabel;
    text->setTextFormat(Qt::PlainText); // what a stranger's server said is no markup
    text->setWordWrap(true);
    text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    text->setFont(face(evidence ? Face::MonoTable : Face::Body));
    text->setAccessibleName(title);
    if (evidence) {
        text->setMargin(10);
        text->setAutoFillBackground(true);
        m_evidenceTitle = heading;
    }
    m_sections->addWidget(text);
    m_sections->addSpacing(12);
    return text;
}

void FindingView::buildBody(QVBoxLayout *rows)
{
    auto *body = new QWidget;
    m_sections = new QVBoxLayout(body);
    m_sections->setContentsMargins(16, 8, 16, 16);
    m_sections->setSpacing(6);
    auto *column = new QWidget;
    m_parts = new QBoxLayout(QBoxLayout::TopToBottom, column);
    m_parts->setContentsMargins(0, 0, 0, 0);
    m_parts->setSpacing(0);
    m_parts->addWidget(m_checks);
    m_parts->addWidget(body, 1);
    m_seen = addSection(tr("What was seen"));
    m_evidence = addSection(tr("Evidence"), true);
    m_offenders = new Button(Button::Kind::Outlined, QString());
    m_offenders->setIconName(u"connections"_s);
    m_offenders->setObjectName(u"offenders"_s);
    m_offenders->hide();
    m_sections->addWidget(m_offenders, 0, Qt::AlignLeft);
    connect(m_offenders, &QAbstractButton::clicked, this, &FindingView::offendersRequested);
    m_why = addSection(tr("Why it matters"));
    m_fix = addSection(tr("How to fix"));
    m_basis = addSection(tr("Basis"));
    m_sections->addStretch(1);
    m_area->setWidget(column);
    m_area->setWidgetResizable(true);
    m_area->setFrameShape(QFrame::NoFrame);
    m_area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_area->setFocusPolicy(Qt::NoFocus);
    m_area->viewport()->setAutoFillBackground(false);
    column->setAutoFillBackground(false);
    rows->addWidget(m_area, 1);
}

void FindingView::buildFooter(QVBoxLayout *rows)
{
    auto *footer = new QHBoxLayout;
    footer->setContentsMargins(16, 10, 16, 10);
    footer->setSpacing(8);
    m_again = new Button(Button::Kind::Primary, tr("Check again"));
    m_again->setIconName(u"refresh"_s);
    m_copy = new Button(Button::Kind::Outlined, tr("Copy fix"));
    m_copy->setIconName(u"copy"_s);
    footer->addWidget(m_again);
    footer->addWidget(m_copy);
    footer->addStretch(1);
    rows->addLayout(footer);
    connect(m_again, &QAbstractButton::clicked, this, &FindingView::runRequested);
    connect(m_copy, &QAbstractButton::clicked, this, [this] {
        QGuiApplication::clipboard()->setText(m_fix->text());
        Q_EMIT noticed(tr("Copied the fix."), true);
    });
}

const Finding *FindingView::current() const
{
    for (const Finding &finding : m_findings) {
        if (finding.checkId == m_current)
            return &finding;
    }
    return nullptr;
}

void FindingView::setFindings(const QList<Finding> &findings, const QList<Finding> &fresh)
{
    const bool isSame = m_findings == findings && m_fresh == fresh;
    m_findings = findings;
    m_fresh = fresh;
    if (!current())
        m_current = m_findings.isEmpty() ? QString() : PostureWords::worstFirst(m_findings).first().checkId;
    if (!isSame)
        rebuildChecks();
    refresh();
    Q_EMIT currentChanged(m_current);
}

void FindingView::rebuildChecks()
{
    while (QLayoutItem *item = m_checkRows->takeAt(0)) {
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    for (const Finding &finding : std::as_const(m_findings)) {
        auto *line = new CheckLine(finding, m_fresh.contains(finding), m_checks);
        line->setChecked(finding.checkId == m_current);
        m_checkRows->addWidget(line);
        connect(line, &QAbstractButton::clicked, this, [this, id = finding.checkId] { choose(id); });
    }
}

void FindingView::choose(const QString &checkId)
{
    m_current = checkId;
    m_area->ensureVisible(0, 0);
    refresh();
    Q_EMIT currentChanged(m_current);
}

void FindingView::setOffenders(qint64 count)
{
    m_offenders->setVisible(count > 0);
    if (count > 0)
        m_offenders->setText(tr("Show %n connection(s)", nullptr, int(count)));
    m_offenders->updateGeometry();
}

void FindingView::setUnder(bool under)
{
    m_parts->setDirection(under ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
    m_parts->setAlignment(m_checks, under ? Qt::AlignTop : Qt::Alignment());
    m_checks->setMinimumWidth(under ? checksWidth : 0);
    m_checks->setMaximumWidth(under ? checksWidth : QWIDGETSIZE_MAX);
}

void FindingView::setRunning(bool running)
{
    m_again->setEnabled(!running);
    m_again->setToolTip(running ? tr("A run goes on.") : QString());
}

void FindingView::refresh()
{
    const Finding *finding = current();
    const Watchword::Check *check = finding ? Watchword::Check::find(finding->checkId) : nullptr;
    m_area->setVisible(finding);
    m_copy->setEnabled(check && !check->fix.isEmpty());
    if (!finding) {
        m_glyph->setGlyph({}, Ink::TextMuted);
        m_title->setText(tr("No check looks at this practice"));
        colour(m_title, Ink::TextPrimary);
        m_pill->setRuns({});
        return;
    }
    m_glyph->setGlyph(PostureWords::verdictGlyph(finding->verdict), PostureWords::verdictInk(finding->verdict), 14);
    m_glyph->setRuns({TextRun{QStringLiteral(" "), Face::Title, Ink::TextPrimary}});
    m_title->setText(PostureWords::titleOf(*finding));
    m_pill->setRuns({TextRun{finding->checkId, Face::Caption, Ink::TextSecondary}, TextRun{},
                     TextRun{PostureWords::verdictWord(finding->verdict), Face::Caption, Ink::TextSecondary}});
    m_seen->setText(finding->summary);
    m_evidence->setText(finding->evidence.join(u'\n'));
    m_evidence->setVisible(!finding->evidence.isEmpty());
    m_evidenceTitle->setVisible(!finding->evidence.isEmpty());
    m_why->setText(check ? check->why : QString());
    m_fix->setText(check ? check->fix : QString());
    m_basis->setText(check ? check->basis.join(u", "_s) : QString());
    for (QLabel *label : {m_title, m_seen, m_evidence, m_why, m_fix, m_basis})
        colour(label, Ink::TextPrimary);
    for (QLabel *label : findChildren<QLabel *>()) {
        if (label->property("quiet").toBool())
            colour(label, Ink::TextSecondary);
    }
    QPalette ground = m_evidence->palette();
    ground.setColor(QPalette::Window, ink(Ink::SurfaceSunk));
    m_evidence->setPalette(ground);
    for (int at = 0; at < m_checkRows->count(); ++at) {
        auto *line = static_cast<QAbstractButton *>(m_checkRows->itemAt(at)->widget());
        line->setChecked(at < m_findings.size() && m_findings.at(at).checkId == m_current);
    }
}

void FindingView::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), ink(Ink::SurfacePanel));
    drawHairline(painter, {0, 0}, {0, qreal(height())}, ink(Ink::LineDivider));
    const qreal foot = m_again->mapTo(this, QPoint(0, 0)).y() - 10;
    drawHairline(painter, {0, foot}, {qreal(width()), foot}, ink(Ink::LineDivider));
}

} // namespace Monitor
