// SPDX-License-Identifier: Apache-2.0
import QtQuick
import QtQuick.Controls
import QtQuick.Layouts
import Watchword

ApplicationWindow {
    id: window

    //! What watchword-gateway --demo printed.
    required property var demo

    width: 640
    height: 480
    visible: true
    title: qsTr("Watchword echo")

    Client {
        id: client
        issuer: window.demo.issuer
        clientId: window.demo.client_id
        scopes: window.demo.scopes
        server: window.demo.gateway + window.demo.endpoints.echo
        certificateAuthorities: "file://" + window.demo.ca
        storage: Client.Memory
        onMessageReceived: (message) => log.append({ line: message })
    }

    ColumnLayout {
        anchors.fill: parent
        spacing: 0

        ConnectionBanner {
            client: client
            Layout.fillWidth: true
        }
        ListView {
            model: ListModel { id: log }
            delegate: Label { required property string line; text: line; padding: 8 }
            Layout.fillWidth: true
            Layout.fillHeight: true
            clip: true
        }
        RowLayout {
            Layout.margins: 12
            TextField {
                id: input
                placeholderText: qsTr("Say something")
                Accessible.name: placeholderText
                Layout.fillWidth: true
                onAccepted: if (client.send(text)) clear()
            }
            Label { text: qsTr("Token") }
            TokenCountdown { client: client }
        }
    }
}
