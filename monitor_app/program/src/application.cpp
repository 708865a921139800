// SPDX-License-Identifier: Apache-2.0
#include "monitor/program/application.h"

#include "monitor/models/logfile.h"
#include "monitor/models/text.h"
#include "monitor/program/demologin.h"
#include "monitor/program/demoprocess.h"
#include "monitor/program/eventstream.h"
#include "monitor/program/livesource.h"
#include "monitor/program/screenshot.h"
#include "monitor/program/terminationsignal.h"
#include "monitor/widgets/mainwindow.h"
#include "monitor/widgets/style.h"
#include "monitor/widgets/workspace.h"

#include "watchword/keychain/keychainkeystore.h"
#include "watchword/link/networkhints.h"

#include <QApplication>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QMetaEnum>
#include <QPointer>
#include <QSettings>
#include <QTimer>

#include <cstdio>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

const QString applicationId = u"watchword-monitor"_s;

Watchword::SessionOptions sessionOptions(const ServerSettings &server)
{
    Watchword::SessionOptions options;
    options.issuer = server.issuer;
    options.clientId = server.clientId;
    options.scopes = {u"openid"_s, u"offline_access"_s, u"gw:read"_s, u"gw:audit"_s, u"gw:kick"_s};
    options.applicationId = applicationId;
    options.tokenBinding = Watchword::TokenBinding::WhenOffered; // the gateway takes both
    options.networkHints = Watchword::systemNetworkHints(options.issuer);
    options.account = server.server.host() + u"-"_s + QString::number(server.server.port(443));
    return options;
}

QList<QSslCertificate> authorities(const QString &file)
{
    return file.isEmpty() ? QList<QSslCertificate>() : QSslCertificate::fromPath(file, QSsl::Pem);
}

ServerSettings storedServer()
{
    QSettings settings;
    settings.beginGroup(u"server"_s);
    return {settings.value(u"url"_s).toUrl(), settings.value(u"issuer"_s).toUrl(), settings.value(u"client"_s).toString(),
            settings.value(u"ca"_s).toString()};
}

void storeServer(const ServerSettings &server)
{
    QSettings settings;
    settings.beginGroup(u"server"_s);
    settings.setValue(u"url"_s, server.server);
    settings.setValue(u"issuer"_s, server.issuer);
    settings.setValue(u"client"_s, server.clientId);
    settings.setValue(u"ca"_s, server.authorityFile);
}

} // namespace

class Application::Private
{
public:
    explicit Private(Options wanted)
        : options(std::move(wanted))
        , window(workspace)
    {
    }

    Options options;
    ServerSettings server; // that is connected to
    Watchword::SignInRoute route = options.route;
    bool withoutStoring = false;
    Workspace workspace;
    MainWindow window;
    // In the order in which they must go: the file and the source write into the workspace.
    std::unique_ptr<DemoProcess> demo;
    std::unique_ptr<DemoLogin> login;
    std::unique_ptr<LiveSource> source;
    std::unique_ptr<EventStream> stream;
    std::unique_ptr<LogFile> file;
    std::unique_ptr<Screenshot> screenshot;
    TerminationSignal termination;
    QList<QPointer<QObject>> leaving;
};

Application::Application(Options options)
    : d((QApplication::setStyle(new MonitorStyle), std::make_unique<Private>(std::move(options))))
{
    new FocusRing(this);
    applyLook();
    connectWindow();
}

Application::~Application()
{
    for (const QPointer<QObject> &gone : std::as_const(d->leaving))
        delete gone;
    d->screenshot.reset();
    d->file.reset();
    d->stream.reset();
    d->source.reset();
    d->login.reset();
    d->demo.reset();
}

void Application::applyLook()
{
    Theme::Choice choice = Theme::Choice::System;
    const QByteArray stored = QSettings().value(u"appearance/theme"_s).toString().toLatin1();
    bool known = false;
    const int value = QMetaEnum::fromType<Theme::Choice>().keyToValue(stored.constData(), &known);
    if (known)
        choice = Theme::Choice(value);
    Theme::instance().setChoice(d->options.theme.value_or(choice));
}

void Application::connectWindow()
{
    // A picture shows the program as it comes, and leaves no trace in the settings.
    if (d->options.screenshot.isEmpty())
        d->window.keepState();
    connect(&d->termination, &TerminationSignal::received, &d->window, [this] {
        d->window.saveState();
        QApplication::quit();
    });
    ConnectPage *page = d->window.connectPage();
    page->setSettings(d->options.server.server.isEmpty() ? storedServer() : d->options.server);
    page->setDemoAvailable(!DemoProcess::findProgram(u"watchword-gateway"_s).isEmpty());
    connect(page, &ConnectPage::connectRequested, this, [this](const ServerSettings &server) {
        storeServer(server);
        d->route = d->options.route;
        d->withoutStoring = false;
        connectTo(server);
    });
    connect(&d->window, &MainWindow::signInChosen, this, &Application::choose);
    connect(page, &ConnectPage::demoRequested, this, &Application::openDemo);
    connect(&d->window, &MainWindow::serverRequested, this, [this] { leave(); });
    connect(&d->window, &MainWindow::openFileRequested, this, [this] {
        const QString path =
            QFileDialog::getOpenFileName(&d->window, tr("Open an audit file"), QString(),
                                         tr("JSON lines (*.jsonl *.ndjson *.json *.log *.gz *.zst);;All files (*)"));
        if (!path.isEmpty())
            openFile(path);
    });
}

void Application::start()
{
    if (d->options.size.isValid())
        d->window.resize(d->options.size);
    if (d->options.page)
        d->window.showPage(*d->options.page);
    d->window.show();
    if (d->options.demo) {
        openDemo();
    } else if (!d->options.demoInfo.isEmpty()) {
        QFile file(d->options.demoInfo);
        const auto info = file.open(QIODevice::ReadOnly)
            ? DemoInfo::fromJson(file.readAll())
            : Watchword::Result<DemoInfo>(Watchword::Error(Watchword::ErrorCode::FileUnreadable, file.errorString()));
        if (info)
            watchDemo(*info);
        else
            leave(info.error().detail());
    } else if (!d->options.server.server.isEmpty()) {
        connectTo(d->options.server);
    } else if (!d->options.openFile.isEmpty()) {
        openFile(d->options.openFile);
    }
    if (!d->options.screenshot.isEmpty())
        startScreenshot();
}

void Application::leave(const QString &problem)
{
    if (!d->options.screenshot.isEmpty() && !problem.isEmpty()) {
        std::fprintf(stderr, "watchword-monitor: %s\n", qPrintable(problem));
        QTimer::singleShot(0, qApp, [] { QApplication::exit(1); });
    }
    // The caller may be a signal of what is let go here. It writes into the workspace, and must not outlive it.
    for (QObject *gone : std::initializer_list<QObject *>{d->file.release(), d->stream.release(), d->source.release(),
                                                          d->login.release(), d->demo.release()}) {
        if (!gone)
            continue;
        d->leaving.append(gone);
        gone->deleteLater();
    }
    d->workspace.setLogFile(nullptr);
    d->workspace.setActions({});
    d->workspace.setStatus(nullptr);
    d->workspace.status().setFacts({});
    d->workspace.connections().clear();
    d->workspace.tokens().clear();
    d->workspace.audit().clear();
    d->workspace.noteChange();
    d->workspace.setDemo(false);
    d->workspace.setOperatorName({});
    d->window.setWatching(false);
    d->window.connectPage()->showForm(problem);
}

void Application::openDemo()
{
    d->window.connectPage()->showWaiting(
        tr("Starting a gateway with its own certificate authority and 200 clients on this machine…"));
    d->demo = std::make_unique<DemoProcess>();
    connect(d->demo.get(), &DemoProcess::ready, this, &Application::watchDemo);
    connect(d->demo.get(), &DemoProcess::failed, this, [this](const QString &reason) { leave(reason); });
    d->demo->start();
}

void Application::watchDemo(const DemoInfo &info)
{
    const QList<QSslCertificate> trusted = authorities(info.caFile);
    d->login = std::make_unique<DemoLogin>(trusted, info.operatorName, info.operatorPassword);
    connect(d->login.get(), &DemoLogin::failed, this, [this](const QString &reason) { leave(reason); });
    Watchword::SessionOptions session = sessionOptions({info.gateway, info.issuer, info.clientId, info.caFile});
    session.resource = QUrl(info.audience);
    session.storage = Watchword::StoragePolicy::MemoryOnly;
    session.additionalCertificateAuthorities = trusted;
    session.openBrowser = [login = QPointer<DemoLogin>(d->login.get())](const QUrl &url) {
        if (login)
            login->open(url);
        return true;
    };
    Watchword::WatchOptions watching;
    watching.gateway = info.gateway;
    watching.watchPath = info.watchPath;
    watching.auditPath = info.auditPath;
    watching.additionalCertificateAuthorities = trusted;
    watching.auditAfter = u"0"_s;
    watching.mirror = false;
    d->workspace.setDemo(true);
    watch(std::move(session), std::move(watching));
}

void Application::choose(SignInPanel::Choice choice)
{
    using Choice = SignInPanel::Choice;
    if (!d->source)
        return leave(); // the demo starts
    switch (choice) {
    case Choice::Cancel:
        if (!d->window.isWatching())
            return leave();
        d->source->session().cancelSignIn();
        d->window.endSignIn();
        return;
    case Choice::OtherDevice:
        d->route = Watchword::SignInRoute::Device;
        return connectTo(d->server);
    case Choice::WithoutStoring:
        d->withoutStoring = true;
        return connectTo(d->server);
    case Choice::RetryKeychain:
        return d->source->session().retryKeychain();
    case Choice::AcceptOther:
        return d->source->session().acceptOtherUser();
    }
}

void Application::connectTo(const ServerSettings &server)
{
    d->server = server;
    Watchword::SessionOptions session = sessionOptions(server);
    session.route = d->route;
    session.resource = d->options.resource;
    session.additionalCertificateAuthorities = authorities(server.authorityFile);
    if (d->withoutStoring)
        session.storage = Watchword::StoragePolicy::MemoryOnly;
    else
        session.keyStore = std::make_shared<Watchword::KeychainKeyStore>(applicationId);
    Watchword::WatchOptions watching;
    watching.gateway = server.server;
    watching.additionalCertificateAuthorities = session.additionalCertificateAuthorities;
    watching.mirror = false;
    watch(std::move(session), std::move(watching));
}

void Application::watch(Watchword::SessionOptions session, Watchword::WatchOptions watching)
{
    d->source.reset(); // Before the next one takes the workspace over.
    d->workspace.connections().clear();
    d->workspace.tokens().clear();
    d->workspace.audit().clear();
    d->source = std::make_unique<LiveSource>(d->workspace, std::move(session), std::move(watching));
    connect(d->source.get(), &LiveSource::stepChanged, this, [this](const SignInStep &step) {
        if (!d->workspace.isDemo()) // which signs itself in
            d->window.showSignIn(step);
    });
    connect(d->source.get(), &LiveSource::started, this, [this] {
        if (!d->window.isWatching())
            d->window.setWatching(true);
        d->window.endSignIn();
    });
    connect(d->source.get(), &LiveSource::signedOut, this, [this] { leave(); });
    connect(d->source.get(), &LiveSource::resynced, this, [this](int added, int removed, qint64 awayMs) {
        d->window.notify(
            tr("Live again after %1: +%2 −%3 connections.").arg(Text::duration(awayMs), Text::count(added), Text::count(removed)),
            true);
    });
    connect(d->source.get(), &LiveSource::cancelled, this, [this] { d->window.endSignIn(); });
    connect(d->source.get(), &LiveSource::failed, this, [this](const QString &reason) {
        d->window.endSignIn();
        if (d->window.isWatching())
            d->window.notify(reason, false);
        else
            leave(reason);
    });
    d->source->start();
}

bool Application::readMapping()
{
    QList<LogMapping> mappings = LogMapping::own();
    if (!d->options.mapping.isEmpty()) {
        const LogMapping::Parsed parsed = LogMapping::fromFile(d->options.mapping);
        if (!parsed.mapping) {
            leave(tr("The mapping table cannot be used: %1").arg(parsed.error));
            return false;
        }
        mappings.prepend(*parsed.mapping);
    }
    d->workspace.audit().setMappings(mappings);
    return true;
}

// Two of them must not fill one table.
void Application::forgetSources()
{
    for (const QPointer<QObject> &gone : std::as_const(d->leaving))
        delete gone;
    d->leaving.clear();
}

void Application::openStream(const QUrl &url)
{
    leave();
    forgetSources();
    if (!readMapping())
        return;
    d->stream = std::make_unique<EventStream>(d->workspace, url, authorities(d->options.server.authorityFile));
    d->window.setWatching(true);
    d->window.showPage(d->options.page.value_or(PageId::Audit));
    d->stream->start();
}

void Application::openFile(const QString &path)
{
    if (path.startsWith("wss://"_L1) || path.startsWith("ws://"_L1))
        return openStream(QUrl(path));
    leave();
    forgetSources();
    if (!readMapping())
        return;
    d->file = std::make_unique<LogFile>(path, d->workspace.audit());
    showFile();
    connect(d->file.get(), &LogFile::changed, this, &Application::showFile);
    connect(d->file.get(), &LogFile::noticed, &d->window, &MainWindow::notify);
    connect(d->file.get(), &LogFile::finished, this, [this](bool complete) {
        if (!d->file)
            return;
        if (!complete && d->workspace.audit().rows() == 0)
            leave(d->file->errorText());
        else if (!complete)
            d->window.notify(d->file->errorText(), false);
    });
    d->workspace.setLogFile(d->file.get());
    d->window.setWatching(true);
    d->window.showPage(d->options.page.value_or(PageId::Audit));
    d->file->start();
}

void Application::showFile()
{
    if (!d->file)
        return; // it is being left
    const AuditTable &audit = d->workspace.audit();
    const ChainFindings found = d->file->findings();
    LinkStatus::Facts facts;
    facts.state = LinkStatus::State::File;
    facts.serverName = d->file->title();
    facts.gapCount = audit.gapCount();
    facts.missedEvents = qint64(audit.missedEvents());
    facts.badLines = qint64(audit.badLineCount());
    if (!d->file->isFinished()) {
        facts.loaded = qint64(d->file->progress() * 100);
        facts.expected = 100;
    }
    if (const ChainFindings::Finding *broken = found.firstBreak())
        facts.brokenAt = broken->from;
    if (!found.stretches.isEmpty()) {
        facts.verifiedTo = found.stretches.last().to;
        facts.completeFrom = found.stretches.last().from;
    }
    d->workspace.status().setFacts(facts);
}

void Application::startScreenshot()
{
    // A demo needs some time until its fleet has come, talked and misbehaved.
    const auto settle = d->options.demo ? std::chrono::seconds(20) : std::chrono::seconds(2);
    d->screenshot = std::make_unique<Screenshot>(d->window, d->options.screenshot, settle);
    connect(d->screenshot.get(), &Screenshot::finished, qApp, [](bool ok) { QApplication::exit(ok ? 0 : 1); });
    d->screenshot->start();
}

} // namespace Monitor
