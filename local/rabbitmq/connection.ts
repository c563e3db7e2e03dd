/** One connection: the handshake, the frames of its channels, heartbeats, and how it ends. */
import type { Socket } from 'node:net';
import { BrokerChannel } from './channel.ts';
import { ChannelError, ConnectionError } from './errors.ts';
import { decodeContentHeader, encodeContentHeader } from './protocol/content.ts';
import type { Properties } from './protocol/content.ts';
import { MalformedFrame } from './protocol/fields.ts';
import type { FieldTable } from './protocol/fields.ts';
import {
  encodeBody,
  encodeFrame,
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  FrameParser,
} from './protocol/frames.ts';
import type { Frame } from './protocol/frames.ts';
import { decodeMethod, encodeMethod } from './protocol/methods.ts';
import type { Arguments, Method } from './protocol/methods.ts';
import type { VirtualHost } from './virtual-host.ts';

export interface ConnectionSurroundings {
  authenticate(username: string, password: string): boolean;
  virtualHost(name: string): VirtualHost | undefined;
}

/** As RabbitMQ proposes them. Source: rabbitmq.com/docs/configure. */
const CHANNEL_MAX = 2047;
const FRAME_MAX = 131_072;
/** Seconds. */
const HEARTBEAT = 60;
const PROTOCOL_HEADER = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);
/** Milliseconds that a client has to answer `close`. */
const CLOSE_TIMEOUT = 5_000;
/** The version whose behaviour this follows. */
const VERSION = '4.0.5';

interface OpenChannel {
  readonly channel: BrokerChannel;
  /** A publish whose content has not come whole. */
  incoming?: IncomingContent | undefined;
  /** `close` was sent: everything but its answer is ignored. */
  closing: boolean;
}

interface IncomingContent {
  readonly fields: Arguments;
  properties?: Properties;
  size: number;
  received: number;
  readonly parts: Buffer[];
}

type Stage = 'header' | 'start-ok' | 'tune-ok' | 'open' | 'running' | 'closing' | 'closed';

export class BrokerConnection {
  readonly #socket: Socket;
  readonly #around: ConnectionSurroundings;
  readonly #parser = new FrameParser();
  readonly #channels = new Map<number, OpenChannel>();
  #stage: Stage = 'header';
  #username = '';
  #virtualHost: VirtualHost | undefined;
  #frameMax = FRAME_MAX;
  #cancelNotify = false;
  #heartbeat: NodeJS.Timeout | undefined;
  #heardFrom = Date.now();

  constructor(socket: Socket, around: ConnectionSurroundings) {
    this.#socket = socket;
    this.#around = around;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => this.#end());
    socket.on('close', () => this.#end());
  }

  get username(): string {
    return this.#username;
  }

  /** As an administrator closes a connection. */
  close(reason: string): void {
    this.#fail(new ConnectionError('CONNECTION_FORCED', reason), undefined);
  }

  /** Ends without a word, as a broken network does. */
  destroy(): void {
    this.#socket.destroy();
    this.#end();
  }

  #receive(chunk: Buffer): void {
    this.#heardFrom = Date.now();
    if (this.#stage === 'closed') return;
    try {
      let rest = chunk;
      if (this.#stage === 'header') {
        const header = this.#parser.take(PROTOCOL_HEADER.length, chunk);
        if (header === undefined) return;
        if (!this.#start(header)) return;
        rest = Buffer.alloc(0);
      }
      // What a turn answers leaves in one piece.
      this.#socket.cork();
      for (const frame of this.#parser.frames(rest)) this.#frame(frame);
    } catch (error) {
      const broken =
        error instanceof MalformedFrame || error instanceof RangeError
          ? new ConnectionError('FRAME_ERROR', error.message)
          : error;
      this.#fail(broken, undefined);
    } finally {
      this.#socket.uncork();
    }
  }

  /** Another protocol, or version, is answered with ours. */
  #start(header: Buffer): boolean {
    if (!header.equals(PROTOCOL_HEADER)) {
      this.#socket.end(PROTOCOL_HEADER);
      this.#end();
      return false;
    }
    this.#stage = 'start-ok';
    this.#send(0, 'connection.start', {
      versionMajor: 0,
      versionMinor: 9,
      mechanisms: 'PLAIN',
      locales: 'en_US',
      serverProperties: {
        product: 'RabbitMQ',
        version: VERSION,
        platform: 'Waybill, embedded',
        capabilities: {
          publisher_confirms: true,
          exchange_exchange_bindings: true,
          'basic.nack': true,
          consumer_cancel_notify: true,
          consumer_priorities: true,
          authentication_failure_close: true,
          per_consumer_qos: true,
        },
      } satisfies FieldTable,
    });
    return true;
  }

  #frame(frame: Frame): void {
    if (frame.type === FRAME_HEARTBEAT || this.#stage === 'closed') return;
    if (frame.channel === 0) {
      this.#onConnection(frame);
      return;
    }
    if (this.#stage === 'closing') return;
    if (this.#stage !== 'running') {
      throw new ConnectionError('CHANNEL_ERROR', 'a frame of a channel before the connection is open');
    }
    this.#onChannel(frame);
  }

  #onConnection(frame: Frame): void {
    if (frame.type !== FRAME_METHOD) throw new ConnectionError('UNEXPECTED_FRAME', 'no method on channel 0');
    const method = decodeMethod(frame.payload);
    if (method === undefined) throw new ConnectionError('COMMAND_INVALID', 'unknown method');
    const { name, fields } = method;
    if (name === 'connection.close') {
      this.#send(0, 'connection.close-ok');
      this.#socket.end();
      this.#end();
    } else if (name === 'connection.close-ok') {
      this.#socket.end();
      this.#end();
    } else if (this.#stage === 'closing') return;
    else if (name === 'connection.start-ok' && this.#stage === 'start-ok') this.#signIn(fields);
    else if (name === 'connection.tune-ok' && this.#stage === 'tune-ok') this.#tune(fields);
    else if (name === 'connection.open' && this.#stage === 'open') this.#open(fields);
    else if (name === 'connection.update-secret' && this.#stage === 'running') {
      this.#send(0, 'connection.update-secret-ok');
    } else throw new ConnectionError('COMMAND_INVALID', `${name} is not expected now`);
  }

  /** PLAIN: an identity to act for, the user, the password, each after a zero byte but the first. */
  #signIn(fields: Arguments): void {
    const capabilities = fields.table('clientProperties')['capabilities'] as FieldTable | undefined;
    this.#cancelNotify = capabilities?.['consumer_cancel_notify'] === true;
    const mechanism = fields.text('mechanism');
    if (mechanism !== 'PLAIN') {
      throw new ConnectionError('ACCESS_REFUSED', `unsupported authentication mechanism '${mechanism}'`);
    }
    const [, username = '', password = ''] = fields.bytes('response').toString('utf8').split('\0');
    if (!this.#around.authenticate(username, password)) {
      const error = new ConnectionError(
        'ACCESS_REFUSED',
        'Login was refused using authentication mechanism PLAIN. For details see the broker logfile.',
      );
      if (capabilities?.['authentication_failure_close'] === true) throw error;
      this.destroy();
      return;
    }
    this.#username = username;
    this.#stage = 'tune-ok';
    this.#send(0, 'connection.tune', { channelMax: CHANNEL_MAX, frameMax: FRAME_MAX, heartbeat: HEARTBEAT });
  }

  #tune(fields: Arguments): void {
    const frameMax = fields.number('frameMax');
    if (frameMax !== 0) this.#frameMax = Math.min(frameMax, FRAME_MAX);
    const seconds = fields.number('heartbeat');
    this.#stage = 'open';
    if (seconds === 0) return;
    // Sent at half the time; a client that is silent for twice the time is gone.
    this.#heartbeat = setInterval(() => {
      if (Date.now() - this.#heardFrom > seconds * 2000) this.destroy();
      else this.#socket.write(encodeFrame(FRAME_HEARTBEAT, 0, Buffer.alloc(0)));
    }, seconds * 500);
    this.#heartbeat.unref();
  }

  #open(fields: Arguments): void {
    const name = fields.text('virtualHost');
    const virtualHost = this.#around.virtualHost(name);
    if (virtualHost === undefined) throw new ConnectionError('NOT_ALLOWED', `vhost ${name} not found`);
    this.#virtualHost = virtualHost;
    this.#stage = 'running';
    this.#send(0, 'connection.open-ok');
  }

  #onChannel(frame: Frame): void {
    const open = this.#channels.get(frame.channel);
    if (frame.type === FRAME_METHOD) {
      const method = decodeMethod(frame.payload);
      if (method === undefined) throw new ConnectionError('COMMAND_INVALID', 'unknown method');
      this.#onMethod(frame.channel, open, method);
    } else if (open === undefined) {
      throw new ConnectionError('CHANNEL_ERROR', `channel ${frame.channel} is not open`);
    } else if (!open.closing) this.#onContent(frame, open);
  }

  #onMethod(number: number, open: OpenChannel | undefined, method: Method): void {
    if (method.name === 'channel.open') {
      if (open !== undefined) throw new ConnectionError('CHANNEL_ERROR', `channel ${number} is open already`);
      this.#channels.set(number, { channel: this.#newChannel(number), closing: false });
      this.#send(number, 'channel.open-ok');
      return;
    }
    if (open === undefined) {
      if (method.name === 'channel.close-ok') return;
      throw new ConnectionError('CHANNEL_ERROR', `expected 'channel.open', received ${method.name}`);
    }
    if (method.name === 'channel.close-ok') this.#channels.delete(number);
    else if (method.name === 'channel.close') {
      this.#channels.delete(number);
      open.channel.close();
      this.#send(number, 'channel.close-ok');
    } else if (!open.closing) {
      if (open.incoming !== undefined) {
        throw new ConnectionError('UNEXPECTED_FRAME', 'a method where content was expected');
      }
      if (method.name === 'basic.publish') {
        open.incoming = { fields: method.fields, size: -1, received: 0, parts: [] };
      } else this.#guarded(number, open, method, () => open.channel.handle(method));
    }
  }

  #onContent(frame: Frame, open: OpenChannel): void {
    const { incoming } = open;
    if (incoming === undefined) throw new ConnectionError('UNEXPECTED_FRAME', 'content without a publish');
    if (frame.type === FRAME_HEADER && incoming.size === -1) {
      const { bodySize, properties } = decodeContentHeader(frame.payload);
      incoming.size = bodySize;
      incoming.properties = properties;
    } else if (frame.type === FRAME_BODY && incoming.size >= 0) {
      incoming.parts.push(Buffer.from(frame.payload));
      incoming.received += frame.payload.length;
    } else throw new ConnectionError('UNEXPECTED_FRAME', 'content in the wrong order');
    if (incoming.received < incoming.size) return;
    open.incoming = undefined;
    const { fields, properties = {}, parts } = incoming;
    this.#guarded(frame.channel, open, undefined, () =>
      open.channel.publish(fields, properties, Buffer.concat(parts)),
    );
  }

  /** What the broker refuses closes the channel, and only that. */
  #guarded(number: number, open: OpenChannel, method: Method | undefined, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      open.closing = true;
      open.channel.close();
      this.#send(number, 'channel.close', {
        replyCode: error.replyCode,
        replyText: error.message,
        classId: method?.classId ?? 60,
        methodId: method?.methodId ?? 40,
      });
    }
  }

  #newChannel(number: number): BrokerChannel {
    return new BrokerChannel({
      connection: this,
      username: this.#username,
      virtualHost: this.#virtualHost!,
      cancelNotify: this.#cancelNotify,
      send: (method, values) => this.#send(number, method, values),
      sendContent: (method, values, properties, body) => {
        if (this.#stage !== 'running') return;
        this.#socket.write(
          Buffer.concat([
            encodeFrame(FRAME_METHOD, number, encodeMethod(method, values)),
            encodeFrame(FRAME_HEADER, number, encodeContentHeader(body.length, properties)),
            ...encodeBody(number, body, this.#frameMax),
          ]),
        );
      },
    });
  }

  #send(channel: number, method: string, values?: Readonly<Record<string, unknown>>): void {
    if (this.#stage === 'closed' || this.#socket.destroyed) return;
    this.#socket.write(encodeFrame(FRAME_METHOD, channel, encodeMethod(method, values)));
  }

  #fail(error: unknown, method: Method | undefined): void {
    if (this.#stage === 'closed' || this.#stage === 'closing') return;
    const known =
      error instanceof ConnectionError
        ? error
        : new ConnectionError('COMMAND_INVALID', error instanceof Error ? error.message : String(error));
    this.#stage = 'closing';
    this.#leave();
    this.#send(0, 'connection.close', {
      replyCode: known.replyCode,
      replyText: known.message,
      classId: method?.classId ?? 0,
      methodId: method?.methodId ?? 0,
    });
    setTimeout(() => this.destroy(), CLOSE_TIMEOUT).unref();
  }

  #end(): void {
    if (this.#stage === 'closed') return;
    this.#stage = 'closed';
    clearInterval(this.#heartbeat);
    this.#leave();
  }

  /** Channels give back what they hold; exclusive queues end with the connection. */
  #leave(): void {
    for (const { channel, closing } of this.#channels.values()) if (!closing) channel.close();
    this.#channels.clear();
    for (const queue of this.#virtualHost?.queues ?? []) {
      if (queue.owner === this) this.#virtualHost!.deleteQueue(queue);
    }
  }
}
