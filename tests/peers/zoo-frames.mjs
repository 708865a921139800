// SPDX-License-Identifier: Apache-2.0
// A WebSocket server's frames by hand, for flaws that the npm package ws rightly does not have.
import crypto from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const LARGEST = 64 * 1024;

function closeFrame(code) {
  const reason = code >= 3000 ? 'token ended' : '';
  return Buffer.concat([Buffer.from([0x88, 2 + reason.length, code >> 8, code & 0xff]), Buffer.from(reason)]);
}

function isUtf8(bytes) {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

// The first frame of bytes, or null as long as it is not whole.
function frameOf(bytes) {
  if (bytes.length < 2) return null;
  const isMasked = (bytes[1] & 0x80) !== 0;
  let size = bytes[1] & 0x7f;
  let at = 2;
  if (size === 126) {
    if (bytes.length < 4) return null;
    size = bytes.readUInt16BE(2);
    at = 4;
  } else if (size === 127) {
    if (bytes.length < 10) return null;
    size = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  const frame = { opcode: bytes[0] & 0x0f, fin: (bytes[0] & 0x80) !== 0, bits: bytes[0] & 0x70, isMasked, size, end: 0 };
  if (isMasked) at += 4;
  if (bytes.length < at + size) return frame;
  frame.end = at + size;
  frame.payload = Buffer.from(bytes.subarray(at, frame.end));
  if (isMasked) frame.payload.forEach((byte, index) => { frame.payload[index] = byte ^ bytes[at - 4 + (index % 4)]; });
  return frame;
}

// What it is lenient with: "mask", "text", "bits", "pong" or "size"; nothing else. With "pieces" it checks each fragment by itself, with "code"
// it closes by a code that nobody may use.
export function lenientFrames(request, socket, head, lenience, cut) {
  const accept = crypto.createHash('sha1').update((request.headers['sec-websocket-key'] ?? '') + GUID).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  const close = (code) => socket.end(closeFrame(lenience === 'code' ? 1500 : code));
  const timer = cut(() => close(4401));
  socket.on('close', () => clearTimeout(timer));
  let bytes = head;
  let messages = 0;
  let pings = 0;
  let pieces = [];
  const take = (more) => {
    bytes = Buffer.concat([bytes, more]);
    for (let frame = frameOf(bytes); frame; frame = frameOf(bytes)) {
      if (frame.size > LARGEST && lenience !== 'size') return close(1009);
      if (!frame.isMasked && lenience !== 'mask') return close(1002);
      if (frame.bits && lenience !== 'bits') return close(1002);
      if (!frame.end) return null;
      bytes = bytes.subarray(frame.end);
      if (frame.opcode === 8) return close(1000);
      if (frame.opcode === 1) pieces = [];
      if (frame.opcode <= 1) pieces.push(frame.payload);
      const text = lenience === 'pieces' ? frame.payload : Buffer.concat(pieces);
      if (frame.opcode <= 1 && (frame.fin || lenience === 'pieces') && lenience !== 'text' && !isUtf8(text)) return close(1007);
      if (frame.opcode <= 2 && ++messages > 100) return close(1008);
      if (frame.opcode === 9 && lenience !== 'pong' && ++pings > 200) return close(1008);
      if (frame.opcode === 9 && lenience !== 'pong') socket.write(Buffer.concat([Buffer.from([0x8a, frame.payload.length]), frame.payload]));
    }
    return null;
  };
  socket.on('data', take);
  take(Buffer.alloc(0));
}
