/** What may stand between a process and its PostgreSQL: a line that goes dead, and a pooler in transaction mode. */
import * as net from 'node:net';
import { Client } from 'pg';

export interface Proxy {
  /** Of the same database, through the proxy. */
  readonly url: string;
  close(): Promise<void>;
}

async function listening(server: net.Server, url: string, sockets: Set<net.Socket>): Promise<Proxy> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = new URL(url);
  address.hostname = '127.0.0.1';
  address.port = String((server.address() as net.AddressInfo).port);
  return {
    url: address.href,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function connectTo(url: string): net.Socket {
  const { hostname, port } = new URL(url);
  return net.connect(Number(port), hostname);
}

export interface DeadLineProxy extends Proxy {
  /** From now on nothing passes on the connections there are, and neither side is told. New connections work. */
  goDead(): void;
  connections(): number;
}

/** Passes everything on until it is told not to: then both ends have a connection that only seems open. */
export async function deadLineProxy(url: string): Promise<DeadLineProxy> {
  const sockets = new Set<net.Socket>();
  const dead = new WeakSet<net.Socket>();
  let connections = 0;
  const server = net.createServer((front) => {
    connections += 1;
    const back = connectTo(url);
    for (const [from, to] of [
      [front, back],
      [back, front],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => {
        if (!dead.has(front)) to.write(data);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        if (!dead.has(front)) to.destroy();
      });
    }
    fronts.add(front);
  });
  const fronts = new Set<net.Socket>();
  const proxy = await listening(server, url, sockets);
  return {
    ...proxy,
    connections: () => connections,
    goDead: () => {
      for (const front of fronts) dead.add(front);
    },
  };
}

const READY = 'Z'.charCodeAt(0);
const TERMINATE = 'X'.charCodeAt(0);
const IDLE = 'I'.charCodeAt(0);

/** The protocol's messages: a byte that tells the type, four that tell the length. */
function* messages(buffer: { rest: Buffer }): Generator<Buffer> {
  while (buffer.rest.length >= 5) {
    const length = buffer.rest.readUInt32BE(1) + 1;
    if (buffer.rest.length < length) return;
    yield buffer.rest.subarray(0, length);
    buffer.rest = buffer.rest.subarray(length);
  }
}

interface Backend {
  readonly socket: net.Socket;
  readonly buffer: { rest: Buffer };
  onMessage: (message: Buffer) => void;
}

/**
 * A pooler in transaction mode: each transaction of a client runs on another of few server connections, which forgets
 * everything that belongs to a session (LISTEN, settings, session locks, prepared statements) afterwards.
 */
export async function transactionPooler(url: string, size = 3): Promise<Proxy> {
  const clients: Client[] = [];
  const free: Backend[] = [];
  const waiting: ((backend: Backend) => void)[] = [];
  const sockets = new Set<net.Socket>();
  for (let index = 0; index < size; index++) {
    // The driver logs in; its socket is taken over then.
    const client = new Client({ connectionString: url });
    await client.connect();
    clients.push(client);
    const socket = (client as unknown as { connection: { stream: net.Socket } }).connection.stream;
    for (const name of ['data', 'end', 'close', 'error']) socket.removeAllListeners(name);
    const backend: Backend = { socket, buffer: { rest: Buffer.alloc(0) }, onMessage: () => undefined };
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => {
      backend.buffer.rest = Buffer.concat([backend.buffer.rest, data]);
      for (const message of messages(backend.buffer)) backend.onMessage(Buffer.from(message));
    });
    sockets.add(socket);
    free.push(backend);
  }
  const take = (): Promise<Backend> => {
    const backend = free.shift();
    return backend === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(backend);
  };
  const giveBack = (backend: Backend): void => {
    backend.onMessage = (message) => {
      if (message[0] !== READY) return;
      backend.onMessage = () => undefined;
      const next = waiting.shift();
      if (next === undefined) free.push(backend);
      else next(backend);
    };
    backend.socket.write(simpleQuery('discard all'));
  };

  const server = net.createServer((front) => {
    // Messages go one by one: each would wait for the last one's acknowledgement.
    front.setNoDelay(true);
    sockets.add(front);
    front.on('error', () => undefined);
    const buffer = { rest: Buffer.alloc(0) };
    let started = false;
    let backend: Backend | undefined;
    let queue: Buffer[] = [];
    let asking = false;
    const forward = (message: Buffer): void => {
      if (backend !== undefined) {
        backend.socket.write(message);
        return;
      }
      queue.push(message);
      if (asking) return;
      asking = true;
      void take().then((taken) => {
        asking = false;
        backend = taken;
        taken.onMessage = (answer) => {
          front.write(answer);
          if (answer[0] !== READY || answer[5] !== IDLE) return;
          backend = undefined;
          giveBack(taken);
        };
        for (const one of queue) taken.socket.write(one);
        queue = [];
      });
    };
    front.on('data', (data: Buffer) => {
      buffer.rest = Buffer.concat([buffer.rest, data]);
      if (!started) {
        const length = buffer.rest.readUInt32BE(0);
        if (buffer.rest.length < length) return;
        buffer.rest = buffer.rest.subarray(length);
        started = true;
        front.write(welcome());
      }
      for (const message of messages(buffer)) {
        if (message[0] === TERMINATE) front.end();
        else forward(Buffer.from(message));
      }
    });
  });
  return listening(server, url, sockets);
}

function simpleQuery(text: string): Buffer {
  return framed('Q', Buffer.from(`${text}\0`));
}

function framed(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Logged in, and ready. */
function welcome(): Buffer {
  return Buffer.concat([
    framed('R', Buffer.from([0, 0, 0, 0])),
    framed('S', Buffer.from('client_encoding\0UTF8\0')),
    framed('Z', Buffer.from('I')),
  ]);
}
