// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/posturepage.h"

#include "monitor/models/text.h"
#include "monitor/widgets/button.h"
#include "monitor/widgets/findingview.h"
#include "monitor/widgets/posturehead.h"
#include "monitor/widgets/practicelist.h"
#include "monitor/widgets/runlabel.h"
#include "monitor/widgets/tablepane.h"
#include "monitor/widgets/workspace.h"
#include "posturewords.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLocale>
#include <QMenu>
#include <QPainter>
#include <QSaveFile>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

struct ExportKind
{
    Watchword::ReportFormat format;
    QString words;
    QString suffix;
};

QList<ExportKind> exportKinds()
{
    using Watchword::ReportFormat;
    return {{ReportFormat::Html, PosturePage::tr("Page (HTML)"), u"html"_s},
            {ReportFormat::Markdown, PosturePage::tr("Markdown"), u"md"_s},
            {ReportFormat::Text, PosturePage::tr("Text"), u"txt"_s},
            {ReportFormat::Json, PosturePage::tr("JSON"), u"json"_s},
            {ReportFormat::Sarif, PosturePage::tr("SARIF, for code scanning"), u"sarif"_s},
            {ReportFormat::JUnit, PosturePage::tr("JUnit, for test results"), u"xml"_s}};
}

constexpr int underHeight = 264; // of the findings below the practices

QString dateText(const QDateTime &time)
{
    return QLocale().toString(time.toUTC(), QLocale::ShortFormat);
}

/*! The line that says why a run failed, over what earlier runs found. */
class FailureBar : public QWidget
{
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), ink(Ink::BannerFill));
        drawHairline(painter, {0, height() - 1.0}, {qreal(width()), height() - 1.0}, ink(Ink::BannerLine));
    }
};

} // namespace

PosturePage::PosturePage(Workspace &workspace, QWidget *parent)
    : Page(workspace, parent)
    , m_run(new Button(Button::Kind::Outlined, tr("Run all checks"), this))
    , m_compare(new Button(Button::Kind::Outlined, QString(), this))
    , m_export(new Button(Button::Kind::Outlined, tr("Report"), this))
    , m_last(new RunLabel(this))
    , m_failure(new RunLabel)
    , m_failureBar(new FailureBar(this))
    , m_stack(new QStackedWidget(this))
    , m_empty(new EmptyState)
    , m_head(new PostureHead)
    , m_practices(new PracticeList)
    , m_scroll(new QScrollArea)
    , m_findings(new FindingView)
    , m_split(new QBoxLayout(QBoxLayout::LeftToRight))
{
    buildToolbar();
    buildContent();
    connect(&m_examination, &Examination::checked, this, &PosturePage::takeFinding);
    connect(&m_examination, &Examination::finished, this, &PosturePage::finishRun);
    connect(&m_examination, &Examination::failed, this, &PosturePage::failRun);
    connect(m_practices, &PracticeList::currentChanged, this, &PosturePage::showPractice);
    connect(m_findings, &FindingView::currentChanged, this, &PosturePage::showOffenders);
    connect(m_findings, &FindingView::runRequested, this, &PosturePage::run);
    connect(m_findings, &FindingView::noticed, this, &Page::noticed);
    connect(m_findings, &FindingView::offendersRequested, this,
            [this] { Q_EMIT connectionsRequested(PostureWords::offendersFilter(m_findings->currentCheck())); });
    connect(m_empty, &EmptyState::actionRequested, this, &PosturePage::run);
    connect(&workspace, &Workspace::statusChanged, this, &PosturePage::openHistory);
    openHistory();
    refreshTexts();
}

PosturePage::~PosturePage() = default;

void PosturePage::buildToolbar()
{
    m_run->setIconName(u"play"_s);
    m_run->setObjectName(u"runChecks"_s);
    m_compare->setCaption(tr("Compare with"));
    m_compare->setCaret(true);
    m_export->setIconName(u"export"_s);
    m_export->setCaret(true);
    m_last->setObjectName(u"lastRun"_s);
    toolbar()->addWidget(m_run);
    toolbar()->addWidget(m_last, 1);
    toolbar()->addWidget(m_compare);
    toolbar()->addWidget(m_export);
    connect(m_run, &QAbstractButton::clicked, this, [this] { isRunning() ? stop() : run(); });
    connect(m_compare, &QAbstractButton::clicked, this, &PosturePage::showCompareMenu);
    connect(m_export, &QAbstractButton::clicked, this, &PosturePage::showExportMenu);
    m_failureBar->setFixedHeight(px(Metric::LayoutBanner));
    auto *line = new QHBoxLayout(m_failureBar);
    line->setContentsMargins(12, 0, 12, 0);
    line->addWidget(m_failure);
    m_failure->setObjectName(u"postureFailure"_s);
    m_failureBar->hide();
    strips()->addWidget(m_failureBar);
}

void PosturePage::buildContent()
{
    auto *examined = new QWidget;
    examined->setLayout(m_split);
    m_split->setContentsMargins(0, 0, 0, 0);
    m_split->setSpacing(0);
    auto *left = new QWidget;
    auto *rows = new QVBoxLayout(left);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    rows->addWidget(m_head);
    m_scroll->setWidget(m_practices);
    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setFocusPolicy(Qt::NoFocus);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    rows->addWidget(m_scroll, 1);
    m_split->addWidget(left, 1);
    m_split->addWidget(m_findings);
    m_findings->setFixedWidth(px(Metric::LayoutDetailWide));
    m_stack->addWidget(m_empty);
    m_stack->addWidget(examined);
    setContentWidget(m_stack);
    connect(m_practices, &PracticeList::currentChanged, m_scroll, [this](Watchword::Practice practice) {
        m_scroll->ensureVisible(0, m_practices->rowRect(practice).center().y(), 0, 40);
    });
}

QString PosturePage::title() const
{
    return tr("Posture");
}

QWidget *PosturePage::view() const
{
    return m_stack->currentIndex() == 0 ? static_cast<QWidget *>(m_run) : m_practices;
}

bool PosturePage::hasData() const
{
    return !m_history.runs().isEmpty() || !workspace().actions().doctorOptions;
}

void PosturePage::setNarrow(bool narrow)
{
    m_split->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    m_findings->setUnder(narrow);
    m_findings->setMinimumSize(0, 0);
    m_findings->setMaximumSize(QWIDGETSIZE_MAX, QWIDGETSIZE_MAX);
    if (narrow)
        m_findings->setFixedHeight(underHeight);
    else
        m_findings->setFixedWidth(px(Metric::LayoutDetailWide));
    m_export->setTextShown(!narrow);
    Page::setNarrow(narrow);
}

void PosturePage::setFolder(const QString &folder)
{
    m_history = PostureHistory(folder);
    m_endpoint.clear();
    openHistory();
}

void PosturePage::openHistory()
{
    const auto &options = workspace().actions().doctorOptions;
    const QUrl endpoint = options ? options().endpoint : QUrl();
    if (endpoint == m_endpoint)
        return;
    m_examination.stop();
    m_endpoint = endpoint;
    m_compared = -1;
    m_problem.clear();
    if (m_endpoint.isEmpty())
        m_history.close();
    else
        m_history.open(m_endpoint, !workspace().isDemo());
    showReports();
    Q_EMIT gradeChanged();
}

void PosturePage::run()
{
    const auto &options = workspace().actions().doctorOptions;
    if (!options) {
        Q_EMIT noticed(tr("There is no gateway to examine. Connect to one first."), false);
        return;
    }
    if (isRunning())
        return;
    openHistory();
    m_problem.clear();
    m_partial = {};
    m_partial.endpoint = m_endpoint;
    m_examination.start(options());
    m_head->setProgress(tr("Asking the endpoint…"), 0, int(Watchword::Check::all().size()));
    showReports();
}

void PosturePage::stop()
{
    m_examination.stop();
}

void PosturePage::takeFinding(const Watchword::Finding &finding, int done, int total)
{
    m_partial.findings.append(finding);
    m_head->setProgress(tr("Last: %1").arg(PostureWords::titleOf(finding)), done, total);
    showReports();
}

void PosturePage::finishRun(const Watchword::Report &report)
{
    m_head->setProgress({}, 0, 0);
    if (!m_history.add(report))
        Q_EMIT noticed(tr("The run could not be kept in %1.").arg(m_history.folder()), false);
    showReports();
    Q_EMIT gradeChanged();
}

void PosturePage::failRun(const QString &reason)
{
    m_head->setProgress({}, 0, 0);
    m_problem = reason;
    showReports();
}

std::optional<Watchword::Report> PosturePage::baseline() const
{
    const QList<Watchword::Report> &runs = m_history.runs();
    if (isRunning())
        return runs.isEmpty() ? std::nullopt : std::optional(runs.last());
    if (m_compared >= 0 && m_compared + 1 < runs.size())
        return runs.at(m_compared);
    return runs.size() < 2 ? std::nullopt : std::optional(runs.at(runs.size() - 2));
}

void PosturePage::showReports()
{
    QList<Watchword::Report> runs = m_history.runs();
    if (isRunning())
        runs.append(m_partial);
    m_head->setReports(runs);
    m_practices->setReports(runs, baseline());
    m_findings->setRunning(isRunning());
    showPractice();
    refreshTexts();
    Q_EMIT statusRunsChanged();
}

void PosturePage::showPractice()
{
    const QList<Watchword::Report> &runs = m_history.runs();
    const Watchword::Report report = isRunning() ? m_partial : runs.isEmpty() ? Watchword::Report() : runs.last();
    const auto compared = baseline();
    m_findings->setFindings(PostureWords::findingsOf(report, m_practices->current()),
                            compared && !isRunning() ? report.newSince(*compared) : QList<Watchword::Finding>());
    Q_EMIT statusRunsChanged();
}

void PosturePage::showOffenders(const QString &checkId)
{
    const QString filter = PostureWords::offendersFilter(checkId);
    const QList<Watchword::Report> &runs = m_history.runs();
    const bool isProblem = !runs.isEmpty()
        && std::any_of(runs.last().findings.begin(), runs.last().findings.end(),
                       [&](const auto &finding) { return finding.checkId == checkId && finding.isProblem(); });
    m_offenders.reset();
    if (!filter.isEmpty() && isProblem) {
        m_offenders = std::make_unique<ConnectionsModel>(workspace().connections(), [this] { return workspace().now(); });
        m_offenders->setWindow(0, 1);
        m_offenders->setQuery(filter);
    }
    refresh();
}

void PosturePage::refresh()
{
    if (m_offenders)
        m_offenders->tick();
    m_findings->setOffenders(m_offenders ? m_offenders->queryState().matched : -1);
    refreshTexts();
}

void PosturePage::refreshTexts()
{
    const QList<Watchword::Report> &runs = m_history.runs();
    const bool canRun = bool(workspace().actions().doctorOptions);
    m_run->setText(isRunning() ? tr("Stop") : tr("Run all checks"));
    m_run->setIconName(isRunning() ? u"cross"_s : u"play"_s);
    m_run->setEnabled(canRun || isRunning());
    m_run->setToolTip(canRun ? QString() : tr("There is no gateway to examine."));
    m_run->updateGeometry();
    QList<TextRun> last;
    if (!runs.isEmpty() && !isRunning()) {
        last << TextRun{
            tr("Last run %1 UTC, %n request(s) in %2 s", nullptr, runs.last().requests)
                .arg(dateText(runs.last().startedAt), QLocale().toString(double(runs.last().took.count()) / 1000, 'f', 1)),
            Face::Table, Ink::TextSecondary};
    }
    m_last->setRuns(last);
    const auto compared = baseline();
    m_compare->setVisible(runs.size() > 1);
    m_compare->setText(compared ? dateText(compared->startedAt) : QString());
    m_compare->setAccessibleName(tr("Compare with %1").arg(m_compare->text()));
    m_export->setEnabled(!runs.isEmpty() && !isRunning());
    m_failureBar->setVisible(!m_problem.isEmpty());
    m_failure->setGlyph(u"sev-error"_s, Ink::SeverityError, 12);
    m_failure->setRuns({TextRun{tr("The run failed."), Face::BodyStrong, Ink::BannerText},
                        TextRun{u" "_s + m_problem, Face::Body, Ink::BannerText}});
    m_failure->setToolTip(plainToolTip(m_problem));
    const bool isShown = isRunning() || !runs.isEmpty();
    m_stack->setCurrentIndex(isShown ? 1 : 0);
    if (isShown)
        return;
    if (canRun) {
        m_empty->setWords(
            u"posture"_s, tr("Not examined yet"),
            tr("About 40 requests in 20 seconds show how %1 does in each of the ten practices. Nothing that could hurt "
               "is sent, and no token.")
                .arg(m_endpoint.host()));
        m_empty->setAction(u"play"_s, tr("Run all checks"));
    } else {
        m_empty->setWords(u"posture"_s, tr("There is no gateway to examine"),
                          tr("Connect to one. Its WebSocket endpoint is then examined from here, as a stranger would see it."));
        m_empty->setAction({}, {});
    }
}

QString PosturePage::grade() const
{
    return m_history.runs().isEmpty() ? QString() : m_history.runs().last().grade();
}

QList<TextRun> PosturePage::statusRuns() const
{
    const auto plain = [](const QString &text) { return TextRun{text, Face::Caption, Ink::TextSecondary}; };
    if (m_stack->currentIndex() == 0)
        return {plain(tr("safe checks only, without a token"))};
    QList<TextRun> runs{plain(m_practices->sentenceOf(m_practices->current())), TextRun{},
                        plain(tr("safe checks only, without a token"))};
    if (m_history.unreadable() > 0)
        runs << TextRun{} << plain(tr("%n kept run(s) could not be read", nullptr, m_history.unreadable()));
    return runs;
}

void PosturePage::compareWith(qsizetype run)
{
    m_compared = run;
    showReports();
}

void PosturePage::showCompareMenu()
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const QList<Watchword::Report> &runs = m_history.runs();
    const auto compared = baseline();
    for (qsizetype run = runs.size() - 2; run >= 0 && runs.size() - run <= 15; --run) {
        QAction *action = menu->addAction(
            tr("%1, grade %2").arg(dateText(runs.at(run).startedAt), PostureWords::gradeShown(runs.at(run).grade())));
        action->setCheckable(true);
        action->setChecked(compared && compared->startedAt == runs.at(run).startedAt);
        connect(action, &QAction::triggered, this, [this, run] { compareWith(run); });
    }
    menu->popup(m_compare->mapToGlobal(QPoint(0, m_compare->height() + 4)));
}

void PosturePage::showExportMenu()
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (const ExportKind &kind : exportKinds()) {
        connect(menu->addAction(kind.words), &QAction::triggered, this, [this, kind] {
            const QString path = QFileDialog::getSaveFileName(this, tr("Save the report"), u"posture."_s + kind.suffix);
            if (!path.isEmpty())
                exportTo(path, kind.format);
        });
    }
    menu->popup(m_export->mapToGlobal(QPoint(0, m_export->height() + 4)));
}

bool PosturePage::exportTo(const QString &path, Watchword::ReportFormat format)
{
    if (m_history.runs().isEmpty())
        return false;
    Watchword::ReportStyle style;
    style.width = 100;
    style.baseline = baseline();
    QSaveFile file(path);
    const bool isWritten = file.open(QIODevice::WriteOnly)
        && file.write(Watchword::writeReport(m_history.runs().last(), format, style)) >= 0 && file.commit();
    Q_EMIT noticed(isWritten ? tr("The report is in %1.").arg(path)
                             : tr("%1 cannot be written: %2. Choose another place.").arg(path, file.errorString()),
                   isWritten);
    return isWritten;
}

void PosturePage::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape && isRunning())
        return stop();
    Page::keyPressEvent(event);
}

} // namespace Monitor
