// SPDX-License-Identifier: Apache-2.0
#include <QGuiApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QQmlApplicationEngine>

#include <cstdio>

using namespace Qt::StringLiterals;

// usage: watchword-gateway --demo | (read line; watchword-qml-demo "$line")
int main(int argc, char **argv)
{
    QGuiApplication application(argc, argv);
    QGuiApplication::setOrganizationName(u"Watchword"_s);
    QGuiApplication::setApplicationName(u"watchword-qml-demo"_s);
    const QStringList arguments = QGuiApplication::arguments();
    const QJsonObject demo = QJsonDocument::fromJson(arguments.value(1).toUtf8()).object();
    if (demo.isEmpty()) {
        std::fprintf(stderr, "usage: watchword-qml-demo LINE, the JSON line that watchword-gateway --demo prints\n");
        return 2;
    }
    QQmlApplicationEngine engine;
    engine.addImportPath(QStringLiteral(WATCHWORD_QML_FOLDER));
    engine.setInitialProperties({{u"demo"_s, demo.toVariantMap()}});
    engine.load(QUrl(u"qrc:/demo/Main.qml"_s));
    return engine.rootObjects().isEmpty() ? 1 : QGuiApplication::exec();
}
