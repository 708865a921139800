<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en">
<context>
    <name>Monitor::AlertEngine</name>
    <message numerus="yes">
        <source>%1 and %n other(s)</source>
        <translation>
            <numerusform>%1 and %n other</numerusform>
            <numerusform>%1 and %n others</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::AlertRuleSheet</name>
    <message numerus="yes">
        <source>Would have fired %n time(s) in the last %1, first at %2, last at %3.</source>
        <translation>
            <numerusform>Would have fired once in the last %1, first at %2, last at %3.</numerusform>
            <numerusform>Would have fired %n times in the last %1, first at %2, last at %3.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::AlertsPage</name>
    <message numerus="yes">
        <source>%n event(s)</source>
        <translation>
            <numerusform>%n event</numerusform>
            <numerusform>%n events</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n rule(s)</source>
        <translation>
            <numerusform>%n rule</numerusform>
            <numerusform>%n rules</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n firing</source>
        <translation>
            <numerusform>%n firing</numerusform>
            <numerusform>%n firing</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n snoozed</source>
        <translation>
            <numerusform>%n snoozed</numerusform>
            <numerusform>%n snoozed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n over</source>
        <translation>
            <numerusform>%n over</numerusform>
            <numerusform>%n over</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n time(s) before</source>
        <translation>
            <numerusform>%n time before</numerusform>
            <numerusform>%n times before</numerusform>
        </translation>
    </message>
</context>
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
    <name>Monitor::ChainFindings</name>
    <message numerus="yes">
        <source>broken at %1 and at %n other place(s)</source>
        <translation>
            <numerusform>broken at %1 and at %n other place</numerusform>
            <numerusform>broken at %1 and at %n other places</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n event(s) missing</source>
        <translation>
            <numerusform>%n event missing</numerusform>
            <numerusform>%n events missing</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n line(s) unreadable</source>
        <translation>
            <numerusform>%n line unreadable</numerusform>
            <numerusform>%n lines unreadable</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n row(s) not checked</source>
        <translation>
            <numerusform>%n row not checked</numerusform>
            <numerusform>%n rows not checked</numerusform>
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
    <name>Monitor::FindingView</name>
    <message numerus="yes">
        <source>Show %n connection(s)</source>
        <translation>
            <numerusform>Show %n connection</numerusform>
            <numerusform>Show %n connections</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::IncidentNote</name>
    <message numerus="yes">
        <source>%n more row(s) were selected and are not here.</source>
        <translation>
            <numerusform>%n more row was selected and is not here.</numerusform>
            <numerusform>%n more rows were selected and are not here.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::LinkStatus</name>
    <message numerus="yes">
        <source>%n line(s) could not be read</source>
        <translation>
            <numerusform>%n line could not be read</numerusform>
            <numerusform>%n lines could not be read</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::LogFile</name>
    <message numerus="yes">
        <source>%n line(s) are read as %1</source>
        <translation>
            <numerusform>%n line is read as %1</numerusform>
            <numerusform>%n lines are read as %1</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n line(s) are of no known format: only time, level and text are shown; --mapping says what their members mean</source>
        <translation>
            <numerusform>%n line is of no known format: only time, level and text are shown; --mapping says what its members mean</numerusform>
            <numerusform>%n lines are of no known format: only time, level and text are shown; --mapping says what their members mean</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::PostureHead</name>
    <message numerus="yes">
        <source>%n check(s) were skipped; each says why.</source>
        <translation>
            <numerusform>%n check was skipped; it says why.</numerusform>
            <numerusform>%n checks were skipped; each says why.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Last %n run(s)</source>
        <translation>
            <numerusform>Last run</numerusform>
            <numerusform>Last %n runs</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n fail(s)</source>
        <translation>
            <numerusform>%n fails</numerusform>
            <numerusform>%n fail</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n need(s) attention</source>
        <translation>
            <numerusform>%n needs attention</numerusform>
            <numerusform>%n need attention</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::PosturePage</name>
    <message numerus="yes">
        <source>Last run %1 UTC, %n request(s) in %2 s</source>
        <translation>
            <numerusform>Last run %1 UTC, %n request in %2 s</numerusform>
            <numerusform>Last run %1 UTC, %n requests in %2 s</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n kept run(s) could not be read</source>
        <translation>
            <numerusform>%n kept run could not be read</numerusform>
            <numerusform>%n kept runs could not be read</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>What was examined passes; %n check(s) were skipped</source>
        <translation>
            <numerusform>What was examined passes; %n check was skipped</numerusform>
            <numerusform>What was examined passes; %n checks were skipped</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::PracticeList</name>
    <message numerus="yes">
        <source>Last %n run(s)</source>
        <translation>
            <numerusform>Last run</numerusform>
            <numerusform>Last %n runs</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::RefreshChart</name>
    <message numerus="yes">
        <source>%n more node(s)</source>
        <translation>
            <numerusform>%n more node</numerusform>
            <numerusform>%n more nodes</numerusform>
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
    <message numerus="yes">
        <source>Copied a note with %n row(s).</source>
        <translation>
            <numerusform>Copied a note with %n row.</numerusform>
            <numerusform>Copied a note with %n rows.</numerusform>
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
