// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "relay/controlfilter.h"
#include "relay/messagereceipts.h"
#include "relay/relayevents.h"
#include "relay/relayleg.h"
#include "relay/upstreampulse.h"

namespace Watchword::Gateway {

/*! What a relay has to know about its client. */
struct RelayTerms
{
    bool speaksControl = false; //!< watchword.v1
    EndpointLimits limits;
    RateShares shares;
    QString sender; //!< SeenIds::senderOf(); empty where nothing is acknowledged.
    std::shared_ptr<TakenIds> taken;
    std::chrono::milliseconds heartbeat{25'000}; //!< Of both.
};

/*!
    Joins a client with its upstream, in their reactor: what one sends goes to the other piece by piece, and no message crosses
    a thread. Of a client that speaks watchword.v1 control frames are collected: "msg" is answered here, when the operating
    system has all bytes of it; the others go to the Qt thread. The client's limits are judged by the announced lengths.

        AwaitsHello -- first text of the Qt thread --> Open -- finishAnswers() --> Answering
        any of them -- one leg closes, breaks or ends; end(); a limit --> Ending: nothing is relayed any more

    - A client without control frames is Open from the start. While AwaitsHello the upstream is not read: "hello" comes first.
    - Answering: no new message of the client is taken, and the upstream's answers still go to it. A WebSocket ping behind the
      last message tells: servers answer it in its turn. After kAnswerTime it is over anyway.
    - Ending: the other leg is closed. The upstream is told what the client said (RelayLink::codeForUpstream()); what was
      accepted for it still goes out, for kFinishTime. The client is closed by the Qt thread, which says "bye" first.

    Back-pressure: where one side reads slower than the other sends, the other is not read. A side that takes nothing for as
    long as its stream allows ends the connection (4440 for the client, 1013 for the upstream).
    A client that sends too fast is not read for a while where the endpoint says so (EndpointLimits::WhenTooFast).
    A silent upstream is pinged, and given up when it does not answer (UpstreamPulse).

    Life cycle: begin() once; it lives as long as one of its legs. Threads: the reactor's.
*/
class RelayLink final : public RelayLegUser, public std::enable_shared_from_this<RelayLink>
{
public:
    static constexpr std::size_t kHighWater = 256 * 1024; //!< Unsent bytes of one side that stop reading the other.
    static constexpr std::size_t kLargestControl = 16 * 1024 * 1024; //!< Where the endpoint has no limit.
    static constexpr std::size_t kMostWaiting = 256 * 1024; //!< Texts of the Qt thread behind a message that goes on.
    static constexpr std::chrono::milliseconds kAnswerTime{1000};
    static constexpr std::chrono::milliseconds kFinishTime{5000};

    //! \a client has got its 101; \a upstream is null if it has gone meanwhile.
    static void begin(BridgePort &port, Net::Stream &client, Net::Stream *upstream, RelayTerms terms,
                      std::shared_ptr<SocketGauge> gauge);

    //! Of the stream of a client; null if it is none that is relayed.
    static RelayLink *of(Net::Stream *client);
    void setLimits(const EndpointLimits &limits, RateShares shares, std::chrono::milliseconds heartbeat);
    void finishAnswers();
    void end() { startEnding(1001, {}); }

    void frameAnnounced(RelayLeg &leg, const Wire::FrameHeader &header) override;
    void pieceReceived(RelayLeg &leg, Wire::MutableBytes bytes, bool isLast) override;
    void pongReceived(RelayLeg &leg, Wire::Bytes payload) override;
    void roundTripMeasured(RelayLeg &, std::chrono::milliseconds time) override { m_gauge->roundTrip = time.count(); }
    void batchEnded(RelayLeg &leg, std::size_t size) override;
    void flushed(RelayLeg &leg) override;
    void controlsFlooded(RelayLeg &leg) override;
    void quiet(RelayLeg &leg) override;
    void failing(RelayLeg &leg, const Net::WebSocketEnd &end) override;
    void closing(RelayLeg &leg, const Net::WebSocketEnd &end) override;
    void ended(RelayLeg &leg, const Net::WebSocketEnd &end) override;
    void execute(RelayLeg &leg, ToReactor &command) override;
    void roomCame(RelayLeg &leg) override;

private:
    enum class State { AwaitsHello, Open, Answering, Ending };
    //! What becomes of the message that a side is sending. Escaping: its first byte may need a mark before it.
    enum class Course { Drop, Undecided, Escaping, Passing };

    template <void (RelayLink::*Due)()>
    class LinkTimer final : public Net::TimingWheel::Timer
    {
    public:
        explicit LinkTimer(RelayLink &link)
            : m_link(link)
        {
        }

    private:
        void due() override { (m_link.*Due)(); }
        RelayLink &m_link;
    };

    RelayLink(BridgePort &port, RelayTerms terms, std::shared_ptr<SocketGauge> gauge, const Net::StreamId &client);
    void pieceOfClient(Wire::MutableBytes bytes, bool isLast);
    void pieceOfUpstream(Wire::MutableBytes bytes, bool isLast);
    void controlReceived(const std::vector<std::uint8_t> &text);
    bool takeMessage(const QString &text); // false: it is no valid "msg"
    void acknowledge(const QString &id);
    void acknowledgeSent();
    void sendToClient(Wire::Bytes text);
    void answered();
    void upstreamEnded(std::uint16_t code, const std::string &reason, bool isClosed);
    void tell(const LimitBreach &breach);
    void breach(const LimitBreach &breach);
    void holdBack(const LimitBreach &breach, const Wire::FrameHeader &header); //!< Not read until the rates are kept again.
    void heldLongEnough();
    bool isClientPaused() const { return m_isClientHeld || m_waitsForRoom || m_brake.isActive(); }
    void startEnding(std::uint16_t code, std::string_view reason);
    void watchMessageTime();
    void balance();
    void pauseClient();
    void post(std::shared_ptr<const BridgeEvent> event)
    {
        m_port.send({ToCore::Kind::Event, m_clientId, {}, {}, {}, std::move(event)});
    }
    Instant now() const { return Instant(std::chrono::duration_cast<Duration>(m_port.reactor().now().time_since_epoch())); }

    BridgePort &m_port;
    const Net::StreamId m_clientId;
    const std::shared_ptr<SocketGauge> m_gauge;
    MessageReceipts m_receipts;
    std::chrono::milliseconds m_heartbeat;
    const bool m_speaksControl;
    RelayMeter m_meter;
    State m_state;
    RelayLeg *m_client = nullptr;
    RelayLeg *m_upstream = nullptr;
    ControlFilter m_filter;
    Course m_ofClient = Course::Drop;
    Wire::Opcode m_clientType = Wire::Opcode::Binary;
    Course m_ofUpstream = Course::Drop;
    Wire::Opcode m_upstreamType = Wire::Opcode::Binary;
    bool m_isClientHeld = false; // because of the upstream
    bool m_waitsForRoom = false; // because of the Qt thread
    bool m_isMessageTimed = false; // and the deadline of the client's leg is its
    bool m_isUpstreamHeld = false;
    UpstreamPulse m_pulse;
    bool m_isTrafficCounted = false; // in the batch that is read
    LinkTimer<&RelayLink::answered> m_answerTimer;
    std::optional<Wire::FrameHeader> m_heldFrame; // of the client; what follows it is not parsed yet
    LinkTimer<&RelayLink::heldLongEnough> m_brake;
};

} // namespace Watchword::Gateway
