<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en">
<context>
    <name>Monitor::AuditPage</name>
    <message numerus="yes">
        <source>%n line(s) could not be read</source>
        <translation>
            <numerusform>%n line could not be read</numerusform>
            <numerusform>%n lines could not be read</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::CompletenessBlock</name>
    <message numerus="yes">
        <source>%n gap(s)</source>
        <translation>
            <numerusform>%n gap</numerusform>
            <numerusform>%n gaps</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::ConnectionsModel</name>
    <message numerus="yes">
        <source>%n row(s) ended or left the filter while the order is held</source>
        <translation>
            <numerusform>%n row ended or left the filter while the order is held</numerusform>
            <numerusform>%n rows ended or left the filter while the order is held</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::ConnectionsPage</name>
    <message numerus="yes">
        <source>%n term(s) alone match nothing.</source>
        <translation>
            <numerusform>%n term alone matches nothing.</numerusform>
            <numerusform>%n terms alone match nothing.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::Detail</name>
    <message numerus="yes">
        <source>%1 message(s)</source>
        <translation>
            <numerusform>%1 message</numerusform>
            <numerusform>%1 messages</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::DisconnectSheet</name>
    <message numerus="yes">
        <source>Disconnect %n connection(s)</source>
        <translation>
            <numerusform>Disconnect %n connection</numerusform>
            <numerusform>Disconnect %n connections</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>connection(s)</source>
        <translation>
            <numerusform>connection</numerusform>
            <numerusform>connections</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>user(s)</source>
        <translation>
            <numerusform>user</numerusform>
            <numerusform>users</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>node(s)</source>
        <translation>
            <numerusform>node</numerusform>
            <numerusform>nodes</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Revoke %n session(s)</source>
        <translation>
            <numerusform>Revoke %n session</numerusform>
            <numerusform>Revoke %n sessions</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Forbid %n connection(s)</source>
        <translation>
            <numerusform>Forbid %n connection</numerusform>
            <numerusform>Forbid %n connections</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>, %n had ended already</source>
        <translation>
            <numerusform>, %n had ended already</numerusform>
            <numerusform>, %n had ended already</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n connection(s) closed</source>
        <translation>
            <numerusform>%n connection closed</numerusform>
            <numerusform>%n connections closed</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::RelatedView</name>
    <message numerus="yes">
        <source>%n event(s) of this session</source>
        <translation>
            <numerusform>%n event of this session</numerusform>
            <numerusform>%n events of this session</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::RowWindowModel</name>
    <message numerus="yes">
        <source>The pattern takes too many steps on %n text(s), which count as no match.</source>
        <translation>
            <numerusform>The pattern takes too many steps on %n text, which counts as no match.</numerusform>
            <numerusform>The pattern takes too many steps on %n texts, which count as no match.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::TablePage</name>
    <message numerus="yes">
        <source>Copied %n row(s).</source>
        <translation>
            <numerusform>Copied %n row.</numerusform>
            <numerusform>Copied %n rows.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::TimelineView</name>
    <message numerus="yes">
        <source>%n session(s) a row; the most severe state of each cell wins</source>
        <translation>
            <numerusform>%n session a row; the most severe state of each cell wins</numerusform>
            <numerusform>%n sessions a row; the most severe state of each cell wins</numerusform>
        </translation>
    </message>
</context>
</TS>
