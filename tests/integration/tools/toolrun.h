// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/await.h"

#include <QFile>
#include <QProcess>
#include <QProcessEnvironment>
#include <QTemporaryDir>

#include <functional>
#include <memory>

/*! Runs of the program "watchword" in a home of their own, with every log category on. */
class ToolHome
{
public:
    struct Run
    {
        int code = -1;
        QByteArray out;
        QByteArray err;
    };

    QString path() const { return m_home.path(); }
    QString filePath(const QString &name) const { return m_home.filePath(name); }
    void setVariable(const QString &name, const QString &value) { m_variables.insert(name, value); } //!< Of later runs.
    void clearVariables() { m_variables.clear(); }
    QByteArray seen() const { return m_seen; } //!< Everything that any run printed, was called with, or had in its environment.

    std::unique_ptr<QProcess> make(const QString &program, const QStringList &arguments) const
    {
        auto process = std::make_unique<QProcess>();
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("HOME"), m_home.path());
        environment.insert(QStringLiteral("XDG_CONFIG_HOME"), m_home.filePath(QStringLiteral("config")));
        environment.insert(QStringLiteral("XDG_DATA_HOME"), m_home.filePath(QStringLiteral("data")));
        environment.insert(QStringLiteral("QT_LOGGING_RULES"), QStringLiteral("*.debug=true\nqt.*=false"));
        for (auto one = m_variables.cbegin(); one != m_variables.cend(); ++one)
            environment.insert(one.key(), one.value());
        process->setProcessEnvironment(environment);
        process->setProgram(program);
        process->setArguments(arguments);
        return process;
    }

    qint64 pid() const { return m_pid; } //!< Of the program that runs, or ran last.

    //! Our program, to its end; \a onLine gets each line of standard output as it comes.
    Run run(const QStringList &arguments, const std::function<void(const QByteArray &)> &onLine = {},
            const QByteArray &input = {})
    {
        return finish(make(QStringLiteral(WATCHWORD_PROGRAM), arguments), onLine, input);
    }

    //! Any program; the folder of ours is the first of its PATH.
    Run shell(const QString &script)
    {
        auto process = make(QStringLiteral("sh"), {QStringLiteral("-c"), script});
        QProcessEnvironment environment = process->processEnvironment();
        const QString folder = QFileInfo(QStringLiteral(WATCHWORD_PROGRAM)).path();
        environment.insert(QStringLiteral("PATH"), folder + QLatin1Char(':') + environment.value(QStringLiteral("PATH")));
        process->setProcessEnvironment(environment);
        return finish(std::move(process), {}, {});
    }

private:
    // Servers may live in the test's process, so its event loop turns while the program runs.
    Run finish(std::unique_ptr<QProcess> process, const std::function<void(const QByteArray &)> &onLine, const QByteArray &input)
    {
        Run result;
        QByteArray pending;
        QObject::connect(process.get(), &QProcess::readyReadStandardOutput, process.get(), [&] {
            const QByteArray bytes = process->readAllStandardOutput();
            result.out += bytes;
            pending += bytes;
            for (qsizetype end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
                const QByteArray line = pending.left(end);
                pending.remove(0, end + 1);
                look(*process);
                if (onLine)
                    onLine(line);
            }
        });
        process->start();
        process->write(input);
        process->closeWriteChannel();
        if (!process->waitForStarted())
            return result;
        m_pid = process->processId();
        look(*process);
        const bool ended = Support::waitUntil([&] { return process->state() == QProcess::NotRunning; }, std::chrono::seconds(60));
        if (!ended) {
            process->kill();
            process->waitForFinished();
        } else {
            result.code = process->exitStatus() == QProcess::NormalExit ? process->exitCode() : -2;
        }
        result.err = process->readAllStandardError();
        m_seen += result.err;
        return result;
    }

    // What any other process of this user can read about ours.
    void look(const QProcess &process)
    {
        for (const char *name : {"cmdline", "environ"}) {
            QFile file(QStringLiteral("/proc/%1/%2").arg(process.processId()).arg(QLatin1StringView(name)));
            if (file.open(QIODevice::ReadOnly))
                m_seen += file.readAll();
        }
    }

    QTemporaryDir m_home;
    QByteArray m_seen;
    qint64 m_pid = 0;
    QMap<QString, QString> m_variables;
};
