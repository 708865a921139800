# SPDX-License-Identifier: Apache-2.0
"""A transmitter of security events by poll, written from RFC 8936 and Shared Signals Framework 1.0, with nothing but Python's library.

usage: ssf-transmitter.py FOLDER ISSUER TOKEN   with server.pem and server.key in FOLDER. Prints "READY <port>", then a line for each
thing that happens: "STREAM", "VERIFY <stream> <state>", "POLL", "ACK <jti>", "ERR <jti> <word>", "REFUSED <why>".

Lines of the input: "SET <jti> <token>" puts a token into the stream, "FAIL <n>" answers the next n polls with 500 and takes nothing of them.
"""
import http.server
import json
import ssl
import sys
import threading

folder, issuer, token = sys.argv[1:4]
lock = threading.Lock()
queue = {}  # by jti, in order, until it is acknowledged
stream = None
fail = 0


def told(*words):
    print(*words, flush=True)


class Transmitter(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def answer(self, status, body=None):
        data = b'' if body is None else json.dumps(body).encode()
        self.send_response(status)
        if body is not None:
            self.send_header('Content-Type', 'application/json')
        self.send_header('Cache-Control', 'no-store')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def allowed(self):
        if self.headers.get('Authorization') == f'Bearer {token}':
            return True
        told('REFUSED', 'credential')
        self.answer(401, {'err': 'authentication_failed', 'description': 'who are you'})
        return False

    def body(self):
        if self.headers.get('Content-Type', '').split(';')[0].strip() != 'application/json':
            told('REFUSED', 'content type')
            raise ValueError
        return json.loads(self.rfile.read(int(self.headers['Content-Length'])))

    def url(self, path):
        return f'https://127.0.0.1:{server.server_address[1]}{path}'

    def do_GET(self):
        if self.path == '/.well-known/ssf-configuration':
            self.answer(200, {'spec_version': '1_0', 'issuer': issuer, 'jwks_uri': f'{issuer}/jwks',
                              'delivery_methods_supported': ['urn:ietf:rfc:8936'],
                              'configuration_endpoint': self.url('/streams'), 'verification_endpoint': self.url('/verify')})
        elif self.path == '/streams' and self.allowed():
            self.answer(404) if stream is None else self.answer(200, [stream])

    def do_POST(self):
        global stream
        if not self.allowed():
            return
        try:
            body = self.body()
        except ValueError:
            self.answer(400, {'err': 'invalid_request', 'description': 'no JSON'})
            return
        if self.path == '/streams':
            if body.get('delivery', {}).get('method') != 'urn:ietf:rfc:8936' or not body.get('events_requested'):
                told('REFUSED', 'stream')
                self.answer(400)
                return
            stream = {'stream_id': 'st-1', 'iss': issuer, 'aud': 'app', 'events_requested': body['events_requested'],
                      'events_delivered': body['events_requested'],
                      'delivery': {'method': 'urn:ietf:rfc:8936', 'endpoint_url': self.url('/poll')}}
            told('STREAM')
            self.answer(201, stream)
        elif self.path == '/verify':
            told('VERIFY', body['stream_id'], body['state'])
            self.answer(204)
        elif self.path == '/poll':
            self.poll(body)
        else:
            self.answer(404)

    # RFC 8936 section 2.4.
    def poll(self, body):
        global fail
        if set(body) - {'maxEvents', 'returnImmediately', 'ack', 'setErrs'}:
            told('REFUSED', 'members')
            self.answer(400)
            return
        told('POLL')
        with lock:
            if fail > 0:
                fail -= 1
                self.answer(500, {'err': 'internal', 'description': 'try again'})
                return
            for jti in body.get('ack', []):
                told('ACK', jti)
                queue.pop(jti, None)
            for jti, error in body.get('setErrs', {}).items():
                told('ERR', jti, error['err'])
                queue.pop(jti, None)
            most = body.get('maxEvents', 10)
            sets = dict(list(queue.items())[:most])
            self.answer(200, {'sets': sets, 'moreAvailable': len(queue) > len(sets)})


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Transmitter)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(f'{folder}/server.pem', f'{folder}/server.key')
server.socket = tls.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
told('READY', server.server_address[1])
for line in sys.stdin:
    words = line.split()
    with lock:
        if words[:1] == ['SET']:
            queue[words[1]] = words[2]
        elif words[:1] == ['FAIL']:
            fail = int(words[1])
