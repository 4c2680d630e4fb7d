// The server's side of a WebSocket (RFC 6455), as small as a test needs it: texts go out, a close comes in.

import { createHash } from 'node:crypto';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function frame(opcode, payload) {
  const head = [0x80 | opcode];
  if (payload.length < 126) head.push(payload.length);
  else if (payload.length < 65_536) head.push(126, payload.length >> 8, payload.length & 255);
  else {
    head.push(127, 0, 0, 0, 0);
    for (const shift of [24, 16, 8, 0]) head.push((payload.length >> shift) & 255);
  }
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Takes an upgrade; gives `send(text)` and `close()`, and calls `closed` at the end. */
export function accept(request, socket, closed) {
  const key = request.headers['sec-websocket-key'];
  const proof = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`,
  );
  let open = true;
  const end = () => {
    if (!open) return;
    open = false;
    socket.destroy();
    closed();
  };
  socket.on('data', (bytes) => {
    // Only a close matters here: opcode 8.
    if ((bytes[0] & 15) === 8) end();
  });
  socket.on('close', end);
  socket.on('error', end);
  return {
    send: (text) => open && socket.write(frame(1, Buffer.from(text))),
    close: end,
  };
}
