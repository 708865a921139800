// SPDX-License-Identifier: Apache-2.0
#include "monitor/widgets/workspace.h"

#include "monitor/models/logfile.h"

#include <QDateTime>
#include <QPointer>
#include <QTimer>

namespace Monitor {
using namespace Qt::StringLiterals;

namespace {

constexpr int frameMs = 33;
// A worker's filter result arrives without a signal, so the models are asked for a while after each change.
constexpr int framesAfterChange = 4;

bool isRunning(const QueryState &state)
{
    return state.status == QueryState::Status::Running;
}

} // namespace

class Workspace::Private
{
public:
    explicit Private(Workspace *q)
        : ownStatus(q)
        , clock([] { return QDateTime::currentMSecsSinceEpoch(); })
        , auditModel(auditTable, [this] { return auditNow(); })
        , connectionsModel(connectionTable, [this] { return clock(); })
        , lanesModel(tokenTable)
        , alerts(auditTable, [this] { return auditNow(); })
    {
    }

    //! A file is looked at from its end; only what lives has a now.
    qint64 auditNow() const
    {
        const LinkStatus &link = status ? *status : ownStatus;
        const bool isFile = link.state() == LinkStatus::State::File && auditTable.lastTime() != 0;
        return isFile ? auditTable.lastTime() : clock();
    }

    LinkStatus ownStatus;
    QPointer<LinkStatus> status;
    QPointer<LogFile> logFile;
    QMetaObject::Connection statusConnection;
    std::function<qint64()> clock;
    AuditTable auditTable;
    ConnectionTable connectionTable;
    TokenTable tokenTable;
    AuditModel auditModel;
    ConnectionsModel connectionsModel;
    TokenLanesModel lanesModel;
    AlertEngine alerts;
    FilterBook filters;
    Actions actions;
    QString operatorName;
    bool demo = false;
    bool active = true;
    int framesLeft = 0;
    QTimer frame;
    QTimer second;
};

Workspace::Workspace(QObject *parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this))
{
    d->frame.setInterval(frameMs);
    d->second.setInterval(1000);
    connect(&d->frame, &QTimer::timeout, this, &Workspace::tickNow);
    connect(&d->second, &QTimer::timeout, this, [this] {
        if (!d->active)
            return d->alerts.tick();
        status().setNow(now());
        tickNow();
        Q_EMIT secondPassed();
    });
    connect(&d->auditModel, &RowWindowModel::queryStateChanged, this, &Workspace::noteChange);
    connect(&d->connectionsModel, &RowWindowModel::queryStateChanged, this, &Workspace::noteChange);
    connect(&d->lanesModel, &TokenLanesModel::queryStateChanged, this, &Workspace::noteChange);
    connect(&d->filters, &FilterBook::changed, this, [this] {
        d->auditModel.setSavedFilters(d->filters.saved(u"audit"_s));
        d->connectionsModel.setSavedFilters(d->filters.saved(u"connections"_s));
        d->lanesModel.setSavedFilters(d->filters.saved(u"tokens"_s));
        d->alerts.setSavedFilters(d->filters.saved(u"audit"_s));
    });
    setStatus(nullptr);
    d->second.start();
}

Workspace::~Workspace() = default;

AuditTable &Workspace::audit()
{
    return d->auditTable;
}

ConnectionTable &Workspace::connections()
{
    return d->connectionTable;
}

TokenTable &Workspace::tokens()
{
    return d->tokenTable;
}

AuditModel &Workspace::auditModel()
{
    return d->auditModel;
}

ConnectionsModel &Workspace::connectionsModel()
{
    return d->connectionsModel;
}

TokenLanesModel &Workspace::lanesModel()
{
    return d->lanesModel;
}

FilterBook &Workspace::filters()
{
    return d->filters;
}

AlertEngine &Workspace::alerts()
{
    return d->alerts;
}

LinkStatus &Workspace::status()
{
    return d->status ? *d->status : d->ownStatus;
}

void Workspace::setStatus(LinkStatus *status)
{
    disconnect(d->statusConnection);
    d->status = status;
    d->statusConnection = connect(&this->status(), &LinkStatus::changed, this, [this] {
        const LinkStatus::State state = this->status().state();
        // Of a gateway that says nothing nothing is known: no age counts on.
        d->connectionsModel.setStale(state == LinkStatus::State::Reconnecting || state == LinkStatus::State::Lost
                                     || this->status().isSilent());
        Q_EMIT statusChanged();
    });
    Q_EMIT statusChanged();
}

qint64 Workspace::now() const
{
    return d->clock();
}

void Workspace::setClock(std::function<qint64()> now)
{
    d->clock = std::move(now);
}

LogFile *Workspace::logFile() const
{
    return d->logFile;
}

void Workspace::setLogFile(LogFile *file)
{
    if (d->logFile)
        d->logFile->disconnect(this);
    d->logFile = file;
    if (file) {
        connect(file, &LogFile::rowsChanged, this, &Workspace::noteChange);
        connect(file, &LogFile::changed, this, &Workspace::statusChanged);
    }
    Q_EMIT statusChanged();
}

void Workspace::setActions(Actions actions)
{
    d->actions = std::move(actions);
    Q_EMIT statusChanged();
}

const Actions &Workspace::actions() const
{
    return d->actions;
}

QString Workspace::actionsBlocked() const
{
    if (!d->actions.disconnect)
        return tr("no gateway");
    return d->actions.blocked ? d->actions.blocked() : QString();
}

QString Workspace::operatorName() const
{
    return d->operatorName;
}

void Workspace::setOperatorName(const QString &name)
{
    if (d->operatorName == name)
        return;
    d->operatorName = name;
    Q_EMIT identityChanged();
}

bool Workspace::isDemo() const
{
    return d->demo;
}

void Workspace::setDemo(bool demo)
{
    d->demo = demo;
    Q_EMIT identityChanged();
}

void Workspace::noteChange()
{
    d->framesLeft = framesAfterChange;
    arm();
}

void Workspace::arm()
{
    if (d->active && d->framesLeft > 0 && !d->frame.isActive())
        d->frame.start();
}

void Workspace::tickNow()
{
    d->connectionsModel.tick();
    d->auditModel.tick();
    d->lanesModel.tick(now());
    d->alerts.tick();
    const bool running = isRunning(d->connectionsModel.queryState()) || isRunning(d->auditModel.queryState());
    if (!running && d->framesLeft > 0)
        --d->framesLeft;
    if (d->framesLeft == 0)
        d->frame.stop();
    Q_EMIT ticked();
}

void Workspace::setConnectionsPaused(bool paused)
{
    d->connectionsModel.setPaused(paused);
    noteChange();
}

bool Workspace::connectionsPaused() const
{
    return d->connectionsModel.isPaused();
}

void Workspace::setActive(bool active)
{
    if (d->active == active)
        return;
    d->active = active;
    if (active)
        noteChange();
    else
        d->frame.stop();
}

} // namespace Monitor
