<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de">
<context>
    <name>Monitor::AlertEngine</name>
    <message numerus="yes">
        <source>%1 and %n other(s)</source>
        <translation>
            <numerusform>%1 und ein weiterer</numerusform>
            <numerusform>%1 und %n weitere</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::AlertRule</name>
    <message>
        <source>%1 in %2</source>
        <translation>%1 in %2</translation>
    </message>
    <message>
        <source>%1 by %2</source>
        <translation>%1 je %2</translation>
    </message>
    <message>
        <source>Refresh token used twice</source>
        <translation>Refresh-Token zweimal benutzt</translation>
    </message>
    <message>
        <source>Refreshes refused</source>
        <translation>Erneuerungen abgelehnt</translation>
    </message>
    <message>
        <source>Handshakes refused</source>
        <translation>Handshakes abgelehnt</translation>
    </message>
    <message>
        <source>Limits hit by one user</source>
        <translation>Ein Benutzer stößt an Grenzen</translation>
    </message>
    <message>
        <source>Events missing</source>
        <translation>Ereignisse fehlen</translation>
    </message>
    <message>
        <source>Lines that cannot be read</source>
        <translation>Zeilen, die nicht zu lesen sind</translation>
    </message>
    <message>
        <source>Any critical event</source>
        <translation>Jedes kritische Ereignis</translation>
    </message>
</context>
<context>
    <name>Monitor::AlertRuleSheet</name>
    <message>
        <source>Which events, for example kind:token.reused</source>
        <translation>Welche Ereignisse, zum Beispiel kind:token.reused</translation>
    </message>
    <message>
        <source>Tell me on the desktop as well</source>
        <translation>Auch auf dem Desktop melden</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>New rule</source>
        <translation>Neue Regel</translation>
    </message>
    <message>
        <source>Rule</source>
        <translation>Regel</translation>
    </message>
    <message>
        <source>all together</source>
        <translation>alle zusammen</translation>
    </message>
    <message>
        <source>each node</source>
        <translation>jeden Knoten</translation>
    </message>
    <message>
        <source>each user</source>
        <translation>jeden Benutzer</translation>
    </message>
    <message>
        <source>each client</source>
        <translation>jeden Client</translation>
    </message>
    <message>
        <source>each address</source>
        <translation>jede Adresse</translation>
    </message>
    <message>
        <source>each session</source>
        <translation>jede Sitzung</translation>
    </message>
    <message>
        <source>Tell me on the desktop as well (this desktop shows no messages)</source>
        <translation>Auch auf dem Desktop melden (dieser zeigt keine Meldungen)</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Events</source>
        <translation>Ereignisse</translation>
    </message>
    <message>
        <source>At least</source>
        <translation>Mindestens</translation>
    </message>
    <message>
        <source>Within</source>
        <translation>Innerhalb von</translation>
    </message>
    <message>
        <source>Counted for</source>
        <translation>Gezählt für</translation>
    </message>
    <message>
        <source>Severity</source>
        <translation>Schwere</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Looking at what is stored…</source>
        <translation>Gespeichertes wird angesehen…</translation>
    </message>
    <message>
        <source>Would not have fired in the last %1.</source>
        <translation>Hätte in den letzten %1 nicht ausgelöst.</translation>
    </message>
    <message numerus="yes">
        <source>Would have fired %n time(s) in the last %1, first at %2, last at %3.</source>
        <translation>
            <numerusform>Hätte in den letzten %1 einmal ausgelöst, zuerst um %2, zuletzt um %3.</numerusform>
            <numerusform>Hätte in den letzten %1 %n-mal ausgelöst, zuerst um %2, zuletzt um %3.</numerusform>
        </translation>
    </message>
    <message>
        <source>Another rule has this name.</source>
        <translation>Eine andere Regel hat diesen Namen.</translation>
    </message>
    <message>
        <source>There are %1 rules already. Remove one first.</source>
        <translation>Es gibt schon %1 Regeln. Zuerst muss eine entfernt werden.</translation>
    </message>
</context>
<context>
    <name>Monitor::AlertsPage</name>
    <message numerus="yes">
        <source>%n event(s)</source>
        <translation>
            <numerusform>ein Ereignis</numerusform>
            <numerusform>%n Ereignisse</numerusform>
        </translation>
    </message>
    <message>
        <source>New rule</source>
        <translation>Neue Regel</translation>
    </message>
    <message>
        <source>Alerts and rules</source>
        <translation>Alarme und Regeln</translation>
    </message>
    <message>
        <source>Alerts</source>
        <translation>Alarme</translation>
    </message>
    <message numerus="yes">
        <source>%n rule(s)</source>
        <translation>
            <numerusform>eine Regel</numerusform>
            <numerusform>%n Regeln</numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing fires</source>
        <translation>Kein Alarm</translation>
    </message>
    <message numerus="yes">
        <source>%n firing</source>
        <translation>
            <numerusform>ein Alarm</numerusform>
            <numerusform>%n Alarme</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n snoozed</source>
        <translation>
            <numerusform>einer stumm</numerusform>
            <numerusform>%n stumm</numerusform>
        </translation>
    </message>
    <message>
        <source>Firing</source>
        <translation>Jetzt</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Verlauf</translation>
    </message>
    <message numerus="yes">
        <source>%n over</source>
        <translation>
            <numerusform>einer vorbei</numerusform>
            <numerusform>%n vorbei</numerusform>
        </translation>
    </message>
    <message>
        <source>Rules</source>
        <translation>Regeln</translation>
    </message>
    <message>
        <source>each a filter over the audit and how many events fire it</source>
        <translation>je ein Filter über das Audit und wie viele Ereignisse auslösen</translation>
    </message>
    <message>
        <source>since %1</source>
        <translation>seit %1</translation>
    </message>
    <message>
        <source>%1, over at %2</source>
        <translation>%1, vorbei um %2</translation>
    </message>
    <message>
        <source>Events</source>
        <translation>Ereignisse</translation>
    </message>
    <message>
        <source>Acknowledged</source>
        <translation>Bestätigt</translation>
    </message>
    <message>
        <source>Acknowledge</source>
        <translation>Bestätigen</translation>
    </message>
    <message>
        <source>Snoozed</source>
        <translation>Stumm</translation>
    </message>
    <message>
        <source>Snooze</source>
        <translation>Stumm schalten</translation>
    </message>
    <message numerus="yes">
        <source>%n time(s) before</source>
        <translation>
            <numerusform>früher einmal</numerusform>
            <numerusform>früher %n-mal</numerusform>
        </translation>
    </message>
    <message>
        <source>Snoozed until %1</source>
        <translation>Stumm bis %1</translation>
    </message>
    <message>
        <source>On</source>
        <translation>An</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>Aus</translation>
    </message>
    <message>
        <source>%1 is on</source>
        <translation>%1 ist an</translation>
    </message>
    <message>
        <source>%1 is off</source>
        <translation>%1 ist aus</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Bearbeiten</translation>
    </message>
    <message>
        <source>For 15 minutes</source>
        <translation>Für 15 Minuten</translation>
    </message>
    <message>
        <source>For an hour</source>
        <translation>Für eine Stunde</translation>
    </message>
    <message>
        <source>For 8 hours</source>
        <translation>Für 8 Stunden</translation>
    </message>
    <message>
        <source>Tell me again</source>
        <translation>Wieder melden</translation>
    </message>
</context>
<context>
    <name>Monitor::Application</name>
    <message>
        <source>Open an audit file</source>
        <translation>Auditdatei öffnen</translation>
    </message>
    <message>
        <source>Starting a gateway with its own certificate authority and 200 clients on this machine…</source>
        <translation>Ein Gateway mit eigener Zertifizierungsstelle und 200 Clients wird auf diesem Rechner gestartet…</translation>
    </message>
    <message>
        <source>JSON lines (*.jsonl *.ndjson *.json *.log *.gz *.zst);;All files (*)</source>
        <translation>JSON-Zeilen (*.jsonl *.ndjson *.json *.log *.gz *.zst);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Live again after %1: +%2 −%3 connections.</source>
        <translation>Nach %1 wieder live: +%2 −%3 Verbindungen.</translation>
    </message>
    <message>
        <source>The mapping table cannot be used: %1</source>
        <translation>Die Zuordnungstabelle kann nicht verwendet werden: %1</translation>
    </message>
</context>
<context>
    <name>Monitor::AttentionCard</name>
    <message>
        <source>Needs attention</source>
        <translation>Braucht Aufmerksamkeit</translation>
    </message>
    <message>
        <source>Nothing needs attention: no critical event in 20 minutes, no node whose renewals fail, no wave ahead.</source>
        <translation>Nichts braucht Aufmerksamkeit: kein kritisches Ereignis in 20 Minuten, kein Knoten mit gescheiterten Erneuerungen, keine Welle in Sicht.</translation>
    </message>
</context>
<context>
    <name>Monitor::AuditFile</name>
    <message>
        <source>%1 is a folder. Choose an audit file with one JSON event a line.</source>
        <translation>%1 ist ein Ordner. Wählen Sie eine Auditdatei mit einem JSON-Ereignis je Zeile.</translation>
    </message>
    <message>
        <source>%1 cannot be read: %2. Check the name and the permissions.</source>
        <translation>%1 ist nicht lesbar: %2. Prüfen Sie Name und Zugriffsrechte.</translation>
    </message>
    <message>
        <source>Reading %1 failed at byte %2: %3. The rows before it are shown.</source>
        <translation>Lesen von %1 bei Byte %2 fehlgeschlagen: %3. Die Zeilen davor werden angezeigt.</translation>
    </message>
    <message>
        <source>Standard input</source>
        <translation>Standardeingabe</translation>
    </message>
    <message>
        <source>%1 cannot be read behind byte %2: %3. The rows before it are shown.</source>
        <translation>%1 kann hinter Byte %2 nicht gelesen werden: %3. Die Zeilen davor werden gezeigt.</translation>
    </message>
    <message>
        <source>%1 ends in the middle of its compressed data. The rows before the end are shown; it may still be written, or was not copied to its end.</source>
        <translation>%1 endet mitten in den komprimierten Daten. Die Zeilen davor werden gezeigt; vielleicht wird noch geschrieben, oder es wurde nicht bis zum Ende kopiert.</translation>
    </message>
</context>
<context>
    <name>Monitor::AuditModel</name>
    <message>
        <source>1 event not received</source>
        <translation>1 Ereignis nicht empfangen</translation>
    </message>
    <message>
        <source>%1 events not received</source>
        <translation>%1 Ereignisse nicht empfangen</translation>
    </message>
    <message>
        <source>seq %1 to %2</source>
        <translation>Seq %1 bis %2</translation>
    </message>
    <message>
        <source>%1 s</source>
        <translation>%1 s</translation>
    </message>
    <message>
        <source>the gateway no longer has them</source>
        <translation>das Gateway hat sie nicht mehr</translation>
    </message>
    <message>
        <source>this monitor fell behind</source>
        <translation>dieser Monitor kam nicht nach</translation>
    </message>
    <message>
        <source>missing in the sequence</source>
        <translation>fehlen in der Folge</translation>
    </message>
    <message>
        <source>Line could not be read: %1</source>
        <translation>Zeile nicht lesbar: %1</translation>
    </message>
    <message>
        <source>unreadable</source>
        <translation>unlesbar</translation>
    </message>
    <message>
        <source>user %1</source>
        <translation>Benutzer %1</translation>
    </message>
    <message>
        <source>node %1</source>
        <translation>Knoten %1</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Seq</source>
        <translation>Seq</translation>
    </message>
    <message>
        <source>Severity</source>
        <translation>Schwere</translation>
    </message>
    <message>
        <source>Event</source>
        <translation>Ereignis</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>Node</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>Meldung</translation>
    </message>
    <message>
        <source>Following</source>
        <translation>Folgt</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>Detached</source>
        <translation>Losgelöst</translation>
    </message>
    <message>
        <source>Paused by you at %1, %2 ago</source>
        <translation>Von Ihnen angehalten um %1, vor %2</translation>
    </message>
    <message>
        <source>%1 new</source>
        <translation>%1 neu</translation>
    </message>
    <message>
        <source>1 error</source>
        <translation>1 Fehler</translation>
    </message>
    <message>
        <source>%1 errors</source>
        <translation>%1 Fehler</translation>
    </message>
    <message>
        <source>Live edge, %1 events/s</source>
        <translation>Live, %1 Ereignisse/s</translation>
    </message>
    <message>
        <source>Live edge, %1 events/s after filter</source>
        <translation>Live, %1 Ereignisse/s nach Filter</translation>
    </message>
    <message>
        <source>1 gap, %1 events</source>
        <translation>1 Lücke, %1 Ereignisse</translation>
    </message>
    <message>
        <source>%1 gaps, %2 events</source>
        <translation>%1 Lücken, %2 Ereignisse</translation>
    </message>
    <message>
        <source>No row that is loaded can match. Check the spelling of the values.</source>
        <translation>Keine geladene Zeile kann passen. Prüfen Sie die Schreibweise der Werte.</translation>
    </message>
    <message>
        <source>Detached at %1, %2 ago</source>
        <translation>Abgehängt um %1, vor %2</translation>
    </message>
    <message>
        <source>The log begins again at %1, it had come to %2</source>
        <translation>Das Protokoll beginnt wieder bei %1, es war bis %2 gekommen</translation>
    </message>
    <message>
        <source>The chain is broken here: %1</source>
        <translation>Hier ist die Kette gebrochen: %1</translation>
    </message>
</context>
<context>
    <name>Monitor::AuditPage</name>
    <message>
        <source>Audit events</source>
        <translation>Auditereignisse</translation>
    </message>
    <message>
        <source>Filter events, for example sev &gt;= warning</source>
        <translation>Ereignisse filtern, zum Beispiel sev &gt;= warning</translation>
    </message>
    <message>
        <source>Audit</source>
        <translation>Audit</translation>
    </message>
    <message>
        <source>Following. Press to pause.</source>
        <translation>Folgt. Drücken zum Anhalten.</translation>
    </message>
    <message>
        <source>%1. Press to follow.</source>
        <translation>%1. Drücken zum Folgen.</translation>
    </message>
    <message>
        <source>The filter hides all %1 events</source>
        <translation>Der Filter verbirgt alle %1 Ereignisse</translation>
    </message>
    <message>
        <source>Events are still stored; only the view is empty.</source>
        <translation>Ereignisse werden weiter gespeichert; nur die Ansicht ist leer.</translation>
    </message>
    <message>
        <source>No event yet</source>
        <translation>Noch kein Ereignis</translation>
    </message>
    <message>
        <source>Every handshake, refresh, refusal and operator&apos;s action appears here as it happens.</source>
        <translation>Jeder Handshake, jede Erneuerung, Ablehnung und Aktion eines Operators erscheint hier sofort.</translation>
    </message>
    <message>
        <source>%1 of %2 shown</source>
        <translation>%1 von %2 angezeigt</translation>
    </message>
    <message>
        <source>%1/s after filter</source>
        <translation>%1/s nach Filter</translation>
    </message>
    <message numerus="yes">
        <source>%n line(s) could not be read</source>
        <translation>
            <numerusform>%n Zeile nicht lesbar</numerusform>
            <numerusform>%n Zeilen nicht lesbar</numerusform>
        </translation>
    </message>
    <message>
        <source>1 of %1</source>
        <translation>1 von %1</translation>
    </message>
</context>
<context>
    <name>Monitor::ChainFindings</name>
    <message>
        <source>The events have no hash chain, so nothing can be proved</source>
        <translation>Die Ereignisse haben keine Hash-Kette, daher ist nichts beweisbar</translation>
    </message>
    <message>
        <source>Verifying</source>
        <translation>Wird geprüft</translation>
    </message>
    <message>
        <source>%1 to %2</source>
        <translation>%1 bis %2</translation>
    </message>
    <message>
        <source>Nothing verified</source>
        <translation>Nichts geprüft</translation>
    </message>
    <message>
        <source>Verified %1</source>
        <translation>Geprüft %1</translation>
    </message>
    <message>
        <source>Verified %1 so far</source>
        <translation>Bisher geprüft %1</translation>
    </message>
    <message>
        <source>broken at %1</source>
        <translation>gebrochen bei %1</translation>
    </message>
    <message numerus="yes">
        <source>broken at %1 and at %n other place(s)</source>
        <translation>
            <numerusform>gebrochen bei %1 und an einer weiteren Stelle</numerusform>
            <numerusform>gebrochen bei %1 und an %n weiteren Stellen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n event(s) missing</source>
        <translation>
            <numerusform>%n Ereignis fehlt</numerusform>
            <numerusform>%n Ereignisse fehlen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n line(s) unreadable</source>
        <translation>
            <numerusform>%n Zeile unlesbar</numerusform>
            <numerusform>%n Zeilen unlesbar</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n row(s) not checked</source>
        <translation>
            <numerusform>%n Zeile nicht geprüft</numerusform>
            <numerusform>%n Zeilen nicht geprüft</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::ChipBar</name>
    <message>
        <source>Add</source>
        <translation>Hinzufügen</translation>
    </message>
    <message>
        <source>Filter as chips</source>
        <translation>Filter als Bausteine</translation>
    </message>
    <message>
        <source>Add a condition</source>
        <translation>Bedingung hinzufügen</translation>
    </message>
    <message>
        <source>or</source>
        <translation>oder</translation>
    </message>
    <message>
        <source>and</source>
        <translation>und</translation>
    </message>
    <message>
        <source>Condition %1</source>
        <translation>Bedingung %1</translation>
    </message>
    <message>
        <source>Take away</source>
        <translation>Wegnehmen</translation>
    </message>
    <message>
        <source>Without “not”</source>
        <translation>Ohne „not“</translation>
    </message>
    <message>
        <source>The opposite</source>
        <translation>Das Gegenteil</translation>
    </message>
    <message>
        <source>Only this</source>
        <translation>Nur diese</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Bearbeiten</translation>
    </message>
</context>
<context>
    <name>Monitor::CommandPalette</name>
    <message>
        <source>Commands</source>
        <translation>Befehle</translation>
    </message>
    <message>
        <source>What do you want to do?</source>
        <translation>Was möchten Sie tun?</translation>
    </message>
    <message>
        <source>Find a command</source>
        <translation>Einen Befehl suchen</translation>
    </message>
    <message>
        <source>%1, %2</source>
        <translation>%1, %2</translation>
    </message>
</context>
<context>
    <name>Monitor::CompletenessBlock</name>
    <message>
        <source>%1. %2.</source>
        <translation>%1. %2.</translation>
    </message>
    <message>
        <source>Completeness</source>
        <translation>Vollständigkeit</translation>
    </message>
    <message>
        <source>no gap</source>
        <translation>keine Lücke</translation>
    </message>
    <message numerus="yes">
        <source>%n gap(s)</source>
        <translation>
            <numerusform>%n Lücke</numerusform>
            <numerusform>%n Lücken</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::CompletionList</name>
    <message>
        <source>Completion</source>
        <translation>Vervollständigung</translation>
    </message>
    <message>
        <source>Tab</source>
        <translation>Tab</translation>
    </message>
    <message>
        <source>accept</source>
        <translation>übernehmen</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Enter</translation>
    </message>
    <message>
        <source>apply</source>
        <translation>anwenden</translation>
    </message>
    <message>
        <source>Esc</source>
        <translation>Esc</translation>
    </message>
    <message>
        <source>close</source>
        <translation>schließen</translation>
    </message>
</context>
<context>
    <name>Monitor::ConnectPage</name>
    <message>
        <source>Open the demo</source>
        <translation>Demo öffnen</translation>
    </message>
    <message>
        <source>Open an audit file…</source>
        <translation>Auditdatei öffnen…</translation>
    </message>
    <message>
        <source>Which gateway, and who signs you in?</source>
        <translation>Welches Gateway, und wo melden Sie sich an?</translation>
    </message>
    <message>
        <source>Gateway</source>
        <translation>Gateway</translation>
    </message>
    <message>
        <source>OpenID provider</source>
        <translation>OpenID-Anbieter</translation>
    </message>
    <message>
        <source>Client ID</source>
        <translation>Client-ID</translation>
    </message>
    <message>
        <source>Private CA (PEM)</source>
        <translation>Private CA (PEM)</translation>
    </message>
    <message>
        <source>only if the certificate is not from a public authority</source>
        <translation>nur wenn das Zertifikat nicht von einer öffentlichen Stelle ist</translation>
    </message>
    <message>
        <source>The gateway must be a wss:// address, for example wss://gateway.example.com:8443.</source>
        <translation>Das Gateway muss eine wss://-Adresse sein, zum Beispiel wss://gateway.example.com:8443.</translation>
    </message>
    <message>
        <source>The OpenID provider must be an https:// address, exactly as the provider writes it.</source>
        <translation>Der OpenID-Anbieter muss eine https://-Adresse sein, genau wie der Anbieter sie schreibt.</translation>
    </message>
    <message>
        <source>The client ID is the name under which this program is registered at the provider.</source>
        <translation>Die Client-ID ist der Name, unter dem dieses Programm beim Anbieter registriert ist.</translation>
    </message>
    <message>
        <source>The file %1 does not exist.</source>
        <translation>Die Datei %1 gibt es nicht.</translation>
    </message>
    <message>
        <source>Asking the provider…</source>
        <translation>Der Anbieter wird gefragt…</translation>
    </message>
    <message>
        <source>Server and sign-in</source>
        <translation>Server und Anmeldung</translation>
    </message>
    <message>
        <source>Gateway, provider, client</source>
        <translation>Gateway, Anbieter, Client</translation>
    </message>
    <message>
        <source>Watch a fleet</source>
        <translation>Eine Flotte beobachten</translation>
    </message>
    <message>
        <source>Every live connection, every token&apos;s life, every audit event.</source>
        <translation>Jede offene Verbindung, das Leben jedes Tokens, jedes Auditereignis.</translation>
    </message>
    <message>
        <source>Or look around first</source>
        <translation>Oder erst einmal umsehen</translation>
    </message>
    <message>
        <source>A throw-away gateway on this machine with 200 clients, marked DEMO.</source>
        <translation>Ein Wegwerf-Gateway auf diesem Rechner mit 200 Clients, markiert als DEMO.</translation>
    </message>
    <message>
        <source>You sign in on the provider&apos;s own page. This program never sees your password.</source>
        <translation>Sie melden sich auf der Seite des Anbieters an. Dieses Programm sieht Ihr Kennwort nie.</translation>
    </message>
    <message>
        <source>Sign in</source>
        <translation>Anmelden</translation>
    </message>
    <message>
        <source>Browser or another device</source>
        <translation>Browser oder anderes Gerät</translation>
    </message>
    <message>
        <source>Or read a file</source>
        <translation>Oder eine Datei lesen</translation>
    </message>
    <message>
        <source>An exported audit, without any server.</source>
        <translation>Ein exportiertes Audit, ganz ohne Server.</translation>
    </message>
</context>
<context>
    <name>Monitor::ConnectionsModel</name>
    <message>
        <source>revoked</source>
        <translation>widerrufen</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>expired</source>
        <translation>abgelaufen</translation>
    </message>
    <message>
        <source>user %1</source>
        <translation>Benutzer %1</translation>
    </message>
    <message>
        <source>node %1</source>
        <translation>Knoten %1</translation>
    </message>
    <message>
        <source>open for %1</source>
        <translation>offen seit %1</translation>
    </message>
    <message>
        <source>token left %1</source>
        <translation>Tokenrest %1</translation>
    </message>
    <message>
        <source>closed with %1</source>
        <translation>geschlossen mit %1</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>Client</source>
        <translation>Client</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Node</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>Age</source>
        <translation>Alter</translation>
    </message>
    <message>
        <source>Idle</source>
        <translation>Ruhe</translation>
    </message>
    <message>
        <source>In /s</source>
        <translation>Ein /s</translation>
    </message>
    <message>
        <source>Out /s</source>
        <translation>Aus /s</translation>
    </message>
    <message>
        <source>Queue</source>
        <translation>Puffer</translation>
    </message>
    <message>
        <source>Token left</source>
        <translation>Tokenrest</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Code</translation>
    </message>
    <message numerus="yes">
        <source>%n row(s) ended or left the filter while the order is held</source>
        <translation>
            <numerusform>Eine Zeile ist beendet oder nicht mehr im Filter, während die Reihenfolge gehalten wird</numerusform>
            <numerusform>%n Zeilen sind beendet oder nicht mehr im Filter, während die Reihenfolge gehalten wird</numerusform>
        </translation>
    </message>
    <message>
        <source>Was failing</source>
        <translation>War gestört</translation>
    </message>
    <message>
        <source>Was expiring</source>
        <translation>Lief ab</translation>
    </message>
    <message>
        <source>Was open</source>
        <translation>War offen</translation>
    </message>
</context>
<context>
    <name>Monitor::ConnectionsPage</name>
    <message>
        <source>Following</source>
        <translation>Folgt</translation>
    </message>
    <message>
        <source>Connections</source>
        <translation>Verbindungen</translation>
    </message>
    <message>
        <source>Filter connections, for example state:failing</source>
        <translation>Verbindungen filtern, zum Beispiel state:failing</translation>
    </message>
    <message>
        <source>The filter hides all %1 connections</source>
        <translation>Der Filter verbirgt alle %1 Verbindungen</translation>
    </message>
    <message>
        <source>Each term matches something, but no connection matches them all.</source>
        <translation>Jeder Begriff passt auf etwas, aber keine Verbindung passt auf alle.</translation>
    </message>
    <message numerus="yes">
        <source>%n term(s) alone match nothing.</source>
        <translation>
            <numerusform>%n Begriff passt allein auf nichts.</numerusform>
            <numerusform>%n Begriffe passen allein auf nichts.</numerusform>
        </translation>
    </message>
    <message>
        <source>A file has no live connections</source>
        <translation>Eine Datei hat keine offenen Verbindungen</translation>
    </message>
    <message>
        <source>Nobody is connected</source>
        <translation>Niemand ist verbunden</translation>
    </message>
    <message>
        <source>An audit file is open. Its events are on the page Audit.</source>
        <translation>Eine Auditdatei ist geöffnet. Ihre Ereignisse stehen auf der Seite Audit.</translation>
    </message>
    <message>
        <source>As soon as a client connects to the gateway it appears here.</source>
        <translation>Sobald sich ein Client mit dem Gateway verbindet, erscheint er hier.</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>Paused. Press to follow.</source>
        <translation>Angehalten. Drücken zum Folgen.</translation>
    </message>
    <message>
        <source>Following. Press to pause.</source>
        <translation>Folgt. Drücken zum Anhalten.</translation>
    </message>
    <message>
        <source>%1 of %2 shown</source>
        <translation>%1 von %2 angezeigt</translation>
    </message>
    <message>
        <source>paused, connections are still counted</source>
        <translation>angehalten, Verbindungen werden weiter gezählt</translation>
    </message>
    <message>
        <source>stale</source>
        <translation>veraltet</translation>
    </message>
    <message>
        <source>1 of %1</source>
        <translation>1 von %1</translation>
    </message>
    <message>
        <source>Disconnect…</source>
        <translation>Trennen…</translation>
    </message>
    <message>
        <source>Del</source>
        <translation>Entf</translation>
    </message>
    <message>
        <source>Nobody was connected</source>
        <translation>Niemand war verbunden</translation>
    </message>
    <message>
        <source>Who is now cannot be known without the gateway.</source>
        <translation>Wer es jetzt ist, lässt sich ohne das Gateway nicht sagen.</translation>
    </message>
</context>
<context>
    <name>Monitor::DemoLogin</name>
    <message>
        <source>The demo&apos;s login page cannot be used: %1</source>
        <translation>Die Anmeldeseite der Demo ist nicht nutzbar: %1</translation>
    </message>
    <message>
        <source>The demo&apos;s login page did not take the user name and password.</source>
        <translation>Die Anmeldeseite der Demo nahm Benutzername und Passwort nicht an.</translation>
    </message>
</context>
<context>
    <name>Monitor::DemoProcess</name>
    <message>
        <source>The demo&apos;s gateway did not start: %1</source>
        <translation>Das Gateway der Demo ist nicht gestartet: %1</translation>
    </message>
    <message>
        <source>The demo&apos;s gateway ended with code %1.</source>
        <translation>Das Gateway der Demo endete mit Code %1.</translation>
    </message>
    <message>
        <source>The program watchword-gateway is neither beside this one nor in PATH. Install the package watchword-gateway.</source>
        <translation>Das Programm watchword-gateway liegt weder neben diesem noch im PATH. Installieren Sie das Paket watchword-gateway.</translation>
    </message>
    <message>
        <source>The demo&apos;s gateway was ended by signal %1.</source>
        <translation>Das Gateway der Demo wurde durch Signal %1 beendet.</translation>
    </message>
</context>
<context>
    <name>Monitor::Detail</name>
    <message>
        <source>The last renewal of the token was refused.</source>
        <translation>Die letzte Erneuerung des Tokens wurde abgelehnt.</translation>
    </message>
    <message>
        <source>The last %1 renewals of the token were refused.</source>
        <translation>Die letzten %1 Erneuerungen des Tokens wurden abgelehnt.</translation>
    </message>
    <message>
        <source>If none succeeds, %1 closes this connection in %2, at %3, with %4.</source>
        <translation>Gelingt keine, schließt %1 diese Verbindung in %2, um %3, mit %4.</translation>
    </message>
    <message>
        <source>the gateway</source>
        <translation>das Gateway</translation>
    </message>
    <message>
        <source>This connection is over and has left the table.</source>
        <translation>Diese Verbindung ist beendet und steht nicht mehr in der Tabelle.</translation>
    </message>
    <message>
        <source>The session was revoked, and %1 closed the connection with %2. The person has to sign in again.</source>
        <translation>Die Sitzung wurde widerrufen, und %1 schloss die Verbindung mit %2. Die Person muss sich neu anmelden.</translation>
    </message>
    <message>
        <source>The connection was closed%1. It leaves the table a minute later.</source>
        <translation>Die Verbindung wurde%1 geschlossen. Sie verlässt die Tabelle nach einer Minute.</translation>
    </message>
    <message>
        <source> with %1</source>
        <translation> mit %1</translation>
    </message>
    <message>
        <source>The token ends in %1 and was not renewed yet. Without a renewal %2 closes the connection at %3.</source>
        <translation>Das Token endet in %1 und wurde noch nicht erneuert. Ohne Erneuerung schließt %2 die Verbindung um %3.</translation>
    </message>
    <message>
        <source>The connection is open. Its token does not say when it ends.</source>
        <translation>Die Verbindung ist offen. Ihr Token sagt nicht, wann es endet.</translation>
    </message>
    <message>
        <source>The connection is open and its token is good for %1. The app is expected to renew it before %2.</source>
        <translation>Die Verbindung ist offen, ihr Token gilt noch %1. Die App sollte es vor %2 erneuern.</translation>
    </message>
    <message>
        <source>A refresh token that was spent came again at %1. One of the two users is not the owner, so the whole family was revoked.</source>
        <translation>Ein verbrauchtes Refresh-Token kam um %1 erneut. Einer der beiden Nutzer ist nicht der Besitzer, daher wurde die ganze Familie widerrufen.</translation>
    </message>
    <message>
        <source>The session was revoked at %1. The person has to sign in again.</source>
        <translation>Die Sitzung wurde um %1 widerrufen. Die Person muss sich neu anmelden.</translation>
    </message>
    <message>
        <source>The person signed out at %1.</source>
        <translation>Die Person hat sich um %1 abgemeldet.</translation>
    </message>
    <message>
        <source>The token expired at %1 without a successor.</source>
        <translation>Das Token lief um %1 ohne Nachfolger ab.</translation>
    </message>
    <message>
        <source>1 renewal failed</source>
        <translation>1 Erneuerung fehlgeschlagen</translation>
    </message>
    <message>
        <source>%1 renewals failed</source>
        <translation>%1 Erneuerungen fehlgeschlagen</translation>
    </message>
    <message>
        <source>issued at sign-in</source>
        <translation>bei Anmeldung ausgestellt</translation>
    </message>
    <message>
        <source>accepted</source>
        <translation>angenommen</translation>
    </message>
    <message>
        <source>Refreshes</source>
        <translation>Erneuerungen</translation>
    </message>
    <message>
        <source>life %1</source>
        <translation>gilt %1</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>Client</source>
        <translation>Client</translation>
    </message>
    <message>
        <source>Session</source>
        <translation>Sitzung</translation>
    </message>
    <message>
        <source>Connection</source>
        <translation>Verbindung</translation>
    </message>
    <message>
        <source>Token</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>Family</source>
        <translation>Familie</translation>
    </message>
    <message>
        <source>port %1</source>
        <translation>Port %1</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Endpoint</source>
        <translation>Endpunkt</translation>
    </message>
    <message>
        <source>Origin</source>
        <translation>Origin</translation>
    </message>
    <message>
        <source>none, bearer in header</source>
        <translation>keine, Bearer im Header</translation>
    </message>
    <message>
        <source>TLS</source>
        <translation>TLS</translation>
    </message>
    <message>
        <source>Scope</source>
        <translation>Scope</translation>
    </message>
    <message>
        <source>Opened</source>
        <translation>Geöffnet</translation>
    </message>
    <message>
        <source>%1 ago</source>
        <translation>vor %1</translation>
    </message>
    <message>
        <source>Received</source>
        <translation>Empfangen</translation>
    </message>
    <message>
        <source>Sent</source>
        <translation>Gesendet</translation>
    </message>
    <message>
        <source>Rates</source>
        <translation>Raten</translation>
    </message>
    <message>
        <source>%1 /s in</source>
        <translation>%1 /s ein</translation>
    </message>
    <message>
        <source>%1 /s out</source>
        <translation>%1 /s aus</translation>
    </message>
    <message>
        <source>Queue</source>
        <translation>Sendepuffer</translation>
    </message>
    <message>
        <source>Round trip</source>
        <translation>Umlaufzeit</translation>
    </message>
    <message>
        <source>%1 ms</source>
        <translation>%1 ms</translation>
    </message>
    <message>
        <source>Renewals</source>
        <translation>Erneuerungen</translation>
    </message>
    <message>
        <source>%1 failed</source>
        <translation>%1 fehlgeschlagen</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließcode</translation>
    </message>
    <message>
        <source>The token is opaque and does not say when it ends.</source>
        <translation>Das Token ist undurchsichtig und sagt nicht, wann es endet.</translation>
    </message>
    <message>
        <source>The token ended at %1 and was not renewed.</source>
        <translation>Das Token endete um %1 und wurde nicht erneuert.</translation>
    </message>
    <message>
        <source>The token is good until %1. The next refresh is expected at %2.</source>
        <translation>Das Token gilt bis %1. Die nächste Erneuerung wird um %2 erwartet.</translation>
    </message>
    <message>
        <source>The token ends in %1, at %2, and its refresh is due.</source>
        <translation>Das Token endet in %1, um %2, und seine Erneuerung ist fällig.</translation>
    </message>
    <message>
        <source>No access token of this session is known; only its refresh token is.</source>
        <translation>Von dieser Sitzung ist kein Access-Token bekannt, nur ihr Refresh-Token.</translation>
    </message>
    <message>
        <source>%1 tokens</source>
        <translation>%1 Tokens</translation>
    </message>
    <message>
        <source>Node</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>Failures</source>
        <translation>Fehlschläge</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>Someone</source>
        <translation>Unbekannt</translation>
    </message>
    <message>
        <source>an unknown address</source>
        <translation>einer unbekannten Adresse</translation>
    </message>
    <message>
        <source>%1 connected from %2.</source>
        <translation>%1 hat sich von %2 aus verbunden.</translation>
    </message>
    <message>
        <source>The connection of %1 was closed: **%2**.</source>
        <translation>Die Verbindung von %1 wurde geschlossen: **%2**.</translation>
    </message>
    <message>
        <source>A connection from **%1** was refused before it was opened: **%2**. Nothing was exchanged.</source>
        <translation>Eine Verbindung von **%1** wurde vor dem Öffnen abgewiesen: **%2**. Es wurde nichts ausgetauscht.</translation>
    </message>
    <message>
        <source>A page of another site tried to connect from **%1**: **%2**. It was refused.</source>
        <translation>Eine Seite einer fremden Website wollte sich von **%1** aus verbinden: **%2**. Sie wurde abgewiesen.</translation>
    </message>
    <message>
        <source>A client at **%1** sent its token in the URL, where proxies log it. The upgrade was refused; **treat that token as lost** and revoke it.</source>
        <translation>Ein Client von **%1** sendete sein Token in der URL, wo Proxys es protokollieren. Das Upgrade wurde abgewiesen; **betrachten Sie dieses Token als verloren** und widerrufen Sie es.</translation>
    </message>
    <message>
        <source>%1 has a new access token; the connection goes on with it.</source>
        <translation>%1 hat ein neues Access-Token; die Verbindung läuft damit weiter.</translation>
    </message>
    <message>
        <source>The issuer gave %1 a token.</source>
        <translation>Der Aussteller gab %1 ein Token.</translation>
    </message>
    <message>
        <source>%1 could not renew the access token: **%2**. The connection lives until its token ends.</source>
        <translation>%1 konnte das Access-Token nicht erneuern: **%2**. Die Verbindung lebt, bis ihr Token endet.</translation>
    </message>
    <message>
        <source>The token of %1 ended and was not renewed in time, so the connection was closed with **4401**.</source>
        <translation>Das Token von %1 endete und wurde nicht rechtzeitig erneuert, daher wurde die Verbindung mit **4401** geschlossen.</translation>
    </message>
    <message>
        <source>A refresh token of %1 that was already spent was sent again from **%2**. One of the two users is not the owner, so the whole family was revoked.</source>
        <translation>Ein verbrauchtes Refresh-Token von %1 wurde von **%2** erneut gesendet. Einer der beiden Nutzer ist nicht der Besitzer, daher wurde die ganze Familie widerrufen.</translation>
    </message>
    <message>
        <source>The session of %1 was revoked. Its connections are closed with **4410** and the person has to sign in again.</source>
        <translation>Die Sitzung von %1 wurde widerrufen. Ihre Verbindungen werden mit **4410** geschlossen, und die Person muss sich neu anmelden.</translation>
    </message>
    <message>
        <source>%1 signed in from %2.</source>
        <translation>%1 hat sich von %2 aus angemeldet.</translation>
    </message>
    <message>
        <source>A sign-in as %1 failed at **%2**.</source>
        <translation>Eine Anmeldung als %1 von **%2** aus ist fehlgeschlagen.</translation>
    </message>
    <message>
        <source>A limit was reached: **%1**.</source>
        <translation>Eine Grenze wurde erreicht: **%1**.</translation>
    </message>
    <message>
        <source>%1 disconnected connections: **%2**.</source>
        <translation>%1 hat Verbindungen getrennt: **%2**.</translation>
    </message>
    <message>
        <source>success</source>
        <translation>Erfolg</translation>
    </message>
    <message>
        <source>failure</source>
        <translation>Fehlschlag</translation>
    </message>
    <message>
        <source>denied</source>
        <translation>abgelehnt</translation>
    </message>
    <message>
        <source>Outcome</source>
        <translation>Ergebnis</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>Grund</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>Meldung</translation>
    </message>
    <message>
        <source>Close code</source>
        <translation>Schließcode</translation>
    </message>
    <message>
        <source>HTTP status</source>
        <translation>HTTP-Status</translation>
    </message>
    <message>
        <source>Path</source>
        <translation>Pfad</translation>
    </message>
    <message>
        <source>Limit</source>
        <translation>Grenze</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Begründung</translation>
    </message>
    <message>
        <source>Sequence</source>
        <translation>Folgenummer</translation>
    </message>
    <message>
        <source>Previous hash</source>
        <translation>Voriger Hash</translation>
    </message>
    <message>
        <source>Hash</source>
        <translation>Hash</translation>
    </message>
    <message>
        <source>Events are missing</source>
        <translation>Ereignisse fehlen</translation>
    </message>
    <message>
        <source>What is counted and shown here does not include them.</source>
        <translation>Was hier gezählt und gezeigt wird, enthält sie nicht.</translation>
    </message>
    <message>
        <source> · seq %1</source>
        <translation> · Seq %1</translation>
    </message>
    <message>
        <source>Unreadable line</source>
        <translation>Unlesbare Zeile</translation>
    </message>
    <message>
        <source>The line is kept as it came; see Raw.</source>
        <translation>Die Zeile bleibt, wie sie kam; siehe Rohdaten.</translation>
    </message>
    <message>
        <source>The raw event was dropped to stay within the memory budget.</source>
        <translation>Das Rohereignis wurde verworfen, um das Speicherlimit einzuhalten.</translation>
    </message>
    <message numerus="yes">
        <source>%1 message(s)</source>
        <translation>
            <numerusform>%1 Nachricht</numerusform>
            <numerusform>%1 Nachrichten</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::DetailPane</name>
    <message>
        <source>Close the detail</source>
        <translation>Details schließen</translation>
    </message>
    <message>
        <source>Summary</source>
        <translation>Übersicht</translation>
    </message>
    <message>
        <source>Raw</source>
        <translation>Rohdaten</translation>
    </message>
    <message>
        <source>Related</source>
        <translation>Verwandt</translation>
    </message>
    <message>
        <source>Disconnect…</source>
        <translation>Trennen…</translation>
    </message>
    <message>
        <source>Filter by session</source>
        <translation>Nach Sitzung filtern</translation>
    </message>
    <message>
        <source>Copy JSON</source>
        <translation>JSON kopieren</translation>
    </message>
    <message>
        <source>Raw JSON</source>
        <translation>Rohes JSON</translation>
    </message>
    <message>
        <source>… cut at 64 KiB</source>
        <translation>… bei 64 KiB abgeschnitten</translation>
    </message>
    <message>
        <source>This connection has ended.</source>
        <translation>Diese Verbindung ist beendet.</translation>
    </message>
</context>
<context>
    <name>Monitor::DisconnectSheet</name>
    <message numerus="yes">
        <source>Disconnect %n connection(s)</source>
        <translation>
            <numerusform>%n Verbindung trennen</numerusform>
            <numerusform>%n Verbindungen trennen</numerusform>
        </translation>
    </message>
    <message>
        <source>Counted at %1. Connections that come later are not touched.</source>
        <translation>Gezählt um %1. Spätere Verbindungen bleiben unberührt.</translation>
    </message>
    <message numerus="yes">
        <source>connection(s)</source>
        <translation>
            <numerusform>Verbindung</numerusform>
            <numerusform>Verbindungen</numerusform>
        </translation>
    </message>
    <message>
        <source>%1 of all</source>
        <translation>%1 von allen</translation>
    </message>
    <message numerus="yes">
        <source>user(s)</source>
        <translation>
            <numerusform>Benutzer</numerusform>
            <numerusform>Benutzer</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>node(s)</source>
        <translation>
            <numerusform>Knoten</numerusform>
            <numerusform>Knoten</numerusform>
        </translation>
    </message>
    <message>
        <source>Disconnect</source>
        <translation>Trennen</translation>
    </message>
    <message>
        <source>Revoke session</source>
        <translation>Sitzung widerrufen</translation>
    </message>
    <message>
        <source>Forbid</source>
        <translation>Verbieten</translation>
    </message>
    <message>
        <source>Action</source>
        <translation>Aktion</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>Grund</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Auswählen…</translation>
    </message>
    <message>
        <source>Incident response</source>
        <translation>Sicherheitsvorfall</translation>
    </message>
    <message>
        <source>Maintenance</source>
        <translation>Wartung</translation>
    </message>
    <message>
        <source>Policy</source>
        <translation>Richtlinie</translation>
    </message>
    <message>
        <source>Request of the user</source>
        <translation>Wunsch des Benutzers</translation>
    </message>
    <message>
        <source>Test</source>
        <translation>Test</translation>
    </message>
    <message>
        <source>Kind of reason</source>
        <translation>Art des Grundes</translation>
    </message>
    <message>
        <source>Details, for example a ticket number</source>
        <translation>Einzelheiten, zum Beispiel eine Ticketnummer</translation>
    </message>
    <message>
        <source>Reason in words</source>
        <translation>Grund in Worten</translation>
    </message>
    <message>
        <source>Back after</source>
        <translation>Zurück nach</translation>
    </message>
    <message>
        <source>Clients come back after</source>
        <translation>Clients kommen zurück nach</translation>
    </message>
    <message>
        <source>at once</source>
        <translation>sofort</translation>
    </message>
    <message>
        <source>%1 s</source>
        <translation>%1 s</translation>
    </message>
    <message>
        <source>Type %1</source>
        <translation>%1 eingeben</translation>
    </message>
    <message>
        <source>Type %1 to confirm</source>
        <translation>Zur Bestätigung %1 eingeben</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message numerus="yes">
        <source>Revoke %n session(s)</source>
        <translation>
            <numerusform>%n Sitzung widerrufen</numerusform>
            <numerusform>%n Sitzungen widerrufen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Forbid %n connection(s)</source>
        <translation>
            <numerusform>%n Verbindung verbieten</numerusform>
            <numerusform>%n Verbindungen verbieten</numerusform>
        </translation>
    </message>
    <message>
        <source>Sockets close with 4410 session_revoked. The people are signed out: their tokens are revoked at the issuer, and they must sign in again.</source>
        <translation>Sockets schließen mit 4410 session_revoked. Die Personen werden abgemeldet: Ihre Tokens werden beim Aussteller widerrufen, und sie müssen sich neu anmelden.</translation>
    </message>
    <message>
        <source>Sockets close with 4403 forbidden. People stay signed in; their apps stop and do not come back by themselves.</source>
        <translation>Sockets schließen mit 4403 forbidden. Die Personen bleiben angemeldet; ihre Apps halten an und kommen nicht von selbst zurück.</translation>
    </message>
    <message>
        <source>Sockets close with 4411 kicked_may_return. People stay signed in; their apps come back by themselves.</source>
        <translation>Sockets schließen mit 4411 kicked_may_return. Die Personen bleiben angemeldet; ihre Apps kommen von selbst zurück.</translation>
    </message>
    <message>
        <source>The gateway is working…</source>
        <translation>Das Gateway arbeitet…</translation>
    </message>
    <message>
        <source>Choose a reason.</source>
        <translation>Wählen Sie einen Grund.</translation>
    </message>
    <message>
        <source>Type %1 to confirm.</source>
        <translation>Zur Bestätigung %1 eingeben.</translation>
    </message>
    <message numerus="yes">
        <source>, %n had ended already</source>
        <translation>
            <numerusform>, %n war schon beendet</numerusform>
            <numerusform>, %n waren schon beendet</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n connection(s) closed</source>
        <translation>
            <numerusform>%n Verbindung geschlossen</numerusform>
            <numerusform>%n Verbindungen geschlossen</numerusform>
        </translation>
    </message>
    <message>
        <source>Includes you: connections of %1 are among them.</source>
        <translation>Auch Sie selbst: Verbindungen von %1 sind dabei.</translation>
    </message>
</context>
<context>
    <name>Monitor::EmptyState</name>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Remove %1</source>
        <translation>%1 entfernen</translation>
    </message>
    <message>
        <source>counting…</source>
        <translation>wird gezählt…</translation>
    </message>
    <message>
        <source>%1 match</source>
        <translation>%1 Treffer</translation>
    </message>
</context>
<context>
    <name>Monitor::Field</name>
    <message>
        <source>when it happened, UTC</source>
        <translation>wann es geschah, UTC</translation>
    </message>
    <message>
        <source>number in the gateway&apos;s log</source>
        <translation>Nummer im Protokoll des Gateways</translation>
    </message>
    <message>
        <source>how bad it is</source>
        <translation>wie schwer es ist</translation>
    </message>
    <message>
        <source>what happened</source>
        <translation>was geschah</translation>
    </message>
    <message>
        <source>how it ended</source>
        <translation>wie es ausging</translation>
    </message>
    <message>
        <source>gateway node</source>
        <translation>Knoten des Gateways</translation>
    </message>
    <message>
        <source>who did it</source>
        <translation>wer es tat</translation>
    </message>
    <message>
        <source>client id of the app</source>
        <translation>Client-ID der App</translation>
    </message>
    <message>
        <source>session id</source>
        <translation>Sitzungs-ID</translation>
    </message>
    <message>
        <source>connection id</source>
        <translation>Verbindungs-ID</translation>
    </message>
    <message>
        <source>id or fingerprint of the token</source>
        <translation>ID oder Fingerabdruck des Tokens</translation>
    </message>
    <message>
        <source>chain of rotated refresh tokens</source>
        <translation>Kette rotierter Refresh-Tokens</translation>
    </message>
    <message>
        <source>address of the client</source>
        <translation>Adresse des Clients</translation>
    </message>
    <message>
        <source>reason code</source>
        <translation>Code des Grundes</translation>
    </message>
    <message>
        <source>the event in words</source>
        <translation>das Ereignis in Worten</translation>
    </message>
    <message>
        <source>WebSocket close code</source>
        <translation>WebSocket-Schließcode</translation>
    </message>
    <message>
        <source>kind of row</source>
        <translation>Art der Zeile</translation>
    </message>
    <message>
        <source>state of the connection</source>
        <translation>Zustand der Verbindung</translation>
    </message>
    <message>
        <source>who is connected</source>
        <translation>wer verbunden ist</translation>
    </message>
    <message>
        <source>subject of the token</source>
        <translation>Subject des Tokens</translation>
    </message>
    <message>
        <source>port of the client</source>
        <translation>Port des Clients</translation>
    </message>
    <message>
        <source>path of the endpoint</source>
        <translation>Pfad des Endpunkts</translation>
    </message>
    <message>
        <source>Origin header</source>
        <translation>Origin-Header</translation>
    </message>
    <message>
        <source>User-Agent header</source>
        <translation>User-Agent-Header</translation>
    </message>
    <message>
        <source>TLS version, for example 1.3</source>
        <translation>TLS-Version, zum Beispiel 1.3</translation>
    </message>
    <message>
        <source>TLS cipher suite</source>
        <translation>TLS-Cipher-Suite</translation>
    </message>
    <message>
        <source>id of the current token</source>
        <translation>ID des aktuellen Tokens</translation>
    </message>
    <message>
        <source>scopes of the token; several</source>
        <translation>Scopes des Tokens; mehrere</translation>
    </message>
    <message>
        <source>time since it was opened</source>
        <translation>Zeit seit dem Öffnen</translation>
    </message>
    <message>
        <source>time since the last message came in</source>
        <translation>Zeit seit der letzten Nachricht</translation>
    </message>
    <message>
        <source>time until the token expires</source>
        <translation>Zeit bis zum Ablauf des Tokens</translation>
    </message>
    <message>
        <source>when it was opened, UTC</source>
        <translation>wann sie geöffnet wurde, UTC</translation>
    </message>
    <message>
        <source>messages received a second</source>
        <translation>empfangene Nachrichten je Sekunde</translation>
    </message>
    <message>
        <source>messages sent a second</source>
        <translation>gesendete Nachrichten je Sekunde</translation>
    </message>
    <message>
        <source>bytes received</source>
        <translation>empfangene Bytes</translation>
    </message>
    <message>
        <source>bytes sent</source>
        <translation>gesendete Bytes</translation>
    </message>
    <message>
        <source>messages received</source>
        <translation>empfangene Nachrichten</translation>
    </message>
    <message>
        <source>messages sent</source>
        <translation>gesendete Nachrichten</translation>
    </message>
    <message>
        <source>bytes that wait to be sent</source>
        <translation>Bytes, die aufs Senden warten</translation>
    </message>
    <message>
        <source>round-trip time</source>
        <translation>Umlaufzeit</translation>
    </message>
    <message>
        <source>renewals on this connection</source>
        <translation>Erneuerungen auf dieser Verbindung</translation>
    </message>
    <message>
        <source>renewals that failed</source>
        <translation>fehlgeschlagene Erneuerungen</translation>
    </message>
    <message>
        <source>why it was closed</source>
        <translation>warum sie geschlossen wurde</translation>
    </message>
    <message>
        <source>who is signed in</source>
        <translation>wer angemeldet ist</translation>
    </message>
    <message>
        <source>failed renewals in a row</source>
        <translation>fehlgeschlagene Erneuerungen in Folge</translation>
    </message>
    <message>
        <source>state of the session</source>
        <translation>Zustand der Sitzung</translation>
    </message>
    <message>
        <source>text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>address or network</source>
        <translation>Adresse oder Netz</translation>
    </message>
    <message>
        <source>number</source>
        <translation>Zahl</translation>
    </message>
    <message>
        <source>size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>duration</source>
        <translation>Dauer</translation>
    </message>
    <message>
        <source>time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>severity</source>
        <translation>Schwere</translation>
    </message>
    <message>
        <source>word</source>
        <translation>Wort</translation>
    </message>
    <message>
        <source>id of the event</source>
        <translation>Kennung des Ereignisses</translation>
    </message>
    <message>
        <source>source of the event</source>
        <translation>Quelle des Ereignisses</translation>
    </message>
    <message>
        <source>what the event is about</source>
        <translation>wovon das Ereignis handelt</translation>
    </message>
    <message>
        <source>any member of the event, for example data.actor.type</source>
        <translation>ein beliebiges Feld des Ereignisses, zum Beispiel data.actor.type</translation>
    </message>
</context>
<context>
    <name>Monitor::FileStrip</name>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Save report…</source>
        <translation>Bericht speichern…</translation>
    </message>
    <message>
        <source>Show the first event that is wrong</source>
        <translation>Das erste Ereignis zeigen, das nicht stimmt</translation>
    </message>
    <message>
        <source>Reading %1</source>
        <translation>Gelesen %1</translation>
    </message>
    <message>
        <source>Save the report</source>
        <translation>Bericht speichern</translation>
    </message>
    <message>
        <source>Markdown (*.md);;All files (*)</source>
        <translation>Markdown (*.md);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>The report is in %1.</source>
        <translation>Der Bericht steht in %1.</translation>
    </message>
    <message>
        <source>%1 cannot be written: %2. Choose another place.</source>
        <translation>%1 kann nicht geschrieben werden: %2. Wählen Sie einen anderen Ort.</translation>
    </message>
</context>
<context>
    <name>Monitor::FilterBar</name>
    <message>
        <source>no filter</source>
        <translation>kein Filter</translation>
    </message>
    <message>
        <source>Still applied  </source>
        <translation>Noch aktiv  </translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filter</translation>
    </message>
    <message>
        <source> of %1</source>
        <translation> von %1</translation>
    </message>
    <message>
        <source>Not applied yet</source>
        <translation>Noch nicht angewendet</translation>
    </message>
    <message>
        <source>%1, stale</source>
        <translation>%1, veraltet</translation>
    </message>
    <message>
        <source>, %1 %</source>
        <translation>, %1 %</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Enter</translation>
    </message>
    <message>
        <source> of %1 highlighted</source>
        <translation> von %1 hervorgehoben</translation>
    </message>
    <message>
        <source>Tab takes the fix</source>
        <translation>Tab übernimmt die Korrektur</translation>
    </message>
</context>
<context>
    <name>Monitor::FilterTools</name>
    <message>
        <source>Saved filters</source>
        <translation>Gespeicherte Filter</translation>
    </message>
    <message>
        <source>Applied before, and saved</source>
        <translation>Früher angewandt, und gespeichert</translation>
    </message>
    <message>
        <source>before</source>
        <translation>früher</translation>
    </message>
    <message>
        <source>Save this filter…</source>
        <translation>Diesen Filter speichern…</translation>
    </message>
    <message>
        <source>Saved</source>
        <translation>Gespeichert</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Before</source>
        <translation>Früher</translation>
    </message>
    <message>
        <source>Show as chips</source>
        <translation>Als Bausteine zeigen</translation>
    </message>
    <message>
        <source>Highlight instead of hide</source>
        <translation>Hervorheben statt ausblenden</translation>
    </message>
    <message>
        <source>Ctrl+Shift+F</source>
        <translation>Strg+Umschalt+F</translation>
    </message>
</context>
<context>
    <name>Monitor::FindingView</name>
    <message>
        <source>What was seen</source>
        <translation>Was zu sehen war</translation>
    </message>
    <message>
        <source>Evidence</source>
        <translation>Beleg</translation>
    </message>
    <message>
        <source>Why it matters</source>
        <translation>Warum es wichtig ist</translation>
    </message>
    <message>
        <source>How to fix</source>
        <translation>Abhilfe</translation>
    </message>
    <message>
        <source>Basis</source>
        <translation>Grundlage</translation>
    </message>
    <message>
        <source>Check again</source>
        <translation>Erneut prüfen</translation>
    </message>
    <message>
        <source>Copy fix</source>
        <translation>Abhilfe kopieren</translation>
    </message>
    <message>
        <source>Copied the fix.</source>
        <translation>Abhilfe kopiert.</translation>
    </message>
    <message numerus="yes">
        <source>Show %n connection(s)</source>
        <translation>
            <numerusform>Eine Verbindung zeigen</numerusform>
            <numerusform>%n Verbindungen zeigen</numerusform>
        </translation>
    </message>
    <message>
        <source>A run goes on.</source>
        <translation>Ein Lauf ist im Gang.</translation>
    </message>
    <message>
        <source>No check looks at this practice</source>
        <translation>Keine Prüfung betrachtet diese Praktik</translation>
    </message>
</context>
<context>
    <name>Monitor::HistogramStrip</name>
    <message>
        <source>Events over time</source>
        <translation>Ereignisse im Zeitverlauf</translation>
    </message>
    <message>
        <source>No event yet</source>
        <translation>Noch kein Ereignis</translation>
    </message>
    <message>
        <source>last %1, %2 events</source>
        <translation>letzte %1, %2 Ereignisse</translation>
    </message>
    <message>
        <source>%1: %2 events, %3 warnings, %4 errors, %5 critical</source>
        <translation>%1: %2 Ereignisse, %3 Warnungen, %4 Fehler, %5 kritisch</translation>
    </message>
</context>
<context>
    <name>Monitor::IncidentNote</name>
    <message>
        <source>event %1 with hash %2</source>
        <translation>Ereignis %1 mit Hash %2</translation>
    </message>
    <message>
        <source>events %1 to %2, from hash %3 to hash %4</source>
        <translation>Ereignisse %1 bis %2, von Hash %3 bis Hash %4</translation>
    </message>
    <message>
        <source>DEMO: %1 of %2</source>
        <translation>DEMO: %1 von %2</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>%1 by %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>Taken</source>
        <translation>Entnommen</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>Filter</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keiner</translation>
    </message>
    <message>
        <source>Completeness</source>
        <translation>Vollständigkeit</translation>
    </message>
    <message>
        <source>Proof</source>
        <translation>Beweis</translation>
    </message>
    <message numerus="yes">
        <source>%n more row(s) were selected and are not here.</source>
        <translation>
            <numerusform>Eine weitere Zeile war ausgewählt und steht nicht hier.</numerusform>
            <numerusform>%n weitere Zeilen waren ausgewählt und stehen nicht hier.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::KeySheet</name>
    <message>
        <source>Ctrl</source>
        <translation>Strg</translation>
    </message>
    <message>
        <source>Shift</source>
        <translation>Umschalt</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Leertaste</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Enter</translation>
    </message>
    <message>
        <source>Del</source>
        <translation>Entf</translation>
    </message>
    <message>
        <source>End</source>
        <translation>Ende</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Everywhere</source>
        <translation>Überall</translation>
    </message>
    <message>
        <source>the pages</source>
        <translation>die Seiten</translation>
    </message>
    <message>
        <source>back, forward</source>
        <translation>zurück, vor</translation>
    </message>
    <message>
        <source>filter</source>
        <translation>Filter</translation>
    </message>
    <message>
        <source>next, previous pane</source>
        <translation>nächster, voriger Bereich</translation>
    </message>
    <message>
        <source>pause or follow</source>
        <translation>anhalten oder folgen</translation>
    </message>
    <message>
        <source>follow the newest</source>
        <translation>dem Neuesten folgen</translation>
    </message>
    <message>
        <source>these keys</source>
        <translation>diese Tasten</translation>
    </message>
    <message>
        <source>In the filter</source>
        <translation>Im Filter</translation>
    </message>
    <message>
        <source>apply</source>
        <translation>anwenden</translation>
    </message>
    <message>
        <source>take the suggestion</source>
        <translation>Vorschlag übernehmen</translation>
    </message>
    <message>
        <source>close, take back, clear</source>
        <translation>schließen, zurücknehmen, leeren</translation>
    </message>
    <message>
        <source>In a table</source>
        <translation>In einer Tabelle</translation>
    </message>
    <message>
        <source>detail</source>
        <translation>Details</translation>
    </message>
    <message>
        <source>disconnect, asks first</source>
        <translation>trennen, fragt vorher</translation>
    </message>
    <message>
        <source>previous, next error</source>
        <translation>voriger, nächster Fehler</translation>
    </message>
    <message>
        <source>On the timeline</source>
        <translation>Auf der Zeitachse</translation>
    </message>
    <message>
        <source>zoom in, out</source>
        <translation>hinein-, herauszoomen</translation>
    </message>
    <message>
        <source>earlier, later</source>
        <translation>früher, später</translation>
    </message>
    <message>
        <source>session and token</source>
        <translation>Sitzung und Token</translation>
    </message>
    <message>
        <source>previous, next mark</source>
        <translation>vorige, nächste Marke</translation>
    </message>
    <message>
        <source>jump to now</source>
        <translation>zum Jetzt springen</translation>
    </message>
    <message>
        <source>fit everything</source>
        <translation>alles einpassen</translation>
    </message>
    <message>
        <source>Home</source>
        <translation>Pos1</translation>
    </message>
    <message>
        <source>PgUp</source>
        <translation>Bild↑</translation>
    </message>
    <message>
        <source>PgDn</source>
        <translation>Bild↓</translation>
    </message>
    <message>
        <source>row, page; with Shift several</source>
        <translation>Zeile, Seite; mit Umschalt mehrere</translation>
    </message>
    <message>
        <source>first, last row</source>
        <translation>erste, letzte Zeile</translation>
    </message>
    <message>
        <source>select all</source>
        <translation>alles auswählen</translation>
    </message>
    <message>
        <source>copy the rows; with Shift as JSON</source>
        <translation>Zeilen kopieren; mit Umschalt als JSON</translation>
    </message>
    <message>
        <source>suggestions; when empty, what was before</source>
        <translation>Vorschläge; wenn leer, was früher war</translation>
    </message>
    <message>
        <source>highlight instead of hide</source>
        <translation>hervorheben statt ausblenden</translation>
    </message>
    <message>
        <source>next, previous match</source>
        <translation>nächster, voriger Treffer</translation>
    </message>
    <message>
        <source>all commands</source>
        <translation>alle Befehle</translation>
    </message>
</context>
<context>
    <name>Monitor::LinkBanner</name>
    <message>
        <source>Retry now</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>Connection lost.</source>
        <translation>Verbindung verloren.</translation>
    </message>
    <message>
        <source>Sign in again</source>
        <translation>Neu anmelden</translation>
    </message>
    <message>
        <source>Rows are as of %1. Actions wait for the connection.</source>
        <translation>Zeilen von %1. Aktionen warten auf die Verbindung.</translation>
    </message>
    <message>
        <source>Actions wait for the connection.</source>
        <translation>Aktionen warten auf die Verbindung.</translation>
    </message>
</context>
<context>
    <name>Monitor::LinkFailure</name>
    <message>
        <source>%1 shows another certificate than before, and it is not trusted (%2). Before: %3, now: %4. Ask who runs the gateway whether it was replaced; then connect with the new authority (--ca). If it was not, somebody listens.</source>
        <translation>%1 zeigt ein anderes Zertifikat als bisher, und ihm wird nicht vertraut (%2). Bisher: %3, jetzt: %4. Fragen Sie den Betreiber, ob es ersetzt wurde; verbinden Sie sich dann mit der neuen Zertifizierungsstelle (--ca). Wenn nicht, hört jemand mit.</translation>
    </message>
    <message>
        <source>It is %1.</source>
        <translation>Es ist %1.</translation>
    </message>
    <message>
        <source>The certificate of %1 is not trusted (%2).</source>
        <translation>Dem Zertifikat von %1 wird nicht vertraut (%2).</translation>
    </message>
    <message>
        <source>Give the authority that signed it with --ca, or have the gateway&apos;s certificate mended.</source>
        <translation>Geben Sie die Zertifizierungsstelle mit --ca an, oder lassen Sie das Zertifikat des Gateways in Ordnung bringen.</translation>
    </message>
    <message>
        <source>The name of %1 is not known to this machine (DNS). Check the address and the network.</source>
        <translation>Dieser Rechner kennt den Namen von %1 nicht (DNS). Prüfen Sie Adresse und Netz.</translation>
    </message>
    <message>
        <source>Nothing listens at %1. The gateway may be down, or its port blocked.</source>
        <translation>Bei %1 hört niemand. Vielleicht läuft das Gateway nicht, oder der Port ist gesperrt.</translation>
    </message>
    <message>
        <source>This machine has no network, or no way to %1.</source>
        <translation>Dieser Rechner hat kein Netz oder keinen Weg zu %1.</translation>
    </message>
    <message>
        <source>%1 does not answer. It may be overloaded, stopped, or behind a firewall that drops packets.</source>
        <translation>%1 antwortet nicht. Vielleicht ist es überlastet, angehalten oder hinter einer Firewall, die Pakete verwirft.</translation>
    </message>
    <message>
        <source>The connection to %1 was lost.</source>
        <translation>Die Verbindung zu %1 ging verloren.</translation>
    </message>
    <message>
        <source>The proxy between this machine and %1 does not let the connection pass.</source>
        <translation>Der Proxy zwischen diesem Rechner und %1 lässt die Verbindung nicht durch.</translation>
    </message>
    <message>
        <source>The network asks for a sign-in of its own first: open any page in a browser.</source>
        <translation>Das Netz verlangt zuerst eine eigene Anmeldung: Öffnen Sie irgendeine Seite im Browser.</translation>
    </message>
    <message>
        <source>%1 does not accept your sign-in any more. Sign in again.</source>
        <translation>%1 nimmt Ihre Anmeldung nicht mehr an. Melden Sie sich neu an.</translation>
    </message>
    <message>
        <source>Your access to %1 is locked. Ask who runs it.</source>
        <translation>Ihr Zugang zu %1 ist gesperrt. Fragen Sie den Betreiber.</translation>
    </message>
    <message>
        <source>Your account may not watch %1: the permission gw:read is missing. Ask who runs it, then sign in again.</source>
        <translation>Ihr Konto darf %1 nicht beobachten: Die Berechtigung gw:read fehlt. Fragen Sie den Betreiber, und melden Sie sich dann neu an.</translation>
    </message>
    <message>
        <source>%1 refuses the Origin of this program.</source>
        <translation>%1 weist den Origin dieses Programms ab.</translation>
    </message>
    <message>
        <source>%1 has too many connections or requests of yours and refuses more for now.</source>
        <translation>%1 hat zu viele Verbindungen oder Anfragen von Ihnen und weist weitere vorerst ab.</translation>
    </message>
    <message>
        <source>%1 refuses connections for now, as it does while it starts or stops.</source>
        <translation>%1 weist Verbindungen vorerst ab, wie beim Starten und Anhalten.</translation>
    </message>
    <message>
        <source>What answers at %1 is no gateway that can be watched, or an older one. Check the address.</source>
        <translation>Was bei %1 antwortet, ist kein Gateway, das man beobachten kann, oder ein älteres. Prüfen Sie die Adresse.</translation>
    </message>
    <message>
        <source>%1 answered something that the Monitor does not understand.</source>
        <translation>%1 hat etwas geantwortet, was der Monitor nicht versteht.</translation>
    </message>
    <message>
        <source>The link to the gateway ended. Connect again.</source>
        <translation>Die Verbindung zum Gateway ist zu Ende. Verbinden Sie sich neu.</translation>
    </message>
</context>
<context>
    <name>Monitor::LinkStatus</name>
    <message>
        <source>Not connected</source>
        <translation>Nicht verbunden</translation>
    </message>
    <message>
        <source>Connecting</source>
        <translation>Verbindet</translation>
    </message>
    <message>
        <source>Loading snapshot</source>
        <translation>Lädt Momentaufnahme</translation>
    </message>
    <message>
        <source>Loading snapshot %1 of %2 (%3)</source>
        <translation>Lädt Momentaufnahme %1 von %2 (%3)</translation>
    </message>
    <message>
        <source>Live %1/s</source>
        <translation>Live %1/s</translation>
    </message>
    <message>
        <source>Reconnecting</source>
        <translation>Verbindet neu</translation>
    </message>
    <message>
        <source>Lost</source>
        <translation>Getrennt</translation>
    </message>
    <message>
        <source>Reading file (%1)</source>
        <translation>Liest Datei (%1)</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>No data since %1 (%2).</source>
        <translation>Keine Daten seit %1 (%2).</translation>
    </message>
    <message>
        <source>Trying now.</source>
        <translation>Versuch läuft.</translation>
    </message>
    <message>
        <source>lag %1 ms</source>
        <translation>Verzug %1 ms</translation>
    </message>
    <message>
        <source>lag %1</source>
        <translation>Verzug %1</translation>
    </message>
    <message>
        <source>clock %1 s</source>
        <translation>Uhr %1 s</translation>
    </message>
    <message>
        <source>%1 events not received</source>
        <translation>%1 Ereignisse fehlen</translation>
    </message>
    <message>
        <source>Complete since %1</source>
        <translation>Vollständig seit %1</translation>
    </message>
    <message>
        <source>No events yet</source>
        <translation>Noch keine Ereignisse</translation>
    </message>
    <message>
        <source>Chain broken at %1</source>
        <translation>Kette gebrochen bei %1</translation>
    </message>
    <message>
        <source>Verified to %1</source>
        <translation>Geprüft bis %1</translation>
    </message>
    <message>
        <source>Not verified</source>
        <translation>Nicht geprüft</translation>
    </message>
    <message>
        <source>Silent %1</source>
        <translation>Still %1</translation>
    </message>
    <message>
        <source>Next try in %1 s.</source>
        <translation>Nächster Versuch in %1 s.</translation>
    </message>
    <message>
        <source>heard %1 ago</source>
        <translation>gehört vor %1</translation>
    </message>
    <message numerus="yes">
        <source>%n line(s) could not be read</source>
        <translation>
            <numerusform>%n Zeile konnte nicht gelesen werden</numerusform>
            <numerusform>%n Zeilen konnten nicht gelesen werden</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::LiveSource</name>
    <message>
        <source>not connected</source>
        <translation>nicht verbunden</translation>
    </message>
    <message>
        <source>your account may only watch (scope gw:kick is missing)</source>
        <translation>Ihr Konto darf nur beobachten (Scope gw:kick fehlt)</translation>
    </message>
    <message>
        <source>Asking the provider…</source>
        <translation>Der Anbieter wird gefragt…</translation>
    </message>
    <message>
        <source>Signing in did not work.</source>
        <translation>Die Anmeldung hat nicht geklappt.</translation>
    </message>
</context>
<context>
    <name>Monitor::LogFile</name>
    <message>
        <source>The file was cut at %1 and begins anew</source>
        <translation>Die Datei wurde um %1 gekürzt und beginnt neu</translation>
    </message>
    <message>
        <source>Another file took its name at %1 and is read now</source>
        <translation>Eine andere Datei bekam um %1 ihren Namen und wird jetzt gelesen</translation>
    </message>
    <message>
        <source>Standard input</source>
        <translation>Standardeingabe</translation>
    </message>
    <message numerus="yes">
        <source>%n line(s) are read as %1</source>
        <translation>
            <numerusform>%n Zeile wird als %1 gelesen</numerusform>
            <numerusform>%n Zeilen werden als %1 gelesen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n line(s) are of no known format: only time, level and text are shown; --mapping says what their members mean</source>
        <translation>
            <numerusform>%n Zeile hat kein bekanntes Format: Nur Zeit, Stufe und Text werden gezeigt; --mapping sagt, was ihre Felder bedeuten</numerusform>
            <numerusform>%n Zeilen haben kein bekanntes Format: Nur Zeit, Stufe und Text werden gezeigt; --mapping sagt, was ihre Felder bedeuten</numerusform>
        </translation>
    </message>
    <message>
        <source>broken</source>
        <translation>gebrochen</translation>
    </message>
    <message>
        <source>missing</source>
        <translation>fehlt</translation>
    </message>
    <message>
        <source>unreadable</source>
        <translation>unlesbar</translation>
    </message>
    <message>
        <source>another log begins</source>
        <translation>ein anderes Protokoll beginnt</translation>
    </message>
    <message>
        <source>not checked</source>
        <translation>nicht geprüft</translation>
    </message>
    <message>
        <source>more were counted than are listed here</source>
        <translation>es wurden mehr gezählt, als hier stehen</translation>
    </message>
    <message>
        <source>Verification of %1</source>
        <translation>Prüfung von %1</translation>
    </message>
    <message>
        <source>**%1.**</source>
        <translation>**%1.**</translation>
    </message>
    <message>
        <source>The check was not finished when this was written.</source>
        <translation>Die Prüfung war nicht fertig, als dies geschrieben wurde.</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>%1 bytes</source>
        <translation>%1 Byte</translation>
    </message>
    <message>
        <source>Checked</source>
        <translation>Geprüft am</translation>
    </message>
    <message>
        <source>Events</source>
        <translation>Ereignisse</translation>
    </message>
    <message>
        <source>%1 with a hash, %2 without</source>
        <translation>%1 mit Hash, %2 ohne</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Zeit</translation>
    </message>
    <message>
        <source>Hash of the last event</source>
        <translation>Hash des letzten Ereignisses</translation>
    </message>
    <message>
        <source>Lines</source>
        <translation>Zeilen</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Hinweis</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Verified</source>
        <translation>Geprüft</translation>
    </message>
    <message>
        <source>%1 to %2 of chain %3</source>
        <translation>%1 bis %2 der Kette %3</translation>
    </message>
    <message>
        <source>(what is before it is not proved)</source>
        <translation>(was davor steht, ist nicht bewiesen)</translation>
    </message>
    <message>
        <source>Nothing.</source>
        <translation>Nichts.</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>Befunde</translation>
    </message>
    <message>
        <source>Event</source>
        <translation>Ereignis</translation>
    </message>
    <message>
        <source>What</source>
        <translation>Was</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Warum</translation>
    </message>
</context>
<context>
    <name>Monitor::MainWindow</name>
    <message>
        <source>%1 · %2</source>
        <translation>%1 · %2</translation>
    </message>
    <message>
        <source>New server</source>
        <translation>Neuer Server</translation>
    </message>
    <message>
        <source>DEMO · %1</source>
        <translation>DEMO · %1</translation>
    </message>
    <message>
        <source>%1 — Watchword Monitor</source>
        <translation>%1 — Watchword Monitor</translation>
    </message>
    <message>
        <source>Not connected</source>
        <translation>Nicht verbunden</translation>
    </message>
    <message>
        <source>Disconnect is not possible: %1</source>
        <translation>Trennen ist nicht möglich: %1</translation>
    </message>
    <message>
        <source>Go to %1</source>
        <translation>Gehe zu %1</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Forward</source>
        <translation>Vorwärts</translation>
    </message>
    <message>
        <source>Filter this page</source>
        <translation>Diese Seite filtern</translation>
    </message>
    <message>
        <source>Clear the filter</source>
        <translation>Filter leeren</translation>
    </message>
    <message>
        <source>Highlight instead of hide</source>
        <translation>Hervorheben statt ausblenden</translation>
    </message>
    <message>
        <source>Pause or follow</source>
        <translation>Anhalten oder folgen</translation>
    </message>
    <message>
        <source>Follow the newest</source>
        <translation>Dem Neuesten folgen</translation>
    </message>
    <message>
        <source>Show or hide the detail</source>
        <translation>Einzelheiten zeigen oder ausblenden</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Leertaste</translation>
    </message>
    <message>
        <source>Try to connect now</source>
        <translation>Jetzt verbinden</translation>
    </message>
    <message>
        <source>Open an audit file…</source>
        <translation>Auditdatei öffnen…</translation>
    </message>
    <message>
        <source>Connect to a server…</source>
        <translation>Mit einem Server verbinden…</translation>
    </message>
    <message>
        <source>Sign out</source>
        <translation>Abmelden</translation>
    </message>
    <message>
        <source>Colours: as the system</source>
        <translation>Farben: wie das System</translation>
    </message>
    <message>
        <source>Colours: light</source>
        <translation>Farben: hell</translation>
    </message>
    <message>
        <source>Colours: dark</source>
        <translation>Farben: dunkel</translation>
    </message>
    <message>
        <source>Colours: high contrast</source>
        <translation>Farben: hoher Kontrast</translation>
    </message>
    <message>
        <source>Show all keys</source>
        <translation>Alle Tasten zeigen</translation>
    </message>
</context>
<context>
    <name>Monitor::Navigation</name>
    <message>
        <source>Connections</source>
        <translation>Verbindungen</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>Tokens</translation>
    </message>
    <message>
        <source>Audit</source>
        <translation>Audit</translation>
    </message>
    <message>
        <source>Nodes</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>Posture</source>
        <translation>Sicherheitslage</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>Übersicht</translation>
    </message>
    <message>
        <source>Saved filters</source>
        <translation>Gespeicherte Filter</translation>
    </message>
    <message>
        <source>Alerts</source>
        <translation>Alarme</translation>
    </message>
</context>
<context>
    <name>Monitor::NodeItem</name>
    <message>
        <source>%1: %2 connections, %3 failing</source>
        <translation>%1: %2 Verbindungen, %3 gestört</translation>
    </message>
    <message>
        <source>%1: %2 connections</source>
        <translation>%1: %2 Verbindungen</translation>
    </message>
    <message>
        <source>%1. Click to see only these.</source>
        <translation>%1. Klicken, um nur diese zu sehen.</translation>
    </message>
    <message>
        <source>%1 failing</source>
        <translation>%1 gestört</translation>
    </message>
</context>
<context>
    <name>Monitor::Options</name>
    <message>
        <source>Watches the live connections, tokens and audit events of a Watchword gateway.</source>
        <translation>Beobachtet offene Verbindungen, Tokens und Auditereignisse eines Watchword-Gateways.</translation>
    </message>
</context>
<context>
    <name>Monitor::OrderButton</name>
    <message>
        <source>Rows keep their places while rows are selected. This sorts them anew.</source>
        <translation>Zeilen behalten ihren Platz, solange Zeilen ausgewählt sind. Hiermit werden sie neu sortiert.</translation>
    </message>
    <message>
        <source>Refresh order (%1 changed)</source>
        <translation>Neu ordnen (%1 geändert)</translation>
    </message>
    <message>
        <source>order held while rows are selected</source>
        <translation>Reihenfolge gehalten, solange Zeilen ausgewählt sind</translation>
    </message>
    <message>
        <source>order held under the pointer</source>
        <translation>Reihenfolge unter dem Zeiger gehalten</translation>
    </message>
    <message>
        <source>order held while paused</source>
        <translation>Reihenfolge gehalten, solange angehalten</translation>
    </message>
</context>
<context>
    <name>Monitor::OverviewPage</name>
    <message>
        <source>Renewals fail on %1</source>
        <translation>Erneuerungen scheitern auf %1</translation>
    </message>
    <message>
        <source>an unnamed node</source>
        <translation>einem Knoten ohne Namen</translation>
    </message>
    <message>
        <source>%1 of %2 connections could not renew their tokens and are retrying.</source>
        <translation>%1 von %2 Verbindungen konnten ihre Tokens nicht erneuern und versuchen es erneut.</translation>
    </message>
    <message>
        <source>Show %1 connections</source>
        <translation>%1 Verbindungen zeigen</translation>
    </message>
    <message>
        <source>Next wave in %1</source>
        <translation>Nächste Welle in %1</translation>
    </message>
    <message>
        <source>About %1 refreshes fall due within 20 s, at %2.</source>
        <translation>Etwa %1 Erneuerungen werden innerhalb von 20 s fällig, um %2.</translation>
    </message>
    <message>
        <source>Show the forecast</source>
        <translation>Vorschau zeigen</translation>
    </message>
    <message>
        <source>Open in audit</source>
        <translation>Im Audit öffnen</translation>
    </message>
    <message>
        <source>The last 20 minutes and the next 10. Every number opens its rows.</source>
        <translation>Die letzten 20 Minuten und die nächsten 10. Jede Zahl öffnet ihre Zeilen.</translation>
    </message>
    <message>
        <source>Warnings and failures</source>
        <translation>Warnungen und Fehler</translation>
    </message>
    <message>
        <source>Closes by code</source>
        <translation>Schließungen nach Code</translation>
    </message>
    <message>
        <source>Top talkers</source>
        <translation>Die Gesprächigsten</translation>
    </message>
    <message>
        <source>Nodes</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>in /s, out /s</source>
        <translation>ein /s, aus /s</translation>
    </message>
    <message>
        <source>connections, new in 5 min</source>
        <translation>Verbindungen, neu in 5 min</translation>
    </message>
    <message>
        <source>Overview</source>
        <translation>Übersicht</translation>
    </message>
    <message>
        <source>Live connections</source>
        <translation>Offene Verbindungen</translation>
    </message>
    <message>
        <source>%1 closed in 5 min</source>
        <translation>%1 in 5 min geschlossen</translation>
    </message>
    <message>
        <source>Signed-in users</source>
        <translation>Angemeldete Benutzer</translation>
    </message>
    <message>
        <source>%1 sessions</source>
        <translation>%1 Sitzungen</translation>
    </message>
    <message>
        <source>Refresh success, 5 min</source>
        <translation>Erneuerungen, 5 min</translation>
    </message>
    <message>
        <source>no refresh was due</source>
        <translation>keine Erneuerung war fällig</translation>
    </message>
    <message>
        <source>%1 of %2 failed</source>
        <translation>%1 von %2 gescheitert</translation>
    </message>
    <message>
        <source>Tokens under 2 min</source>
        <translation>Tokens unter 2 min</translation>
    </message>
    <message>
        <source>%1 of them failing</source>
        <translation>%1 davon scheitern</translation>
    </message>
    <message>
        <source>Errors, 5 min</source>
        <translation>Fehler, 5 min</translation>
    </message>
    <message>
        <source>errors and worse in the audit</source>
        <translation>Fehler und Schlimmeres im Audit</translation>
    </message>
    <message>
        <source>20 min</source>
        <translation>20 min</translation>
    </message>
    <message>
        <source>newest %1 events</source>
        <translation>neueste %1 Ereignisse</translation>
    </message>
    <message>
        <source>Nothing failed.</source>
        <translation>Nichts ist gescheitert.</translation>
    </message>
    <message>
        <source>Nothing closed.</source>
        <translation>Nichts wurde geschlossen.</translation>
    </message>
    <message>
        <source>Nobody sends anything.</source>
        <translation>Niemand sendet etwas.</translation>
    </message>
    <message>
        <source>unnamed</source>
        <translation>ohne Namen</translation>
    </message>
    <message>
        <source>%1 failing</source>
        <translation>%1 scheitern</translation>
    </message>
    <message>
        <source>No node is known.</source>
        <translation>Kein Knoten ist bekannt.</translation>
    </message>
    <message>
        <source>All numbers open the filtered view</source>
        <translation>Alle Zahlen öffnen die gefilterte Ansicht</translation>
    </message>
    <message>
        <source>counted over the newest %1 events</source>
        <translation>gezählt über die neuesten %1 Ereignisse</translation>
    </message>
    <message>
        <source>%1 such events in 20 minutes.</source>
        <translation>%1 solche Ereignisse in 20 Minuten.</translation>
    </message>
    <message>
        <source>Open the newest in audit</source>
        <translation>Das neueste im Audit öffnen</translation>
    </message>
</context>
<context>
    <name>Monitor::PostureHead</name>
    <message>
        <source>Checking, %1 of %2</source>
        <translation>Prüfung läuft, %1 von %2</translation>
    </message>
    <message>
        <source>%1 of %2 checks pass</source>
        <translation>%1 von %2 Prüfungen bestehen</translation>
    </message>
    <message>
        <source>Nothing that was examined needs attention.</source>
        <translation>Nichts von dem, was geprüft wurde, braucht Aufmerksamkeit.</translation>
    </message>
    <message>
        <source>It was ended early; what was not looked at is skipped.</source>
        <translation>Der Lauf wurde vorzeitig beendet; was nicht betrachtet wurde, ist übersprungen.</translation>
    </message>
    <message>
        <source>Every check was made.</source>
        <translation>Jede Prüfung wurde gemacht.</translation>
    </message>
    <message numerus="yes">
        <source>%n check(s) were skipped; each says why.</source>
        <translation>
            <numerusform>Eine Prüfung wurde übersprungen; sie sagt, warum.</numerusform>
            <numerusform>%n Prüfungen wurden übersprungen; jede sagt, warum.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Last %n run(s)</source>
        <translation>
            <numerusform>Letzter Lauf</numerusform>
            <numerusform>Letzte %n Läufe</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n fail(s)</source>
        <translation>
            <numerusform>%n fällt durch</numerusform>
            <numerusform>%n fallen durch</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n need(s) attention</source>
        <translation>
            <numerusform>%n braucht Aufmerksamkeit</numerusform>
            <numerusform>%n brauchen Aufmerksamkeit</numerusform>
        </translation>
    </message>
    <message>
        <source>No better than %1 while a check fails.</source>
        <translation>Nicht besser als %1, solange eine Prüfung durchfällt.</translation>
    </message>
</context>
<context>
    <name>Monitor::PosturePage</name>
    <message>
        <source>Page (HTML)</source>
        <translation>Seite (HTML)</translation>
    </message>
    <message>
        <source>Markdown</source>
        <translation>Markdown</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>JSON</source>
        <translation>JSON</translation>
    </message>
    <message>
        <source>SARIF, for code scanning</source>
        <translation>SARIF, für Code-Scanning</translation>
    </message>
    <message>
        <source>JUnit, for test results</source>
        <translation>JUnit, für Testergebnisse</translation>
    </message>
    <message>
        <source>Run all checks</source>
        <translation>Alles prüfen</translation>
    </message>
    <message>
        <source>Report</source>
        <translation>Bericht</translation>
    </message>
    <message>
        <source>Compare with</source>
        <translation>Vergleichen mit</translation>
    </message>
    <message>
        <source>Posture</source>
        <translation>Sicherheitslage</translation>
    </message>
    <message>
        <source>There is no gateway to examine. Connect to one first.</source>
        <translation>Es gibt kein Gateway zu prüfen. Verbinden Sie sich zuerst mit einem.</translation>
    </message>
    <message>
        <source>Asking the endpoint…</source>
        <translation>Der Endpunkt wird befragt…</translation>
    </message>
    <message>
        <source>Last: %1</source>
        <translation>Zuletzt: %1</translation>
    </message>
    <message>
        <source>The run could not be kept in %1.</source>
        <translation>Der Lauf konnte nicht in %1 abgelegt werden.</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>There is no gateway to examine.</source>
        <translation>Es gibt kein Gateway zu prüfen.</translation>
    </message>
    <message numerus="yes">
        <source>Last run %1 UTC, %n request(s) in %2 s</source>
        <translation>
            <numerusform>Letzter Lauf %1 UTC, eine Anfrage in %2 s</numerusform>
            <numerusform>Letzter Lauf %1 UTC, %n Anfragen in %2 s</numerusform>
        </translation>
    </message>
    <message>
        <source>Compare with %1</source>
        <translation>Vergleichen mit %1</translation>
    </message>
    <message>
        <source>The run failed.</source>
        <translation>Der Lauf ist gescheitert.</translation>
    </message>
    <message>
        <source>Not examined yet</source>
        <translation>Noch nicht geprüft</translation>
    </message>
    <message>
        <source>About 40 requests in 20 seconds show how %1 does in each of the ten practices. Nothing that could hurt is sent, and no token.</source>
        <translation>Etwa 40 Anfragen in 20 Sekunden zeigen, wie %1 in jeder der zehn Praktiken steht. Nichts, was schaden könnte, wird gesendet, und kein Token.</translation>
    </message>
    <message>
        <source>There is no gateway to examine</source>
        <translation>Es gibt kein Gateway zu prüfen</translation>
    </message>
    <message>
        <source>Connect to one. Its WebSocket endpoint is then examined from here, as a stranger would see it.</source>
        <translation>Verbinden Sie sich mit einem. Sein WebSocket-Endpunkt wird dann von hier aus geprüft, so wie ihn ein Fremder sieht.</translation>
    </message>
    <message>
        <source>safe checks only, without a token</source>
        <translation>nur ungefährliche Prüfungen, ohne Token</translation>
    </message>
    <message numerus="yes">
        <source>%n kept run(s) could not be read</source>
        <translation>
            <numerusform>Ein abgelegter Lauf war nicht lesbar</numerusform>
            <numerusform>%n abgelegte Läufe waren nicht lesbar</numerusform>
        </translation>
    </message>
    <message>
        <source>%1, grade %2</source>
        <translation>%1, Note %2</translation>
    </message>
    <message>
        <source>Save the report</source>
        <translation>Bericht speichern</translation>
    </message>
    <message>
        <source>The report is in %1.</source>
        <translation>Der Bericht liegt in %1.</translation>
    </message>
    <message>
        <source>%1 cannot be written: %2. Choose another place.</source>
        <translation>%1 kann nicht geschrieben werden: %2. Wählen Sie einen anderen Ort.</translation>
    </message>
    <message>
        <source>WSS only</source>
        <translation>Nur WSS</translation>
    </message>
    <message>
        <source>Token-based authentication</source>
        <translation>Anmeldung mit Tokens</translation>
    </message>
    <message>
        <source>Short-lived tokens with refresh</source>
        <translation>Kurzlebige Tokens mit Erneuerung</translation>
    </message>
    <message>
        <source>Validation at connection</source>
        <translation>Prüfung beim Verbinden</translation>
    </message>
    <message>
        <source>Origin checking</source>
        <translation>Prüfung der Herkunft (Origin)</translation>
    </message>
    <message>
        <source>Rate and connection limits</source>
        <translation>Grenzen für Rate und Verbindungen</translation>
    </message>
    <message>
        <source>Private endpoints and step-up</source>
        <translation>Private Endpunkte und Step-up</translation>
    </message>
    <message>
        <source>Regular audits</source>
        <translation>Regelmäßige Prüfungen</translation>
    </message>
    <message>
        <source>Logging and monitoring</source>
        <translation>Protokoll und Überwachung</translation>
    </message>
    <message>
        <source>Education</source>
        <translation>Schulung</translation>
    </message>
    <message>
        <source>No check of this program looks at it</source>
        <translation>Keine Prüfung dieses Programms betrachtet das</translation>
    </message>
    <message>
        <source>Not examined: %1</source>
        <translation>Nicht geprüft: %1</translation>
    </message>
    <message>
        <source>Every check passes</source>
        <translation>Jede Prüfung besteht</translation>
    </message>
    <message numerus="yes">
        <source>What was examined passes; %n check(s) were skipped</source>
        <translation>
            <numerusform>Was geprüft wurde, besteht; eine Prüfung wurde übersprungen</numerusform>
            <numerusform>Was geprüft wurde, besteht; %n Prüfungen wurden übersprungen</numerusform>
        </translation>
    </message>
    <message>
        <source>new</source>
        <translation>neu</translation>
    </message>
    <message>
        <source>passes</source>
        <translation>besteht</translation>
    </message>
    <message>
        <source>needs attention</source>
        <translation>braucht Aufmerksamkeit</translation>
    </message>
    <message>
        <source>fails</source>
        <translation>fällt durch</translation>
    </message>
    <message>
        <source>skipped</source>
        <translation>übersprungen</translation>
    </message>
</context>
<context>
    <name>Monitor::PracticeList</name>
    <message>
        <source>%1. %2</source>
        <translation>%1. %2</translation>
    </message>
    <message>
        <source>%1: not examined</source>
        <translation>%1: nicht geprüft</translation>
    </message>
    <message>
        <source>%1: grade %2, %3 of %4 checks pass. %5</source>
        <translation>%1: Note %2, %3 von %4 Prüfungen bestehen. %5</translation>
    </message>
    <message>
        <source>The ten practices</source>
        <translation>Die zehn Praktiken</translation>
    </message>
    <message>
        <source>down from %1</source>
        <translation>vorher %1</translation>
    </message>
    <message>
        <source>up from %1</source>
        <translation>besser als %1</translation>
    </message>
    <message>
        <source>No.</source>
        <translation>Nr.</translation>
    </message>
    <message>
        <source>Grade</source>
        <translation>Note</translation>
    </message>
    <message>
        <source>Practice</source>
        <translation>Praktik</translation>
    </message>
    <message>
        <source>Checks</source>
        <translation>Prüfungen</translation>
    </message>
    <message numerus="yes">
        <source>Last %n run(s)</source>
        <translation>
            <numerusform>Letzter Lauf</numerusform>
            <numerusform>Letzte %n Läufe</numerusform>
        </translation>
    </message>
    <message>
        <source>Trend</source>
        <translation>Verlauf</translation>
    </message>
    <message>
        <source>Not examined yet</source>
        <translation>Noch nicht geprüft</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>skipped</source>
        <translation>übersprungen</translation>
    </message>
</context>
<context>
    <name>Monitor::Query</name>
    <message>
        <source>both conditions hold</source>
        <translation>beide Bedingungen gelten</translation>
    </message>
    <message>
        <source>one of both holds</source>
        <translation>eine von beiden gilt</translation>
    </message>
    <message>
        <source>the condition does not hold</source>
        <translation>die Bedingung gilt nicht</translation>
    </message>
    <message>
        <source>equals, without case; * stands for anything</source>
        <translation>ist gleich, Groß/klein egal; * steht für alles</translation>
    </message>
    <message>
        <source>equals, or lies in a range</source>
        <translation>ist gleich oder liegt in einem Bereich</translation>
    </message>
    <message>
        <source>is not; of several values, none is</source>
        <translation>ist nicht; bei mehreren Werten: keiner ist es</translation>
    </message>
    <message>
        <source>equals exactly</source>
        <translation>ist genau gleich</translation>
    </message>
    <message>
        <source>matches a /pattern/</source>
        <translation>passt auf ein /Muster/</translation>
    </message>
    <message>
        <source>does not match a /pattern/</source>
        <translation>passt nicht auf ein /Muster/</translation>
    </message>
    <message>
        <source>contains the text</source>
        <translation>enthält den Text</translation>
    </message>
    <message>
        <source>is smaller or larger</source>
        <translation>ist kleiner oder größer</translation>
    </message>
    <message>
        <source>lies in a range, a..b</source>
        <translation>liegt in einem Bereich, a..b</translation>
    </message>
    <message>
        <source>lies in a network, or is one of a list</source>
        <translation>liegt in einem Netz oder in einer Liste</translation>
    </message>
    <message>
        <source>is one of a list, (a, b)</source>
        <translation>ist in einer Liste, (a, b)</translation>
    </message>
    <message>
        <source>the last 15m</source>
        <translation>die letzten 15m</translation>
    </message>
    <message>
        <source>example</source>
        <translation>Beispiel</translation>
    </message>
    <message>
        <source>Operator for %1 (%2)</source>
        <translation>Operator für %1 (%2)</translation>
    </message>
    <message>
        <source>Value of %1 (%2)</source>
        <translation>Wert von %1 (%2)</translation>
    </message>
    <message>
        <source>Field or text</source>
        <translation>Feld oder Text</translation>
    </message>
    <message>
        <source>and, or, field or text</source>
        <translation>and, or, Feld oder Text</translation>
    </message>
    <message>
        <source>The filter is longer than %1 characters.</source>
        <translation>Der Filter ist länger als %1 Zeichen.</translation>
    </message>
    <message>
        <source>“)” without “(”. Take it away or open a bracket before it.</source>
        <translation>„)“ ohne „(“. Entfernen Sie sie oder öffnen Sie davor eine Klammer.</translation>
    </message>
    <message>
        <source>Too many “not” in a row.</source>
        <translation>Zu viele „not“ hintereinander.</translation>
    </message>
    <message>
        <source>More than %1 brackets in each other.</source>
        <translation>Mehr als %1 Klammern ineinander.</translation>
    </message>
    <message>
        <source>The brackets are empty. Write a condition between them.</source>
        <translation>Die Klammern sind leer. Schreiben Sie eine Bedingung hinein.</translation>
    </message>
    <message>
        <source>“(” is never closed. Add “)”.</source>
        <translation>„(“ wird nie geschlossen. Fügen Sie „)“ an.</translation>
    </message>
    <message>
        <source>The filter ends too early: a condition is missing at the end.</source>
        <translation>Der Filter endet zu früh: Am Ende fehlt eine Bedingung.</translation>
    </message>
    <message>
        <source>A condition is missing before “%1”. To look for the word, write &quot;%1&quot;.</source>
        <translation>Vor „%1“ fehlt eine Bedingung. Um das Wort zu suchen, schreiben Sie &quot;%1&quot;.</translation>
    </message>
    <message>
        <source>“%1” does not begin a condition. Put text that contains it in quotes.</source>
        <translation>„%1“ beginnt keine Bedingung. Setzen Sie Text, der es enthält, in Anführungszeichen.</translation>
    </message>
    <message>
        <source>“%1” is unknown. Press Ctrl+Space for the list of fields, or put text in quotes.</source>
        <translation>„%1“ ist unbekannt. Drücken Sie Strg+Leertaste für die Liste der Felder, oder setzen Sie Text in Anführungszeichen.</translation>
    </message>
    <message>
        <source>“%1” is unknown. Did you mean %2?</source>
        <translation>„%1“ ist unbekannt. Meinten Sie %2?</translation>
    </message>
    <message>
        <source>There is no saved filter named “%1”.</source>
        <translation>Einen gespeicherten Filter „%1“ gibt es nicht.</translation>
    </message>
    <message>
        <source>The saved filter “%1” contains itself.</source>
        <translation>Der gespeicherte Filter „%1“ enthält sich selbst.</translation>
    </message>
    <message>
        <source>The saved filter “%1” is wrong: %2</source>
        <translation>Der gespeicherte Filter „%1“ ist falsch: %2</translation>
    </message>
    <message>
        <source>“~” needs a text field; %1 is a %2. Use “:” or “&lt;”.</source>
        <translation>„~“ braucht ein Textfeld; %1 ist vom Typ %2. Nehmen Sie „:“ oder „&lt;“.</translation>
    </message>
    <message>
        <source>%1 has no order. Use “:” or “in” with a network.</source>
        <translation>%1 hat keine Reihenfolge. Nehmen Sie „:“ oder „in“ mit einem Netz.</translation>
    </message>
    <message>
        <source>“has” needs a text field; %1 is a %2.</source>
        <translation>„has“ braucht ein Textfeld; %1 ist vom Typ %2.</translation>
    </message>
    <message>
        <source>“between” needs a number or time; %1 is a %2.</source>
        <translation>„between“ braucht eine Zahl oder Zeit; %1 ist vom Typ %2.</translation>
    </message>
    <message>
        <source>“between” needs a range such as 12:00..12:05.</source>
        <translation>„between“ braucht einen Bereich wie 12:00..12:05.</translation>
    </message>
    <message>
        <source>“within” needs a time field such as ts.</source>
        <translation>„within“ braucht ein Zeitfeld wie ts.</translation>
    </message>
    <message>
        <source>“within last” needs a duration such as 15m.</source>
        <translation>„within last“ braucht eine Dauer wie 15m.</translation>
    </message>
    <message>
        <source>A value for %1 is missing.</source>
        <translation>Ein Wert für %1 fehlt.</translation>
    </message>
    <message>
        <source>“%1” is not a value. Put text that contains it in quotes.</source>
        <translation>„%1“ ist kein Wert. Setzen Sie Text, der es enthält, in Anführungszeichen.</translation>
    </message>
    <message>
        <source>The list is empty. Write values between the brackets, with commas.</source>
        <translation>Die Liste ist leer. Schreiben Sie Werte mit Kommas zwischen die Klammern.</translation>
    </message>
    <message>
        <source>A list cannot stand in a list.</source>
        <translation>Eine Liste kann nicht in einer Liste stehen.</translation>
    </message>
    <message>
        <source>The list is never closed. Add “)”.</source>
        <translation>Die Liste wird nie geschlossen. Fügen Sie „)“ an.</translation>
    </message>
    <message>
        <source>A range cannot be compared. Use “:” or “between”.</source>
        <translation>Ein Bereich ist nicht vergleichbar. Nehmen Sie „:“ oder „between“.</translation>
    </message>
    <message>
        <source>The pattern is wrong: %1.</source>
        <translation>Das Muster ist falsch: %1.</translation>
    </message>
    <message>
        <source>The quote is never closed. Add &quot; at the end.</source>
        <translation>Das Anführungszeichen wird nie geschlossen. Fügen Sie am Ende &quot; an.</translation>
    </message>
    <message>
        <source>The pattern is never closed. Add / at the end.</source>
        <translation>Das Muster wird nie geschlossen. Fügen Sie am Ende / an.</translation>
    </message>
    <message>
        <source>Write a duration such as 90s, 5m or 2h30m.</source>
        <translation>Schreiben Sie eine Dauer wie 90s, 5m oder 2h30m.</translation>
    </message>
    <message>
        <source>Write a time such as 12:05, 2026-11-22T12:05:00Z, now or -15m.</source>
        <translation>Schreiben Sie eine Zeit wie 12:05, 2026-11-22T12:05:00Z, now oder -15m.</translation>
    </message>
    <message>
        <source>Write a size such as 512, 4kB or 1MiB.</source>
        <translation>Schreiben Sie eine Größe wie 512, 4kB oder 1MiB.</translation>
    </message>
    <message>
        <source>Write one of: %1.</source>
        <translation>Schreiben Sie eines von: %1.</translation>
    </message>
    <message>
        <source>Write a number such as 5 or 12k.</source>
        <translation>Schreiben Sie eine Zahl wie 5 oder 12k.</translation>
    </message>
    <message>
        <source>“%1” is not a network. Write one such as 10.0.0.0/8 or 2001:db8::/32.</source>
        <translation>„%1“ ist kein Netz. Schreiben Sie eines wie 10.0.0.0/8 oder 2001:db8::/32.</translation>
    </message>
    <message>
        <source>The range %1 is upside down. Write the smaller value first.</source>
        <translation>Der Bereich %1 ist verkehrt herum. Schreiben Sie den kleineren Wert zuerst.</translation>
    </message>
    <message>
        <source>“%1” does not fit %2 (%3).</source>
        <translation>„%1“ passt nicht zu %2 (%3).</translation>
    </message>
    <message>
        <source>The quotes are empty. Write the text to look for between them.</source>
        <translation>Die Anführungszeichen sind leer. Der gesuchte Text gehört dazwischen.</translation>
    </message>
    <message>
        <source>Say which member of the event, for example data.actor.type.</source>
        <translation>Welches Feld des Ereignisses gemeint ist, fehlt, zum Beispiel data.actor.type.</translation>
    </message>
    <message>
        <source>A missing value equals nothing. Rows without %1 are found by %2.</source>
        <translation>Ein fehlender Wert ist keinem gleich. Zeilen ohne %1 findet %2.</translation>
    </message>
</context>
<context>
    <name>Monitor::RefreshChart</name>
    <message>
        <source>Refreshes by node</source>
        <translation>Erneuerungen nach Knoten</translation>
    </message>
    <message>
        <source>20 s a bar, one scale: succeeded, failed, planned</source>
        <translation>20 s je Balken, ein Maßstab: gelungen, gescheitert, geplant</translation>
    </message>
    <message>
        <source>%1: %2 refreshed and %3 failed in 5 minutes</source>
        <translation>%1: %2 erneuert und %3 gescheitert in 5 Minuten</translation>
    </message>
    <message>
        <source>unnamed</source>
        <translation>ohne Namen</translation>
    </message>
    <message>
        <source>%1 conn.</source>
        <translation>%1 Verb.</translation>
    </message>
    <message>
        <source>no refresh, 5 min</source>
        <translation>keine Erneuerung, 5 min</translation>
    </message>
    <message>
        <source>%1 succeed</source>
        <translation>%1 gelingen</translation>
    </message>
    <message numerus="yes">
        <source>%n more node(s)</source>
        <translation>
            <numerusform>ein weiterer Knoten</numerusform>
            <numerusform>%n weitere Knoten</numerusform>
        </translation>
    </message>
    <message>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
</context>
<context>
    <name>Monitor::RelatedView</name>
    <message>
        <source>Events of the same session</source>
        <translation>Ereignisse derselben Sitzung</translation>
    </message>
    <message>
        <source>No event of this session was received.</source>
        <translation>Von dieser Sitzung wurde kein Ereignis empfangen.</translation>
    </message>
    <message numerus="yes">
        <source>%n event(s) of this session</source>
        <translation>
            <numerusform>%n Ereignis dieser Sitzung</numerusform>
            <numerusform>%n Ereignisse dieser Sitzung</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::RowWindowModel</name>
    <message>
        <source>row %1 of %2</source>
        <translation>Zeile %1 von %2</translation>
    </message>
    <message>
        <source>The pattern takes too many steps and was given up. Write it without a repetition inside a repetition.</source>
        <translation>Das Muster braucht zu viele Schritte und wurde aufgegeben. Schreiben Sie es ohne Wiederholung in einer Wiederholung.</translation>
    </message>
    <message numerus="yes">
        <source>The pattern takes too many steps on %n text(s), which count as no match.</source>
        <translation>
            <numerusform>Das Muster braucht bei einem Text zu viele Schritte; er gilt als kein Treffer.</numerusform>
            <numerusform>Das Muster braucht bei %n Texten zu viele Schritte; sie gelten als kein Treffer.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::SaveFilterSheet</name>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Save the filter</source>
        <translation>Filter speichern</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Name, for example failing on gw-2</source>
        <translation>Name, zum Beispiel Fehler auf gw-2</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <source>The name is also how other filters use it: $name.</source>
        <translation>Unter dem Namen benutzen ihn auch andere Filter: $name.</translation>
    </message>
    <message>
        <source>$%1 exists; its text is replaced.</source>
        <translation>$%1 gibt es schon; der Text wird ersetzt.</translation>
    </message>
    <message>
        <source>Other filters use it as $%1.</source>
        <translation>Andere Filter benutzen ihn als $%1.</translation>
    </message>
    <message>
        <source>There are %1 saved filters already. Remove one first.</source>
        <translation>Es gibt schon %1 gespeicherte Filter. Zuerst muss einer entfernt werden.</translation>
    </message>
</context>
<context>
    <name>Monitor::SavedFilterItem</name>
    <message>
        <source>Saved filter %1, %2</source>
        <translation>Gespeicherter Filter %1, %2</translation>
    </message>
</context>
<context>
    <name>Monitor::SignInPanel</name>
    <message>
        <source>QR code with the address</source>
        <translation>QR-Code mit der Adresse</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Code</translation>
    </message>
    <message>
        <source>Use another device</source>
        <translation>Anderes Gerät benutzen</translation>
    </message>
    <message>
        <source>Sign in without storing</source>
        <translation>Anmelden, ohne zu speichern</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>Einen Moment</translation>
    </message>
    <message>
        <source>Go on in your browser</source>
        <translation>Weiter im Browser</translation>
    </message>
    <message>
        <source>Your browser shows the sign-in page. When you are done there, this window goes on by itself. If no browser opened, copy the link and open it yourself on this machine.</source>
        <translation>Ihr Browser zeigt die Anmeldeseite. Wenn Sie dort fertig sind, macht dieses Fenster von selbst weiter. Falls sich kein Browser geöffnet hat, kopieren Sie den Link und öffnen Sie ihn selbst auf diesem Rechner.</translation>
    </message>
    <message>
        <source>Sign in with another device</source>
        <translation>Mit einem anderen Gerät anmelden</translation>
    </message>
    <message>
        <source>Scan the picture with your telephone, or open the address on any device and type the code. This window goes on by itself.</source>
        <translation>Scannen Sie das Bild mit Ihrem Telefon, oder öffnen Sie die Adresse auf irgendeinem Gerät und geben Sie den Code ein. Dieses Fenster macht von selbst weiter.</translation>
    </message>
    <message>
        <source>The keychain is needed</source>
        <translation>Der Schlüsselbund wird gebraucht</translation>
    </message>
    <message>
        <source>%1 signed in</source>
        <translation>%1 hat sich angemeldet</translation>
    </message>
    <message>
        <source>On this machine the Monitor belongs to %1. Nothing has changed yet.</source>
        <translation>Auf diesem Rechner gehört der Monitor %1. Noch hat sich nichts geändert.</translation>
    </message>
    <message>
        <source>Change to %1</source>
        <translation>Zu %1 wechseln</translation>
    </message>
    <message>
        <source>Copy the code</source>
        <translation>Code kopieren</translation>
    </message>
    <message>
        <source>Copy the link</source>
        <translation>Link kopieren</translation>
    </message>
    <message>
        <source>Code: %1</source>
        <translation>Code: %1</translation>
    </message>
    <message>
        <source>The code is good for %1.</source>
        <translation>Der Code ist noch %1 gültig.</translation>
    </message>
</context>
<context>
    <name>Monitor::SignInSheet</name>
    <message>
        <source>Sign in again</source>
        <translation>Erneut anmelden</translation>
    </message>
</context>
<context>
    <name>Monitor::StatusBar</name>
    <message>
        <source>memory %1</source>
        <translation>Speicher %1</translation>
    </message>
    <message>
        <source>scrollback %1</source>
        <translation>Verlauf %1</translation>
    </message>
    <message>
        <source>UTC %1</source>
        <translation>UTC %1</translation>
    </message>
</context>
<context>
    <name>Monitor::SummaryView</name>
    <message>
        <source>Copy %1</source>
        <translation>%1 kopieren</translation>
    </message>
    <message>
        <source>now</source>
        <translation>jetzt</translation>
    </message>
</context>
<context>
    <name>Monitor::TabStrip</name>
    <message>
        <source>Parts of the detail</source>
        <translation>Teile der Details</translation>
    </message>
</context>
<context>
    <name>Monitor::TablePage</name>
    <message>
        <source>Following</source>
        <translation>Folgt</translation>
    </message>
    <message>
        <source>Columns</source>
        <translation>Spalten</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>Columns, %1 of %2 shown</source>
        <translation>Spalten, %1 von %2 angezeigt</translation>
    </message>
    <message>
        <source>Clear filter</source>
        <translation>Filter löschen</translation>
    </message>
    <message>
        <source>%1 selected</source>
        <translation>%1 ausgewählt</translation>
    </message>
    <message>
        <source>%1 selected, no more are possible</source>
        <translation>%1 ausgewählt, mehr sind nicht möglich</translation>
    </message>
    <message>
        <source>row %1 of %2</source>
        <translation>Zeile %1 von %2</translation>
    </message>
    <message>
        <source>hidden by the filter</source>
        <translation>vom Filter verborgen</translation>
    </message>
    <message>
        <source>Nothing to disconnect: no connection of the selection is open.</source>
        <translation>Nichts zu trennen: Keine Verbindung der Auswahl ist offen.</translation>
    </message>
    <message>
        <source>%1 (no room)</source>
        <translation>%1 (kein Platz)</translation>
    </message>
    <message>
        <source>Reset columns</source>
        <translation>Spalten zurücksetzen</translation>
    </message>
    <message>
        <source>Filter out: %1</source>
        <translation>Ausschließen: %1</translation>
    </message>
    <message>
        <source>Filter by: %1</source>
        <translation>Filtern nach: %1</translation>
    </message>
    <message>
        <source>Copy value</source>
        <translation>Wert kopieren</translation>
    </message>
    <message>
        <source>Copy rows</source>
        <translation>Zeilen kopieren</translation>
    </message>
    <message>
        <source>Ctrl+C</source>
        <translation>Strg+C</translation>
    </message>
    <message>
        <source>Copy rows as JSON</source>
        <translation>Zeilen als JSON kopieren</translation>
    </message>
    <message>
        <source>Ctrl+Shift+C</source>
        <translation>Strg+Umschalt+C</translation>
    </message>
    <message>
        <source>Open the detail</source>
        <translation>Details öffnen</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Leertaste</translation>
    </message>
    <message>
        <source>Copied the first %1 of %2 rows.</source>
        <translation>Die ersten %1 von %2 Zeilen kopiert.</translation>
    </message>
    <message numerus="yes">
        <source>Copied %n row(s).</source>
        <translation>
            <numerusform>Eine Zeile kopiert.</numerusform>
            <numerusform>%n Zeilen kopiert.</numerusform>
        </translation>
    </message>
    <message>
        <source>What matches the filter is highlighted, the rest stays. F3 goes to the next.</source>
        <translation>Was dem Filter entspricht, ist hervorgehoben, der Rest bleibt. F3 geht zum nächsten.</translation>
    </message>
    <message>
        <source>What does not match the filter is hidden.</source>
        <translation>Was dem Filter nicht entspricht, ist ausgeblendet.</translation>
    </message>
    <message>
        <source>No match further down.</source>
        <translation>Weiter unten kein Treffer.</translation>
    </message>
    <message>
        <source>No match further up.</source>
        <translation>Weiter oben kein Treffer.</translation>
    </message>
    <message>
        <source>Alt+Click</source>
        <translation>Alt+Klick</translation>
    </message>
    <message>
        <source>Alt+Shift+Click</source>
        <translation>Alt+Umschalt+Klick</translation>
    </message>
    <message>
        <source>Only: %1</source>
        <translation>Nur: %1</translation>
    </message>
    <message>
        <source>Copy as incident note</source>
        <translation>Als Vorfallnotiz kopieren</translation>
    </message>
    <message numerus="yes">
        <source>Copied a note with %n row(s).</source>
        <translation>
            <numerusform>Notiz mit einer Zeile kopiert.</numerusform>
            <numerusform>Notiz mit %n Zeilen kopiert.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Monitor::TailBanner</name>
    <message>
        <source>Follow</source>
        <translation>Folgen</translation>
    </message>
    <message>
        <source>End</source>
        <translation>Ende</translation>
    </message>
    <message>
        <source>Events are still stored</source>
        <translation>Ereignisse werden weiter gespeichert</translation>
    </message>
</context>
<context>
    <name>Monitor::TailEdge</name>
    <message>
        <source>Follow with End</source>
        <translation>Folgen mit Ende</translation>
    </message>
</context>
<context>
    <name>Monitor::Text</name>
    <message>
        <source>%1 %</source>
        <translation>%1 %</translation>
    </message>
    <message>
        <source>%1 d %2 h</source>
        <translation>%1 T %2 h</translation>
    </message>
    <message>
        <source>Info</source>
        <translation>Info</translation>
    </message>
    <message>
        <source>OK</source>
        <translation>OK</translation>
    </message>
    <message>
        <source>Warning</source>
        <translation>Warnung</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Critical</source>
        <translation>Kritisch</translation>
    </message>
    <message>
        <source>Notice</source>
        <translation>Hinweis</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Offen</translation>
    </message>
    <message>
        <source>Expiring</source>
        <translation>Läuft ab</translation>
    </message>
    <message>
        <source>Failing</source>
        <translation>Gestört</translation>
    </message>
    <message>
        <source>Closed</source>
        <translation>Beendet</translation>
    </message>
    <message>
        <source>Revoked</source>
        <translation>Widerrufen</translation>
    </message>
    <message>
        <source>Gone</source>
        <translation>Entfernt</translation>
    </message>
    <message>
        <source>Unknown</source>
        <translation>Unbekannt</translation>
    </message>
</context>
<context>
    <name>Monitor::TimelineView</name>
    <message>
        <source>exp %1, revoked</source>
        <translation>bis %1, widerrufen</translation>
    </message>
    <message>
        <source>signed out %1</source>
        <translation>abgemeldet %1</translation>
    </message>
    <message>
        <source>expired %1</source>
        <translation>abgelaufen %1</translation>
    </message>
    <message>
        <source>opaque token, expiry not stated</source>
        <translation>undurchsichtiges Token, Ablauf nicht angegeben</translation>
    </message>
    <message>
        <source>exp %1</source>
        <translation>bis %1</translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1: %2</translation>
    </message>
    <message>
        <source>Refreshes per second</source>
        <translation>Erneuerungen je Sekunde</translation>
    </message>
    <message>
        <source>all sessions, %1 a bar,</source>
        <translation>alle Sitzungen, %1 je Balken,</translation>
    </message>
    <message>
        <source>%1 s</source>
        <translation>%1 s</translation>
    </message>
    <message>
        <source>%1 min</source>
        <translation>%1 min</translation>
    </message>
    <message>
        <source>filled is done, hollow is planned</source>
        <translation>voll: erledigt, hohl: geplant</translation>
    </message>
    <message>
        <source>%1/s at %2</source>
        <translation>%1/s um %2</translation>
    </message>
    <message>
        <source>next wave %1, %2/s</source>
        <translation>nächste Welle %1, %2/s</translation>
    </message>
    <message>
        <source>%1, following now</source>
        <translation>%1, folgt dem Jetzt</translation>
    </message>
    <message>
        <source>%1, detached</source>
        <translation>%1, losgelöst</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>All sessions</source>
        <translation>Alle Sitzungen</translation>
    </message>
    <message numerus="yes">
        <source>%n session(s) a row; the most severe state of each cell wins</source>
        <translation>
            <numerusform>%n Sitzung je Zeile; der schwerste Zustand jeder Zelle zählt</numerusform>
            <numerusform>%n Sitzungen je Zeile; der schwerste Zustand jeder Zelle zählt</numerusform>
        </translation>
    </message>
    <message>
        <source>%1 retrying</source>
        <translation>%1 versuchen es neu</translation>
    </message>
    <message>
        <source>%1 refreshed</source>
        <translation>%1 erneuert</translation>
    </message>
    <message>
        <source>access</source>
        <translation>Access</translation>
    </message>
    <message>
        <source>refresh margin</source>
        <translation>Vorlauf</translation>
    </message>
    <message>
        <source>spent</source>
        <translation>verbraucht</translation>
    </message>
    <message>
        <source>refresh token</source>
        <translation>Refresh</translation>
    </message>
    <message>
        <source>refreshed</source>
        <translation>erneuert</translation>
    </message>
    <message>
        <source>planned</source>
        <translation>geplant</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>gescheitert</translation>
    </message>
    <message>
        <source>no token</source>
        <translation>kein Token</translation>
    </message>
    <message>
        <source>reuse</source>
        <translation>doppelt</translation>
    </message>
    <message>
        <source>revoked</source>
        <translation>widerrufen</translation>
    </message>
    <message>
        <source>signed out</source>
        <translation>abgemeldet</translation>
    </message>
    <message>
        <source>Timeline of token lifetimes</source>
        <translation>Zeitachse der Tokenlaufzeiten</translation>
    </message>
    <message>
        <source>%1 h</source>
        <translation>%1 h</translation>
    </message>
    <message>
        <source>%1 to %2</source>
        <translation>%1 bis %2</translation>
    </message>
</context>
<context>
    <name>Monitor::TokenLanesModel</name>
    <message>
        <source>no token</source>
        <translation>kein Token</translation>
    </message>
    <message>
        <source>revoked</source>
        <translation>widerrufen</translation>
    </message>
    <message>
        <source>signed out</source>
        <translation>abgemeldet</translation>
    </message>
    <message>
        <source>expired %1</source>
        <translation>abgelaufen %1</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>%1, %2, %3, token left %4</source>
        <translation>%1, %2, %3, Tokenrest %4</translation>
    </message>
    <message>
        <source>, %1 failed renewals</source>
        <translation>, %1 fehlgeschlagene Erneuerungen</translation>
    </message>
    <message>
        <source>%1 sessions, %2 failing</source>
        <translation>%1 Sitzungen, %2 gestört</translation>
    </message>
    <message>
        <source>Refreshed at %1</source>
        <translation>Erneuert um %1</translation>
    </message>
    <message>
        <source>Refresh expected at %1</source>
        <translation>Erneuerung um %1 erwartet</translation>
    </message>
    <message>
        <source>Refresh failed, first try at %1</source>
        <translation>Erneuerung fehlgeschlagen, erster Versuch um %1</translation>
    </message>
    <message>
        <source>Refresh failed %1 times, first try at %2</source>
        <translation>Erneuerung %1-mal fehlgeschlagen, erster Versuch um %2</translation>
    </message>
    <message>
        <source>Revoked at %1</source>
        <translation>Widerrufen um %1</translation>
    </message>
    <message>
        <source>Spent refresh token used again at %1</source>
        <translation>Verbrauchtes Refresh-Token um %1 erneut benutzt</translation>
    </message>
    <message>
        <source>Signed out at %1</source>
        <translation>Abgemeldet um %1</translation>
    </message>
    <message>
        <source>Expired at %1</source>
        <translation>Abgelaufen um %1</translation>
    </message>
    <message>
        <source>No valid token for %1, from %2</source>
        <translation>%1 ohne gültiges Token, ab %2</translation>
    </message>
    <message>
        <source>%1 tokens, %2 to %3</source>
        <translation>%1 Tokens, %2 bis %3</translation>
    </message>
    <message>
        <source>Access token</source>
        <translation>Access-Token</translation>
    </message>
    <message>
        <source>Refresh token</source>
        <translation>Refresh-Token</translation>
    </message>
    <message>
        <source>%1 since %2, expiry not stated</source>
        <translation>%1 seit %2, Ablauf nicht angegeben</translation>
    </message>
    <message>
        <source>%1 from %2, expires %3</source>
        <translation>%1 ab %2, läuft ab %3</translation>
    </message>
    <message>
        <source>ended</source>
        <translation>beendet</translation>
    </message>
    <message>
        <source>%1, ended</source>
        <translation>%1, beendet</translation>
    </message>
</context>
<context>
    <name>Monitor::TokensPage</name>
    <message>
        <source>None</source>
        <translation>Keine</translation>
    </message>
    <message>
        <source>Node</source>
        <translation>Knoten</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>Client</source>
        <translation>Client</translation>
    </message>
    <message>
        <source>Next to expire</source>
        <translation>Bald ablaufend</translation>
    </message>
    <message>
        <source>Most failures</source>
        <translation>Meiste Fehler</translation>
    </message>
    <message>
        <source>Newest</source>
        <translation>Neueste</translation>
    </message>
    <message>
        <source>Following</source>
        <translation>Folgt</translation>
    </message>
    <message>
        <source>Filter sessions</source>
        <translation>Sitzungen filtern</translation>
    </message>
    <message>
        <source>Group</source>
        <translation>Gruppe</translation>
    </message>
    <message>
        <source>Sort</source>
        <translation>Sortierung</translation>
    </message>
    <message>
        <source>Detached</source>
        <translation>Losgelöst</translation>
    </message>
    <message>
        <source>Following now. Press to detach.</source>
        <translation>Folgt dem Jetzt. Drücken zum Lösen.</translation>
    </message>
    <message>
        <source>Detached. Press to jump to now.</source>
        <translation>Losgelöst. Drücken, um zum Jetzt zu springen.</translation>
    </message>
    <message>
        <source>Jump to now (N)</source>
        <translation>Zum Jetzt springen (N)</translation>
    </message>
    <message>
        <source>Group by: %1</source>
        <translation>Gruppieren nach: %1</translation>
    </message>
    <message>
        <source>Sort: %1</source>
        <translation>Sortierung: %1</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>Tokens</translation>
    </message>
    <message>
        <source>The filter hides all %1 sessions</source>
        <translation>Der Filter verbirgt alle %1 Sitzungen</translation>
    </message>
    <message>
        <source>A file has no live tokens</source>
        <translation>Eine Datei hat keine aktiven Tokens</translation>
    </message>
    <message>
        <source>No token yet</source>
        <translation>Noch kein Token</translation>
    </message>
    <message>
        <source>Clear it to see every session.</source>
        <translation>Löschen Sie ihn, um alle Sitzungen zu sehen.</translation>
    </message>
    <message>
        <source>An audit file is open. Its events are on the page Audit.</source>
        <translation>Eine Auditdatei ist geöffnet. Ihre Ereignisse stehen auf der Seite Audit.</translation>
    </message>
    <message>
        <source>As soon as somebody signs in, the life of each token appears here.</source>
        <translation>Sobald sich jemand anmeldet, erscheint hier das Leben jedes Tokens.</translation>
    </message>
    <message>
        <source>Clear filter</source>
        <translation>Filter löschen</translation>
    </message>
    <message>
        <source>%1 of %2 sessions</source>
        <translation>%1 von %2 Sitzungen</translation>
    </message>
    <message>
        <source>server time, %1</source>
        <translation>Serverzeit, %1</translation>
    </message>
    <message>
        <source>Copied the sentence of the lane.</source>
        <translation>Satz der Spur kopiert.</translation>
    </message>
    <message>
        <source>Nothing to disconnect: no connection of the selection is open.</source>
        <translation>Nichts zu trennen: Keine Verbindung der Auswahl ist offen.</translation>
    </message>
</context>
<context>
    <name>Monitor::TopBar</name>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Forward</source>
        <translation>Vor</translation>
    </message>
    <message>
        <source>DEMO</source>
        <translation>DEMO</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>A throw-away gateway on this machine with made-up people.</source>
        <translation>Ein Wegwerf-Gateway auf diesem Rechner mit erfundenen Personen.</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>High contrast</source>
        <translation>Hoher Kontrast</translation>
    </message>
    <message>
        <source>Connect to a server…</source>
        <translation>Mit einem Server verbinden…</translation>
    </message>
    <message>
        <source>Open an audit file…</source>
        <translation>Auditdatei öffnen…</translation>
    </message>
    <message>
        <source>No server</source>
        <translation>Kein Server</translation>
    </message>
    <message>
        <source>Not signed in</source>
        <translation>Nicht angemeldet</translation>
    </message>
    <message>
        <source>Operator %1</source>
        <translation>Operator %1</translation>
    </message>
    <message>
        <source>Sign out</source>
        <translation>Abmelden</translation>
    </message>
</context>
<context>
    <name>Monitor::Workspace</name>
    <message>
        <source>no gateway</source>
        <translation>kein Gateway</translation>
    </message>
</context>
</TS>
