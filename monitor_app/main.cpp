// SPDX-License-Identifier: Apache-2.0
#include "monitor/program/application.h"
#include "watchword/core/memorydump.h"

#include <QApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QLibraryInfo>
#include <QLocale>
#include <QTranslator>

#include <openssl/crypto.h>

#include <cstdio>

using namespace Qt::StringLiterals;

namespace {

// The relocatable folder has its own fonts, for systems without any. Fontconfig reads their list beside that of the system.
void useFontsBesideTheProgram()
{
#ifdef Q_OS_LINUX
    const QString program = QFile::symLinkTarget(u"/proc/self/exe"_s);
    const QString fonts = QDir::cleanPath(QFileInfo(program).path() + u"/../share/watchword/fonts.conf"_s);
    if (!qEnvironmentVariableIsSet("FONTCONFIG_FILE") && QFile::exists(fonts))
        qputenv("FONTCONFIG_FILE", QFile::encodeName(fonts));
#endif
}

} // namespace

int main(int argc, char *argv[])
{
    Watchword::forbidMemoryDumps();
    // A thread of QNetworkAccessManager may still end while the process does: OpenSSL has to be there until then.
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
    // These two need no display.
    for (int index = 1; index < argc; ++index) {
        const QByteArrayView argument(argv[index]);
        if (argument == "--version") {
            std::printf("watchword-monitor %s\n", WATCHWORD_VERSION);
            return 0;
        }
        if (argument == "--help" || argument == "-h") {
            const QCoreApplication core(argc, argv);
            std::fputs(qPrintable(Monitor::helpText()), stdout);
            return 0;
        }
    }

    useFontsBesideTheProgram();
    QApplication app(argc, argv);
    QApplication::setApplicationName(u"watchword-monitor"_s);
    QApplication::setApplicationDisplayName(u"Watchword Monitor"_s);
    QApplication::setApplicationVersion(QStringLiteral(WATCHWORD_VERSION));
    QApplication::setOrganizationName(u"Watchword"_s);
    QApplication::setDesktopFileName(u"watchword-monitor"_s);

    const auto options = Monitor::parseOptions(QApplication::arguments());
    if (!options) {
        std::fprintf(stderr, "watchword-monitor: %s\n", qPrintable(options.error().detail()));
        return 2;
    }
    if (!options->language.isEmpty())
        QLocale::setDefault(QLocale(options->language));
    QTranslator dialogs;
    if (dialogs.load(QLocale(), u"qtbase"_s, u"_"_s, QLibraryInfo::path(QLibraryInfo::TranslationsPath)))
        QApplication::installTranslator(&dialogs);
    // English has a file for its plural forms, so it also serves every language that has none.
    QTranslator texts;
    if (texts.load(QLocale(), u"watchword_monitor"_s, u"_"_s, u":/i18n"_s) || texts.load(u":/i18n/watchword_monitor_en"_s))
        QApplication::installTranslator(&texts);

    QTranslator sdkTexts;
    if (sdkTexts.load(QLocale(), u"watchword_sdk"_s, u"_"_s, u":/i18n"_s))
        QApplication::installTranslator(&sdkTexts);

    Monitor::Application application(*options);
    application.start();
    return QApplication::exec();
}
